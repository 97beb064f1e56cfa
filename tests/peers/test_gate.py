"""The gate counts connections by host and refuses keys for a time."""

from hypothesis import given
from hypothesis import strategies as st

from peers.gate import MAX_SHUT_OUT, SILENT_MS, Gate, Limits


def test_connections_are_bounded() -> None:
    """One too many is refused, of a host and of all, until another leaves."""
    gate = Gate(Limits(connections=3, per_host=2))
    assert [gate.enter(number, "10.0.0.1", 0) for number in (1, 2)] == ["", ""]
    assert "one host" in gate.enter(3, "10.0.0.1", 0)
    gate.leave(3)
    gate.leave(1)
    assert gate.enter(4, "10.0.0.1", 0) == ""
    assert gate.enter(5, "10.0.0.2", 0) == ""
    assert gate.enter(6, "10.0.0.3", 0) == "over 3 connections"


def test_one_customer_is_one_host() -> None:
    """The addresses of one IPv6 network count as one host; another network does not."""
    gate = Gate(Limits(connections=10, per_host=1))
    assert gate.enter(1, "2001:db8:0:1::1", 0) == ""
    assert "one host" in gate.enter(2, "2001:db8:0:1:ffff::9", 0)
    assert gate.enter(3, "2001:db8:0:2::1", 0) == ""


def test_the_silent_are_named_once() -> None:
    """Who has said nothing for SILENT_MS is named, once; who spoke or left is not."""
    gate = Gate(Limits())
    for number in (1, 2, 3):
        gate.enter(number, "10.0.0.1", 0)
    gate.heard(1)
    gate.leave(2)
    assert gate.silent(SILENT_MS - 1) == []
    assert gate.silent(SILENT_MS) == [3]
    assert gate.silent(2 * SILENT_MS) == []


def test_a_key_is_shut_out_for_a_time() -> None:
    """It is refused until the time, and no other is; too many are forgotten in order."""
    gate = Gate(Limits())
    gate.shut_out(b"key", 100)
    assert (gate.refusal(b"key", "h", 99), gate.refusal(b"key", "h", 100)) == ("shut out", "")
    assert gate.refusal(b"other", "h", 99) == ""
    for number in range(MAX_SHUT_OUT):
        gate.shut_out(number.to_bytes(32, "big"), 100)
    assert gate.refusal(b"key", "h", 99) == ""
    assert gate.refusal(bytes(32), "h", 99) == "shut out"


def test_handshakes_are_few() -> None:
    """One host has so many handshakes a second, whatever its keys; another is not kept waiting."""
    gate = Gate(Limits(handshakes_s=2))
    tried = [gate.refusal(bytes([number]) * 32, "2001:db8::1", 0) for number in range(33)]
    assert tried == [""] * 32 + ["too often"]
    assert gate.refusal(b"k" * 32, "2001:db8:1::2", 0) == ""
    assert gate.refusal(b"k" * 32, "2001:db8::2", 500) == ""
    assert gate.refusal(b"k" * 32, "2001:db8::2", 500) == "too often"


@given(st.lists(st.tuples(st.integers(1, 6), st.sampled_from("abc"), st.booleans())))
def test_numbers_are_used_again(happened: list[tuple[int, str, bool]]) -> None:
    """Whatever comes and goes, as many are counted as are there."""
    gate, there = Gate(Limits(connections=100, per_host=3)), dict[int, str]()
    for number, host, is_coming in happened:
        if is_coming:
            there[number] = host
            refused = gate.enter(number, host, 0)
            assert bool(refused) == (list(there.values()).count(host) > 3)
        else:
            there.pop(number, None)
            gate.leave(number)


def test_what_is_carried_by_ipfs_has_limits_of_its_own() -> None:
    """It takes nothing from programs of this machine, nor these from it."""
    gate = Gate(Limits(connections=100, per_host=1, loopback_times=2, carried_times=3))
    carried = [gate.enter(number, "127.64.0.1", 0) for number in range(4)]
    assert carried == ["", "", "", "over 3 connections from one host"]
    assert [gate.enter(number, "127.0.0.1", 0) for number in (10, 11)] == ["", ""]
