"""Who vouches for a result, and how many that is, whatever rule it came by."""

from pathlib import Path

from cli.vouching import Vouched, vouched
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.memo import UNSIGNED, Witness
from engine.summary import StepSummary
from engine.trust.book import Found
from peers.identity import PeerId
from tests.peers.keys import identity

KEY, ONE, SAID = (Cid.of(DAG_CBOR, name) for name in (b"key", b"one", b"said"))
STEP = StepSummary("s", None, "reused", KEY, ONE, (), 0, {})
A, B, C = (identity(number).peer for number in (1, 2, 3))


def vouches(home: Path, *signers: bytes, finding: str = "") -> Vouched:
    """Return who vouches in a home that has the word of these, and a check by the first."""
    with Workspace(home, writing=True) as space:
        with space.database.change() as change:
            said = [Witness(KEY, ONE, SAID, None, signer) for signer in signers]
            space.memo.add(change, said)
        if finding:
            space.trust.keep([Found(KEY, ONE, finding, None)])
        return vouched(space, STEP)


def test_peers_of_one_owner_are_one_who_vouches(tmp_path: Path) -> None:
    """As --trust counts them; and who is believed no more is none."""
    with Workspace(tmp_path, writing=True) as space:
        for peer in (A, B):
            space.trust.own(peer.key, "lab")
    found = vouches(tmp_path, A.key, B.key, C.key)
    assert (len(found.signers), found.owners) == (3, 2)
    assert "by 2 owners, as --trust counts them" in found.words
    with Workspace(tmp_path, writing=True) as space:
        space.memo.disown(C.key)
        assert vouched(space, STEP).owners == 1


def test_what_was_not_checked_says_in_which_run(tmp_path: Path) -> None:
    """A later run may have reused it by another rule, as by so many owners that agree."""
    found = vouches(tmp_path, A.key, B.key, finding="unchecked")
    assert found.words == (
        f"vouched for by {PeerId(A.key)}, {PeerId(B.key)}; by 2 owners, as --trust counts them; "
        "no check of it was drawn, or demanded, in the run that had it from a peer"
    )


def test_what_ran_here_is_not_counted(tmp_path: Path) -> None:
    """This machine believes itself."""
    assert vouches(tmp_path, UNSIGNED).words == (
        "vouched for by this machine; this machine believes what it ran itself"
    )
