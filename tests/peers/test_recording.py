"""What came of steps, on its way to the disk."""

import threading
from concurrent.futures import Future
from pathlib import Path

from engine.content.cid import RAW, Cid
from engine.database import Database
from engine.errors import Unavailable
from engine.memo import UNSIGNED, Memo
from engine.recorder import Recorder
from engine.runner import Report
from engine.step import ATTESTATION, RESULT, Attestation, Result
from engine.store.memory import MemoryStore
from peers.recording import Recording

COUNT = 100


class Gate(MemoryStore):
    """A store whose first put waits to be let go, and which can be full."""

    def __init__(self) -> None:
        super().__init__()
        self.go, self.began = threading.Event(), threading.Event()
        self.is_full = False

    def put(self, blocks) -> None:
        """Wait, then keep them."""
        self.began.set()
        self.go.wait(10)
        if self.is_full:
            raise Unavailable("the disk is full", fix="free some space")
        super().put(blocks)


def report(number: int) -> Report:
    """Return what came of a step; every second one has failed."""
    step = Cid.of(RAW, b"step %d" % number)
    gave = Result(step, number % 2, {})
    result = RESULT.block(gave)
    said = Attestation(step, result.cid, "none", "Linux", 1, 2, 3, 4, None, None, False, "")
    attestation = ATTESTATION.block(said)
    blocks = (result, attestation)
    return Report(gave, result.cid, said, attestation.cid, None, UNSIGNED, "", blocks)


def recorded(tmp_path: Path, store: Gate) -> tuple[list[tuple[list[int], "Future[None]"]], Memo]:
    """Return what is told when many steps end while the disk is slow, and the memo."""
    told: list[tuple[list[int], Future[None]]] = []
    database = Database(tmp_path / "state.db")
    memo = Memo(database)
    recorder = Recorder(store, database)
    recording: Recording[int] = Recording(
        recorder, memo, lambda ended, outcome: told.append(([one for one, _ in ended], outcome))
    )
    recording.add(0, report(0))
    recording.hurry()
    assert store.began.wait(10)
    for number in range(1, COUNT):
        recording.add(number, report(number))
    store.go.set()
    recorder.flush()
    recorder.close()
    return told, memo


def test_what_ended_since_the_last_time_is_told_at_once(tmp_path: Path) -> None:
    """Each step is told once, when its blocks are here and its good result is in the memo."""
    store = Gate()
    told, memo = recorded(tmp_path, store)
    assert [numbers for numbers, _ in told] == [[0], [*range(1, COUNT)]]
    assert all(outcome.exception() is None for _, outcome in told)
    assert all(store.has(block.cid) for one in range(COUNT) for block in report(one).blocks)
    keys = [report(number).result.step for number in range(COUNT)]
    assert set(memo.look_up(keys)) == set(keys[0::2])


def test_all_hear_that_the_disk_is_full(tmp_path: Path) -> None:
    """Nothing of what could not be kept is in the memo."""
    store = Gate()
    store.is_full = True
    told, memo = recorded(tmp_path, store)
    assert [len(numbers) for numbers, _ in told] == [1, COUNT - 1]
    assert all(isinstance(outcome.exception(), Unavailable) for _, outcome in told)
    assert not memo.look_up([report(0).result.step])
