"""Lines of a run come in order, together, and none is lost."""

import threading

import pytest

from cli import lines
from cli.lines import Lines


def test_lines_are_written_together_and_in_order() -> None:
    """What came in until then is one write."""
    said: list[str] = []
    told = Lines(said.append)
    for line in ("a", "b", "c"):
        told.add(line)
    told.write()
    assert said == ["a\nb\nc"]


def test_a_line_does_not_wait_for_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody reads "started" while the step runs, though nothing else happens."""
    monkeypatch.setattr(lines, "_WAIT_S", 0)
    said = threading.Event()
    told = Lines(lambda _: said.set())
    for _ in range(2):  # a second time too
        told.add("started")
        assert said.wait(30)
        said.clear()


def test_nothing_is_said_of_nothing() -> None:
    """No empty line."""
    said: list[str] = []
    Lines(said.append).write()
    assert said == []


def test_a_reader_who_left_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread that writes late says nothing of it; whoever waits for the end learns of it."""
    left, unheard = threading.Event(), threading.Event()
    monkeypatch.setattr(threading, "excepthook", lambda _: unheard.set())

    def say(_: str) -> None:
        left.set()
        raise BrokenPipeError

    told = Lines(say)
    told.add("started")
    with pytest.raises(BrokenPipeError):
        told.write()
    monkeypatch.setattr(lines, "_WAIT_S", 0)
    left.clear()
    told.add("done")
    assert left.wait(30)
    for thread in threading.enumerate():
        if isinstance(thread, threading.Timer):
            thread.join()
    assert not unheard.is_set()
