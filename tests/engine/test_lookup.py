"""Which results may be reused."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.database import Database
from engine.lookup import Hit, Lookup
from engine.memo import UNSIGNED, Memo, Witness, own_results
from engine.presence import Presence
from engine.step import (
    CONTRACT,
    REQUIRES,
    RESULT,
    STEP,
    SYSTEM,
    Platform,
    Result,
    Step,
)
from engine.store.memory import MemoryStore

OUTPUT = Block(Cid.of(RAW, b"output"), b"output")
STRANGER = b"s" * 32
WANTED = Step(
    closure=Cid.of(DAG_CBOR, b""),
    command=("true",),
    script="",
    script_link=None,
    variables={},
    inputs={},
    gathers={},
    outputs={"o": "o"},
    platform=Platform(REQUIRES, SYSTEM),
    contract=CONTRACT,
)
KEY = STEP.cid(WANTED)


@pytest.fixture
def store() -> MemoryStore:
    """Return a store that has the output."""
    store = MemoryStore()
    store.put([OUTPUT])
    return store


@pytest.fixture
def memo(tmp_path: Path) -> Iterator[Memo]:
    """Open an empty memo."""
    database = Database(tmp_path / "state.db")
    yield Memo(database)
    database.close()


def look(store: MemoryStore, memo: Memo, *results: Result, signer: bytes = UNSIGNED) -> bool:
    """Witness that the step gave these results, and return whether one of them is a hit."""
    blocks = [RESULT.block(result) for result in results]
    store.put(blocks)
    witnesses = [Witness(KEY, block.cid, block.cid, None, signer) for block in blocks]
    with memo._database.change() as change:
        memo.add(change, witnesses)
    lookup = Lookup(store, memo, own_results(UNSIGNED), Presence(store, lambda _: None))
    return KEY in lookup.find({KEY: WANTED.outputs.keys()})


def test_a_good_result_is_a_hit(store: MemoryStore, memo: Memo) -> None:
    """Exit code 0, all declared outputs, all of them here."""
    assert look(store, memo, Result(KEY, 0, {"o": OUTPUT.cid}))


@pytest.mark.parametrize(
    "result",
    [
        Result(KEY, 3, {}),
        Result(KEY, 0, {}),
        Result(KEY, 0, {"other": OUTPUT.cid}),
        Result(Cid.of(DAG_CBOR, b"another step"), 0, {"o": OUTPUT.cid}),
        Result(KEY, 0, {"o": Cid.of(RAW, b"not here")}),
    ],
)
def test_anything_less_is_no_hit(store: MemoryStore, memo: Memo, result: Result) -> None:
    """A failure, a missing output, another step's result or lost content means to run."""
    assert not look(store, memo, result)


def test_a_strangers_witness_is_no_hit(store: MemoryStore, memo: Memo) -> None:
    """The policy decides, not the memo."""
    assert not look(store, memo, Result(KEY, 0, {"o": OUTPUT.cid}), signer=STRANGER)


def test_a_result_that_is_not_here_is_no_hit(store: MemoryStore, memo: Memo) -> None:
    """A witness on a record that was lost, or is no Result, means to run."""
    with memo._database.change() as change:
        memo.add(change, [Witness(KEY, OUTPUT.cid, OUTPUT.cid, None, UNSIGNED)])
    lookup = Lookup(store, memo, own_results(UNSIGNED), Presence(store, lambda _: None))

    assert lookup.find({KEY: WANTED.outputs.keys()}) == {}


def test_two_results_of_one_key_are_kept_apart(store: MemoryStore, memo: Memo) -> None:
    """What instances with one key gave is found for each witness, not for the key."""
    other = Block(Cid.of(RAW, b"other"), b"other")
    results = [RESULT.block(Result(KEY, 0, {"o": one.cid})) for one in (OUTPUT, other)]
    store.put([other, *results])
    said = [Witness(KEY, one.cid, one.cid, None, UNSIGNED) for one in results]
    lookup = Lookup(store, memo, own_results(UNSIGNED), Presence(store, lambda _: None))

    hits = lookup.whole(said, {KEY: WANTED.outputs.keys()})

    assert [hits[one].outputs["o"] for one in said] == [OUTPUT.cid, other.cid]


def far(memo: Memo, signer: bytes, store: MemoryStore, *, may_stay: bool = True) -> Hit | None:
    """Return what is found of a step whose output is not here, by whoever says so."""
    lost = Cid.of(RAW, b"not here")
    block = RESULT.block(Result(KEY, 0, {"o": lost}))
    store.put([block])
    with memo._database.change() as change:
        memo.add(change, [Witness(KEY, block.cid, block.cid, None, signer)])
    lookup = Lookup(store, memo, own_results(signer), Presence(store, lambda _: None))
    stays = {KEY: {"o"}} if may_stay else {}
    return lookup.find({KEY: WANTED.outputs.keys()}, stays).get(KEY)


def test_what_a_peer_made_may_be_with_it(store: MemoryStore, memo: Memo) -> None:
    """The hit says what is not here, and who has it."""
    hit = far(memo, STRANGER, store)
    assert hit is not None
    assert (hit.away, hit.maker) == ({Cid.of(RAW, b"not here")}, STRANGER)


def test_what_is_read_here_is_no_hit_elsewhere(store: MemoryStore, memo: Memo) -> None:
    """As in a run on this machine alone."""
    assert far(memo, STRANGER, store, may_stay=False) is None


def test_what_was_made_here_and_is_lost_is_no_hit(store: MemoryStore, memo: Memo) -> None:
    """Nobody has it."""
    assert far(memo, UNSIGNED, store) is None


def test_what_may_stay_and_is_here_is_here(store: MemoryStore, memo: Memo) -> None:
    """Nothing of it is said to be away."""
    store.put([Block(Cid.of(RAW, b"not here"), b"not here")])
    hit = far(memo, STRANGER, store)
    assert hit is not None
    assert (hit.away, hit.maker) == (frozenset(), b"")
