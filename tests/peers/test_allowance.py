"""What a peer may send fills with time, in whole numbers."""

from hypothesis import given
from hypothesis import strategies as st

from peers.allowance import BURST_S, STRANGER, Allowance, Rate


def test_a_burst_and_then_the_rate() -> None:
    """Two seconds' worth passes at once, and then 200 messages a second."""
    allowance = Allowance(STRANGER, 0)
    assert [allowance.take(0, 1) for _ in range(401)] == [True] * 400 + [False]
    assert [allowance.take(1000, 1) for _ in range(201)] == [True] * 200 + [False]


def test_bytes_count() -> None:
    """Few large messages are bounded as well."""
    allowance = Allowance(STRANGER, 0)
    size = 2 * 1024 * 1024
    assert sum(allowance.take(0, size) for _ in range(100)) == BURST_S * 32


@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 5000)), max_size=60))
def test_never_more_than_the_rate(messages: list[tuple[int, int]]) -> None:
    """Over any time, what passed is at most the burst and what the time gave."""
    rate = Rate(messages=10, size=10_000)
    allowance, at_ms, passed, size = Allowance(rate, 0), 0, 0, 0
    for wait_ms, length in messages:
        at_ms += wait_ms
        if allowance.take(at_ms, length):
            passed += 1
            size += length
        assert passed * 1000 <= rate.messages * (at_ms + BURST_S * 1000)
        assert size * 1000 <= rate.size * (at_ms + BURST_S * 1000)


@given(st.integers(0, 500), st.integers(0, 20_000))
def test_who_waits_may(spent: int, size: int) -> None:
    """After the time that it says to wait, the message passes, unless it can never."""
    rate = Rate(messages=10, size=10_000)
    allowance = Allowance(rate, 0)
    for _ in range(spent):
        allowance.take(0, 100)
    wait_ms = allowance.wait_ms(0, size)
    assert allowance.take(wait_ms, size)
    if wait_ms:
        again = Allowance(rate, 0)
        for _ in range(spent):
            again.take(0, 100)
        assert not again.take(wait_ms - 1, size)


def test_another_rate() -> None:
    """An agreement lets more pass from then on; a clock that goes back gives nothing."""
    allowance = Allowance(Rate(1, 1000), 0)
    allowance.grant(Rate(100, 1000), 1000)
    assert [allowance.take(1000, 0) for _ in range(3)] == [True, True, False]
    assert not allowance.take(0, 0)
    assert sum(allowance.take(2000, 0) for _ in range(200)) == 100
