"""Plain values have one form each, and junk is one error."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.errors import RemoteFault
from peers.plain import MAX_DEPTH, MAX_ITEMS, bytes_of, number_of, pack, unpack

PLAIN = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.binary(max_size=300)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=20).map(tuple),
    max_leaves=30,
)


def depth(value: object) -> int:
    """Return how deep tuples are nested."""
    if isinstance(value, tuple):
        return 1 + max(map(depth, value), default=0)
    return 0


@given(PLAIN.filter(lambda value: depth(value) <= MAX_DEPTH))
def test_round_trip(value: object) -> None:
    """What is packed comes back, with the types it had."""
    back = unpack(pack(value))
    assert back == value
    assert repr(back) == repr(value)


@given(st.binary(max_size=200))
def test_junk_is_one_error(data: bytes) -> None:
    """Any bytes either are a plain value in its one form, or a RemoteFault."""
    try:
        value = unpack(data)
    except RemoteFault:
        return
    assert pack(value) == data


@given(PLAIN.filter(lambda value: depth(value) <= MAX_DEPTH), st.data())
def test_flipped_bytes(value: object, data: st.DataObject) -> None:
    """A value with one byte changed never crashes the decoder."""
    packed = bytearray(pack(value))
    at = data.draw(st.integers(0, len(packed) - 1))
    packed[at] = data.draw(st.integers(0, 255))
    test_junk_is_one_error.hypothesis.inner_test(bytes(packed))


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "cut short"),
        (b"\xc4\x05ab", "cut short"),
        (b"\xdd\xff\xff\xff\xff", "values"),
        (b"\xc6\xff\xff\xff\xff", "cut short"),
        (b"\x01\x02", "follow"),
        (b"\xcc\x01", "shortest"),
        (b"\xd9\x01a", "shortest"),
        (b"\xcb" + bytes(8), "float"),
        (b"\x80", "map"),
        (b"\xd4\x00\x00", "extension"),
        (b"\xd6\xff" + bytes(4), "extension"),
        (b"\xc1", "extension"),
        (b"\xa1\xff", "no msgpack"),
        (b"\xa3\xed\xa0\x80", "no msgpack"),
        (b"\x91" * (MAX_DEPTH + 1) + b"\x01", "nested"),
        (b"\xdd" + (MAX_ITEMS).to_bytes(4, "big") + b"\x90" * MAX_ITEMS, "values"),
        (b"\x90" * 2_000_000, "follow"),
    ],
)
def test_what_is_refused(data: bytes, why: str) -> None:
    """Each way of being no plain value is refused, and said."""
    with pytest.raises(RemoteFault, match=why):
        unpack(data)


def test_no_memory_for_a_promise() -> None:
    """Tuples of tuples cannot ask for more values than the bound, however few bytes they take."""
    inner = msgpack.packb([[] for _ in range(1000)])
    many = b"\xdc\x00\x64" + inner * 100
    with pytest.raises(RemoteFault, match="values"):
        unpack(many)


def test_a_field_is_of_its_type_and_within_its_bounds() -> None:
    """True is no number here, and text no bytes."""
    assert bytes_of(b"ab", 1, 2) == b"ab"
    assert number_of(7, 7) == 7
    for junk in (b"", b"abc", "ab", None):
        with pytest.raises(RemoteFault, match="no byte string"):
            bytes_of(junk, 1, 2)
    for junk in (-1, 8, True, None):
        with pytest.raises(RemoteFault, match="a number up to 7"):
            number_of(junk, 7)
