"""What a run has of peers that were found out since: gone through again, until it has none."""

from pathlib import Path

import pytest

from cli.doubted import MOST_PASSES, doubted, until_believed
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Unavailable
from engine.memo import Witness
from engine.rows import NewRun, RunRow, StepRow

A, B = (number * 32 for number in (b"a", b"b"))


def cid(text: str) -> Cid:
    """Return a CID that stands for something."""
    return Cid.of(DAG_CBOR, text.encode())


def begin(space: Workspace) -> RunRow:
    """Enter a run."""
    new = NewRun(b"w" * 32, cid("workflow"), "w", {})
    return space.journal.begin(new, bytes(16), 1)


def gave(space: Workspace, run: RunRow, signer: bytes, step: str = "s", index: int = 0) -> None:
    """Record that a step ran at a peer."""
    key, result, said = cid(f"{step} {index}"), cid("result"), cid(f"word {signer!r}")
    row = StepRow(step, index, "ran", key, result, said, said, 1, None, None, "")
    with space.database.change() as change:
        space.journal.add_steps(change, run.id, [row])
        space.memo.add(change, [Witness(key, result, said, said, signer)])


def test_a_run_ends_when_nobody_was_found_out(tmp_path: Path) -> None:
    """It is gone through once."""
    with Workspace(tmp_path, writing=True) as space:
        run, times = begin(space), []

        def go_through() -> tuple[str, int]:
            gave(space, run, A)
            times.append(1)
            return "succeeded", 1

        space.memo.disown(B)
        assert until_believed(space, run, go_through) == ("succeeded", 1)
        assert len(times) == 1


@pytest.mark.parametrize("is_lost", [False, True])
def test_what_a_liar_gave_is_made_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], *, is_lost: bool
) -> None:
    """Whether the run could end with it, or lacks what went with the liar; a person is told."""
    with Workspace(tmp_path, writing=True) as space:
        run, signers = begin(space), [A, B]

        def go_through() -> tuple[str, int]:
            gave(space, run, signer := signers.pop(0))
            if signer == A:
                space.memo.disown(A)
            if signer == A and is_lost:
                raise Unavailable("what it reads is gone", fix="")
            return "succeeded", len(signers)

        assert until_believed(space, run, go_through) == ("succeeded", 0)
        assert not doubted(space, space.journal.steps(run.id))
    assert "a result of peers that were found out since: made again" in capsys.readouterr().err


def test_what_is_lacked_for_another_reason_is_said(tmp_path: Path) -> None:
    """Nobody was found out: going through it again would change nothing."""
    with Workspace(tmp_path, writing=True) as space:
        run = begin(space)

        def go_through() -> tuple[str, int]:
            gave(space, run, A)
            raise Unavailable("no peer is there", fix="")

        with pytest.raises(Unavailable, match="no peer is there"):
            until_believed(space, run, go_through)


def test_a_cancelled_run_is_not_gone_through_again(tmp_path: Path) -> None:
    """Whoever runs it anew reuses nothing of the liar."""
    with Workspace(tmp_path, writing=True) as space:
        run = begin(space)

        def go_through() -> tuple[str, int]:
            gave(space, run, A)
            space.memo.disown(A)
            return "cancelled", 1

        assert until_believed(space, run, go_through) == ("cancelled", 1)


def test_a_run_among_liars_ends(tmp_path: Path) -> None:
    """However many there are: keys cost nothing."""
    with Workspace(tmp_path, writing=True) as space:
        run, liars = begin(space), iter(range(256))

        def go_through() -> tuple[str, int]:
            signer = bytes([next(liars)]) * 32
            gave(space, run, signer, index=signer[0])
            space.memo.disown(signer)
            return "succeeded", 1

        with pytest.raises(Unavailable, match="found out as liars"):
            until_believed(space, run, go_through)
        assert next(liars) == MOST_PASSES
