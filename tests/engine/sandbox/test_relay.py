"""Bytes between a person's terminal and a job's: both are real, the job is this test."""

import contextlib
import os
import threading
import tty
from collections.abc import Iterator

import pytest

from engine.errors import Unavailable
from engine.sandbox.base import Size
from engine.sandbox.relay import Relay
from tests.fakes.seat import Seat


@pytest.fixture
def seat() -> Iterator[Seat]:
    """A person at a terminal in raw mode."""
    with Seat(30, 100) as seat:
        tty.setraw(seat.terminal)
        yield seat


@pytest.fixture
def job(seat: Seat) -> Iterator["Job"]:
    """A job on a terminal of its own, and a relay that serves it."""
    with contextlib.closing(Job(Relay(seat.terminal, seat.terminal))) as job:
        yield job


class Job:
    """The two sides of a job's terminal, and a thread that serves it."""

    def __init__(self, relay: Relay) -> None:
        self.relay = relay
        far, self.terminal = os.openpty()
        self._until, self._end = os.pipe()
        relay.attach(far)
        self._thread = threading.Thread(target=relay.serve, args=(self._until,))
        self._thread.start()

    def end(self) -> None:
        """Let the relay return, as a frame from the executor does."""
        os.write(self._end, b".")
        self._thread.join()

    def close(self) -> None:
        """Give everything back."""
        self.end()
        self.relay.close()
        for descriptor in (self.terminal, self._until, self._end):
            with contextlib.suppress(OSError):
                os.close(descriptor)


def test_bytes_go_both_ways(seat: Seat, job: Job) -> None:
    """What is typed is read by the job, and what that prints is seen."""
    seat.type("ls\n")
    assert os.read(job.terminal, 100) == b"ls\n"
    os.write(job.terminal, b"a b\n")
    seat.expect("a b")


def test_a_job_has_the_size_of_the_terminal(seat: Seat, job: Job) -> None:
    """At first, and whenever it changes."""
    assert job.relay.size == Size(30, 100)
    seat.resize(50, 132)
    job.relay.resize()
    assert os.get_terminal_size(job.terminal) == (132, 50)


def test_a_terminal_of_no_size_is_taken_for_a_common_one() -> None:
    """Some programs make terminals and give them no size."""
    with Seat(0, 0) as seat:
        assert Relay(seat.terminal, seat.terminal).size == Size(24, 80)


def test_more_than_a_terminal_holds_is_passed_on(seat: Seat, job: Job) -> None:
    """What is pasted waits until the job reads it, and nothing of it is lost."""
    tty.setraw(job.terminal)
    text = "".join(f"{number:07}\n" for number in range(20_000))
    typing = threading.Thread(target=lambda: [seat.type(line) for line in text.splitlines(True)])
    typing.start()
    got = b""
    while len(got) < len(text):
        got += os.read(job.terminal, 65536)
    typing.join()
    assert got.decode() == text


def test_the_last_words_of_a_job_are_shown(seat: Seat, job: Job) -> None:
    """What it printed before it ended is seen, though the relay had returned."""
    job.end()
    os.write(job.terminal, b"last words\n")
    os.close(job.terminal)
    job.relay.close()
    seat.expect("last words")


def test_a_terminal_that_is_closed_ends_it() -> None:
    """A person who has gone is not waited for."""
    person, terminal = os.openpty()
    until, end = os.pipe()
    os.close(person)
    with pytest.raises(Unavailable, match="the terminal was closed"):
        Relay(terminal, terminal).serve(until)
    for descriptor in (terminal, until, end):
        os.close(descriptor)
