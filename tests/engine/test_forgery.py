"""What is attested in a run and cannot be so."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from nacl.signing import SigningKey

from engine.attestations import MachineAttestation
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.forgery import Unjudged, forgeries, look_over
from engine.run import RUN, RUN_PAGE_RECORD, Run, RunPage
from engine.step import ATTESTATION, SIGNED, Attestation, Signed
from engine.store.memory import MemoryStore
from tests.engine.test_attestations import HERE
from tests.fakes.attested import attested, of_version_3, proved, signed

KEY, OTHER = SigningKey(bytes(32)), SigningKey(b"\1" * 32)
SOME = Cid.of(RAW, b"some")
Word = Callable[[Attestation], list[Block]]


def _second(said: Attestation) -> Attestation:
    values = [getattr(said, name) for name in Attestation.__match_args__]
    return MachineAttestation(*values, HERE)


def _renamed(said: Attestation) -> list[Block]:
    """Sign the first version's kind around the bytes of the second."""
    held = SIGNED.decode(signed(_second(said), KEY).data)
    message = ATTESTATION.kind.encode() + b"\0" + held.payload
    return [SIGNED.block(replace(held, signature=KEY.sign(message).signature))]


HONEST: dict[str, Word] = {
    "unsigned": lambda said: [ATTESTATION.block(said)],
    "signed": lambda said: [signed(said, KEY)],
    "signed with its machine": lambda said: [signed(_second(said), KEY)],
    "proved": lambda said: proved(said, KEY),
    "proved with its machine": lambda said: proved(_second(said), KEY),
}
FORGED: dict[str, tuple[Word, str]] = {
    "by another key": (lambda said: [signed(said, KEY, OTHER)], "not signed by who it says: 3b6a"),
    "of another version": (_renamed, "not signed by who it says"),
    "no signature": (
        lambda said: [SIGNED.block(Signed(ATTESTATION.encode(said), bytes(32), bytes(64)))],
        "not signed by who it says",
    ),
    "out of a batch of others": (
        lambda said: proved(said, KEY, replace(said, wall_ms=7)),
        "not signed by who it says",
    ),
    "another step": (lambda said: [signed(replace(said, step=SOME), KEY)], "of another step"),
    "another result": (lambda said: [signed(replace(said, result=SOME), KEY)], "another result"),
    "unsigned, of another result": (
        lambda said: [ATTESTATION.block(replace(said, result=SOME))],
        "another result",
    ),
    "a failure": (lambda said: [signed(replace(said, reason="timeout"), KEY)], "the step failed"),
    "no attestation": (
        lambda _: [SIGNED.block(Signed(b"\xa0", bytes(32), bytes(64)))],
        "not a tallystick/attestation/1",
    ),
}


@pytest.mark.parametrize("word", HONEST.values(), ids=HONEST)
def test_what_holds_is_no_forgery(word: Word) -> None:
    """Signed by itself or in a batch, in each version; what is unsigned is nobody's word."""
    store = MemoryStore()
    run = RUN.decode(store.get(attested(store, word)))
    assert list(forgeries(store, run)) == []


@pytest.mark.parametrize(("word", "why"), FORGED.values(), ids=FORGED)
def test_each_forgery_is_found(word: Word, why: str) -> None:
    """Each with its step, and why it cannot be so."""
    store = MemoryStore()
    found = list(forgeries(store, RUN.decode(store.get(attested(store, word)))))
    assert [one.step for one in found] == ["a", "b"]
    assert all(why in one.why for one in found), found


def _with_steps(store: MemoryStore, change: Callable[[RunPage], RunPage]) -> Run:
    run = RUN.decode(store.get(attested(store, lambda said: [signed(said, KEY)])))
    page = RUN_PAGE_RECORD.block(change(RUN_PAGE_RECORD.decode(store.get(run.pages[0]))))
    store.put([page])
    return replace(run, pages=(page.cid,))


def test_a_word_is_not_moved_to_another_step() -> None:
    """Good signatures, each beside the step of the other."""
    store = MemoryStore()

    def swap(page: RunPage) -> RunPage:
        one, two = page.steps
        return RunPage((replace(one, step=two.step), replace(two, step=one.step)))

    found = list(forgeries(store, _with_steps(store, swap)))
    assert [one.why for one in found] == ["it is of another step"] * 2


def test_a_word_is_for_what_the_run_says_came_of_it() -> None:
    """A step that ended well is none that failed, and one that gave nothing has no word for it."""
    store = MemoryStore()

    def change(page: RunPage) -> RunPage:
        one, two = page.steps
        skipped = replace(two, status="skipped", result=None)
        return RunPage((replace(one, status="failed"), skipped))

    first, then = forgeries(store, _with_steps(store, change))
    assert "ended well" in first.why
    assert "gave nothing" in then.why


def test_a_later_version_is_not_judged() -> None:
    """What a newer program attests is no forgery, and is told of with its kind."""
    store = MemoryStore()
    run = RUN.decode(store.get(attested(store, lambda said: of_version_3(said, KEY))))
    assert list(forgeries(store, run)) == []
    found = list(look_over(store, run))
    assert [(type(one), one.step) for one in found] == [(Unjudged, "a"), (Unjudged, "b")]
    assert all("tallystick/attestation/3" in one.why for one in found)
