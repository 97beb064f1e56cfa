"""The log says what happens, on one line each, whatever strangers do."""

import io
import json

from hypothesis import example, given
from hypothesis import strategies as st

from engine.clock import Clock
from peers.log import BURST_S, RATE, Log
from peers.logline import MAX_FACTS, MAX_TEXT, as_json, as_text
from tests.peers.keys import identity

PEER = identity(1).peer
NOON = 1_790_000_000_123  # ms since 1970


class Watch:
    """A clock that stands still."""

    def __init__(self) -> None:
        self.at_ms = 0

    def now_ms(self) -> int:
        """Return noon."""
        return NOON

    def monotonic_ms(self) -> int:
        """Return what was set."""
        return self.at_ms


class Terminal(io.StringIO):
    """A terminal, as far as a log knows one."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def lines(out: io.StringIO) -> list[str]:
    """Return the lines that were written."""
    return out.getvalue().splitlines()


def said(out: io.StringIO, clock: Clock | None = None) -> list[str]:
    """Return what a log writes of one thing."""
    log = Log(out, clock or Watch())
    log.say("cut", peer=PEER, reason="it sent\x1b[2J junk", count=3, address=None)
    return lines(out)


def test_programs_read_json() -> None:
    """One object a line; what is not known is left out."""
    (line,) = said(io.StringIO())
    assert json.loads(line) == {
        "time": "2026-09-21T14:13:20.123Z",
        "event": "cut",
        "peer": str(PEER),
        "reason": "it sent\x1b[2J junk",
        "count": 3,
    }


def test_people_read_words() -> None:
    """The time, the event, and the rest by name."""
    expected = f'14:13:20 cut peer={PEER} reason="it sent\\u001b[2J junk" count=3'
    assert said(Terminal()) == [expected]


@example("", "\n" * 2 * MAX_TEXT)
@given(st.text(), st.text(max_size=2 * MAX_TEXT))
def test_nobody_forges_a_line(event: str, reason: str) -> None:
    """Nor moves a cursor, nor writes for ever."""
    line = as_json(NOON, "cut", {"event ": event, "reason": reason})
    assert line.isascii()
    assert line.isprintable()
    word = as_text(NOON, "cut", {"reason": reason})
    assert word.isascii()
    assert word.isprintable()
    assert word.startswith("14:13:20 cut reason=")
    assert len(json.loads(line)["reason"]) == min(len(reason), MAX_TEXT)


def test_facts_are_bounded() -> None:
    """In number, too."""
    line = json.loads(as_json(NOON, "cut", {str(n): n for n in range(100)}))
    assert len(line) == MAX_FACTS + 2


def test_a_flood_is_cut_and_counted() -> None:
    """What was left out is said when there is room again."""
    out, watch = io.StringIO(), Watch()
    log = Log(out, watch)
    burst = RATE.messages * BURST_S
    for _ in range(burst + 40):
        log.say("cut")
    assert len(lines(out)) == burst
    watch.at_ms = 1_000
    log.say("met")
    assert [json.loads(line)["event"] for line in lines(out)[burst:]] == ["lines left out", "met"]
    assert json.loads(lines(out)[burst])["count"] == 40


def test_a_log_that_nobody_reads_ends_nothing() -> None:
    """Its stream may be closed, or its disk full."""
    out = io.StringIO()
    log = Log(out, Watch())
    out.close()
    log.say("met")
