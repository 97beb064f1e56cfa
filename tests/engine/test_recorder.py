"""Durable writes, shared."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.database import Database
from engine.errors import Unavailable
from engine.recorder import FULL, Record, Recorder
from engine.store.memory import MemoryStore


class Slow(MemoryStore):
    """A store whose first put waits to be let go, and which can be full."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()
        self.began = threading.Event()
        self.puts: list[int] = []
        self.is_full = False

    def put(self, blocks) -> None:
        """Take note of how many blocks come together."""
        blocks = list(blocks)
        self.puts.append(len(blocks))
        self.began.set()
        self.go.wait(10)
        if self.is_full:
            raise Unavailable("the disk is full", fix="free some space")
        super().put(blocks)


@pytest.fixture
def store() -> Slow:
    """Return the store."""
    return Slow()


@pytest.fixture
def recorder(store: Slow, tmp_path: Path) -> Iterator[Recorder]:
    """Start a recorder."""
    database = Database(tmp_path / "state.db")
    recorder = Recorder(store, database)
    yield recorder
    store.go.set()
    recorder.close()
    database.close()


def record(number: int, told: list, change=lambda _: None) -> Record:
    """Return a record of one block."""
    data = bytes((number,))
    return Record((Block(Cid.of(RAW, data), data),), change, lambda f: told.append((number, f)))


def test_what_piles_up_is_written_together(store: Slow, recorder: Recorder) -> None:
    """While one write goes on, others gather; then all of them take one flush."""
    told: list[tuple[int, Future[None]]] = []
    recorder.submit(record(0, told))
    assert store.began.wait(10)
    for number in range(1, 6):
        recorder.submit(record(number, told))
    assert told == []  # nothing is acknowledged before it is durable

    store.go.set()
    recorder.flush()

    assert store.puts == [1, 5]
    assert [number for number, _ in told] == list(range(6))


def test_a_full_disk_is_told_to_everybody(store: Slow, recorder: Recorder) -> None:
    """All that was to be written together has failed, and what comes later may succeed."""
    told: list[tuple[int, Future[None]]] = []
    store.is_full = True
    store.go.set()
    recorder.submit(record(0, told))
    recorder.flush()
    store.is_full = False
    recorder.submit(record(1, told))
    recorder.flush()

    with pytest.raises(Unavailable, match="disk is full"):
        told[0][1].result()
    assert told[1][1].result() is None


def test_a_bug_is_raised_where_it_is_asked_for(store: Slow, recorder: Recorder) -> None:
    """The recorder's thread survives, and nobody waits for ever."""
    told: list[tuple[int, Future[None]]] = []
    store.go.set()
    recorder.submit(record(0, told, lambda database: database.execute("no SQL")))
    recorder.flush()

    with pytest.raises(Unavailable):
        told[0][1].result()


def test_a_result_waits_for_company_until_somebody_hurries(
    store: Slow, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is written while nobody needs it; then all there is takes one flush."""
    monkeypatch.setattr("engine.recorder.LINGER_S", 60.0)
    store.go.set()
    told: list[tuple[int, Future[None]]] = []
    for number in range(3):
        recorder.submit(record(number, told))
    assert store.puts == []

    recorder.flush()

    assert store.puts == [3]


def test_enough_results_hurry_by_themselves(
    store: Slow, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More would share a flush no cheaper."""
    monkeypatch.setattr("engine.recorder.LINGER_S", 60.0)
    told: list[tuple[int, Future[None]]] = []
    for number in range(FULL + 1):
        recorder.submit(record(number, told))

    assert store.began.wait(10)


def test_a_draft_is_asked_when_its_turn_has_come(store: Slow, recorder: Recorder) -> None:
    """What piles up behind it until then is in what it makes."""
    told: list[tuple[int, Future[None]]] = []
    numbers = [1]

    def draft() -> Record:
        blocks = [block for number in numbers for block in record(number, []).blocks]
        return Record(tuple(blocks), lambda _: None, lambda future: told.append((0, future)))

    recorder.submit(record(0, []))
    assert store.began.wait(10)
    recorder.submit(draft)
    numbers += [2, 3]

    store.go.set()
    recorder.flush()

    assert store.puts == [1, 3]
    assert len(told) == 1


def test_who_makes_a_mistake_holds_nobody_up(
    store: Slow, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A draft or a callback that raises is shown, and what comes behind it is written and told."""
    shown: list[type[BaseException]] = []
    monkeypatch.setattr(threading, "excepthook", lambda raised: shown.append(raised.exc_type))
    told: list[tuple[int, Future[None]]] = []

    def draft() -> Record:
        raise KeyError("draft")

    def recorded(_: "Future[None]") -> None:
        raise ValueError("callback")

    store.go.set()
    recorder.submit(draft)
    recorder.submit(Record((), lambda _: None, recorded))
    recorder.submit(record(1, told))
    recorder.flush()

    assert shown == [KeyError, ValueError]
    assert [number for number, _ in told] == [1]
