"""What runs steps for others."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from queue import SimpleQueue
from typing import cast

import pytest

from engine.content import dagpb, unixfs
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.database import Database
from engine.errors import Damaged
from engine.memo import UNSIGNED, Memo
from engine.recorder import Recorder
from engine.runner import Order, Report
from engine.slots import Slots
from engine.step import ATTESTATION, RESULT, STEP, Attestation, Platform, Result, Step
from engine.store.memory import MemoryStore
from peers.carried import Carried, carried
from peers.house import Share
from peers.identity import PeerId
from peers.keeper import Keeper
from peers.made import Made
from peers.side_threads import SideThreads
from peers.step_messages import Need
from peers.workbench import Outcome, Task, Workbench

CLOSURE, AGREEMENT = Cid.of(DAG_CBOR, b"closure"), Cid.of(DAG_CBOR, b"agreement")
LEAF = Block(Cid.of(RAW, b"leaf"), b"leaf")
PEER = PeerId(bytes(32))


def directory(claimed: int) -> Block:
    """Return a directory of one file, which it says has so many bytes."""
    kind = unixfs.Message(unixfs.DIRECTORY, None, None, (), None, None)
    data = dagpb.encode([dagpb.Link("a", LEAF.cid, claimed)], kind.encode())
    return Block(Cid.of(DAG_PB, data), data)


class Noting:
    """A Keeper that only takes note."""

    def __init__(self) -> None:
        self.noted: dict[Cid, int] = {}

    def note(self, root: Cid, size: int) -> None:
        """Take note."""
        self.noted[root] = size


class Staging:
    """A runner whose steps end well, or do not begin where what they read is damaged."""

    is_damaged = False

    def run(self, order: Order, _: object) -> Report:
        """Run a step."""
        if self.is_damaged:
            raise Damaged("an input is not what it says")
        gave = Result(order.key, 0, {})
        result = RESULT.block(gave)
        said = Attestation(
            order.key, result.cid, "none", "Linux", 1, 2, 3, 4, None, None, False, ""
        )
        attestation = ATTESTATION.block(said)
        blocks = (result, attestation)
        return Report(gave, result.cid, said, attestation.cid, None, UNSIGNED, "", blocks)

    def cancel(self) -> None:
        """End it: it has ended."""

    def close(self) -> None:
        """There is nothing to close."""


class Bench:
    """A workbench with one slot."""

    def __init__(self, folder: Path) -> None:
        self.store = MemoryStore()
        self.store.put([LEAF])
        self.keeper, self.runner = Noting(), Staging()
        self._database = Database(folder / "state.db")
        self._recorder = Recorder(self.store, self._database)
        self._calls: SimpleQueue[Callable[[], None]] = SimpleQueue()
        keeper = cast("Keeper", self.keeper)
        bring = lambda _: pytest.fail("no environment is brought")  # noqa: E731
        self._threads = SideThreads(bring, keeper, self._calls.put)
        self._bench = Workbench(
            Slots([self.runner]),
            self.store,
            lambda _: None,
            Memo(self._database),
            self._recorder,
            keeper,
            self._threads,
            self._calls.put,
        )
        self._bench.join(AGREEMENT, Share(8, 2**40, 2**40))

    def outcome(self, block: Block, record: Carried | None) -> Outcome:
        """Return what comes of a step."""
        told: list[Outcome] = []
        task = Task(AGREEMENT, PEER, 1, block.cid, Need(CLOSURE, 1, 1, 1_000), CLOSURE)
        self._bench.begin(task, record, lambda ended: told.extend(one for _, one in ended))
        while not told:
            self._calls.get(timeout=10)()
        return told[0]

    def close(self) -> None:
        """End it."""
        self._threads.close()
        self._bench.close()
        self._recorder.close()
        self._database.close()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a workbench."""
    with closing(Bench(tmp_path)) as made:
        yield made


def step(made_of: Cid) -> Block:
    """Return a step that reads something."""
    platform = Platform(requires="", system="x86_64-linux")
    return STEP.block(Step(CLOSURE, (), "true", None, {}, {"in": made_of}, {}, {}, platform, 1))


@pytest.mark.parametrize("travels", [True, False])
def test_what_a_step_has_read_is_kept_for_a_while(bench: Bench, *, travels: bool) -> None:
    """With its size, whether its record came along or is read from the store."""
    read = directory(len(LEAF.data))
    bench.store.put([read, step(read.cid)])
    record = carried(step(read.cid)) if travels else None
    assert isinstance(bench.outcome(step(read.cid), record), Made)
    assert bench.keeper.noted == {read.cid: len(LEAF.data)}


def test_what_an_input_says_of_its_size_is_not_believed_before_it_is_read(bench: Bench) -> None:
    """Else a few bytes could have all go that is kept for others."""
    read = directory(2**63)
    bench.store.put([read])
    bench.runner.is_damaged = True
    assert isinstance(bench.outcome(step(read.cid), carried(step(read.cid))), Damaged)
    assert not bench.keeper.noted


def test_a_step_that_is_not_here_is_told_so_and_the_others_run(bench: Bench) -> None:
    """Each is looked for by itself."""
    lost, there = step(LEAF.cid), step(directory(4).cid)
    bench.store.put([there, directory(4)])
    assert not isinstance(bench.outcome(lost, None), Made)
    assert isinstance(bench.outcome(there, None), Made)
