"""Progress: events in, counts and lines out."""

from unittest.mock import Mock

import pytest

from cli.progress import Live, Plain
from cli.steptree import Steps, Tree
from cli.tails import Tail, Tails, ended_lines
from engine.progress import Counted, Ended, Printed, Retried, Reused, Started, Waiting
from engine.rows import WHOLE

STEPS = Steps({"a": 1, "s": None}, frozenset({"s"}))


def rows(*events: object) -> list[tuple[str, str, str]]:
    """Return what the tree shows after some events."""
    tree = Tree(STEPS.counts)
    for event in events:
        tree.take(event)  # type: ignore[arg-type]
    return list(tree.rows())


def test_a_step_that_has_not_begun_waits() -> None:
    """Its mark says so; how many instances it has is not known yet."""
    assert rows() == [("⏸", "a", ""), ("⏸", "s", "0/0")]


def test_instances_are_counted() -> None:
    """Done of all, running, each way to end, and the time of those that ran."""
    found = rows(
        Counted("s", 4),
        Started("s", 0, 1),
        Started("s", 1, 1),
        Ended("s", 0, "ran", 1500, ""),
        Reused("s", (2,)),
    )
    assert found[1] == ("⏵", "s", "2/4, 1 running, 1 ran, 1 reused, 1.5s")


def test_a_second_attempt_is_the_same_instance() -> None:
    """A retry does not count as another running one."""
    found = rows(Started("a", 0, 1), Started("a", 0, 2))
    assert found[0] == ("⏵", "a", "1 running")


def test_a_failure_shows_at_once() -> None:
    """One failed instance marks the step while others run."""
    found = rows(Counted("s", 2), Started("s", 1, 1), Ended("s", 0, "failed", 0, "x"))
    assert found[1][0] == "✗"


@pytest.mark.parametrize(
    ("step", "index", "text"), [("a", 0, "a"), ("s", 0, "s[0]"), ("s", WHOLE, "s")]
)
def test_instances_have_the_ids_that_people_see(step: str, index: int, text: str) -> None:
    """Only scattered steps have an index, and only once their instances are known."""
    assert STEPS.id(step, index) == text


def test_the_last_lines_of_a_failure_are_kept() -> None:
    """As many as fit on a screen, of the last attempt, printable."""
    tails = Tails()
    tails.take(Printed("a", 0, "stdout", b"of the first attempt\n"))
    tails.take(Started("a", 0, 2))
    tails.take(Printed("a", 0, "stderr", b"".join(b"%d\x07\n" % n for n in range(30))))
    lines = list(ended_lines(Ended("a", 0, "failed", 0, "exit code 1"), "a", tails))
    assert lines[0] == "a: failed: exit code 1"
    assert lines[1:] == [f"  | {n}\\x07" for n in range(10, 30)]


def test_a_line_that_comes_in_pieces_is_one_line() -> None:
    """Programs write as they please, to two streams at once."""
    tail = Tail()
    for stream, data in (("stderr", b"no such "), ("stdout", b"out\n"), ("stderr", b"file\nend")):
        tail.add(stream, data)
    assert tail.lines() == ["out", "no such file", "end"]


def test_what_a_good_step_printed_is_forgotten() -> None:
    """A long run does not fill the memory."""
    tails = Tails()
    tails.take(Printed("a", 0, "stdout", b"x\n"))
    tails.take(Ended("a", 0, "ran", 1, ""))
    assert tails.of(Ended("a", 0, "failed", 0, "")) == ()


def test_plain_lines_say_what_happened(capsys: pytest.CaptureFixture[str]) -> None:
    """One for each thing, in order, with what was reused summed up at the end."""
    plain = Plain(STEPS)
    for event in (
        Counted("s", 2),
        Reused("s", range(2)),
        Waiting("a", 0),
        Started("a", 0, 1),
        Retried("a", 0, "exit code 1"),
        Started("a", 0, 2),
        Ended("a", 0, "ran", 2000, ""),
    ):
        plain(event)
    plain.finish()
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "a: another run is doing it; waiting for that",
        "a: started",
        "a: exit code 1; trying again",
        "a: done in 2.0s",
        "s: 2 of 2 reused",
    ]


@pytest.mark.parametrize(("left_ms", "told"), [(400, False), (90_000, True), (None, False)])
def test_a_moment_that_is_left_is_not_told(left_ms: int | None, *, told: bool) -> None:
    """Under a second it would only flicker."""
    remaining = Mock(left_ms=lambda: left_ms)
    live = Live(Steps({"a": 1}, frozenset()), remaining)
    live.finish()
    assert ("left" in str(live._draw())) == told
