"""An envelope has one form, bounds on every field, and no patience."""

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.envelope import (
    MAX_BODY,
    MAX_DEADLINE_MS,
    MAX_ENVELOPE,
    MAX_SEQ,
    Envelope,
    Role,
    decode,
    encode,
    join,
    split,
)
from peers.errors import RemoteFault

SOME = bytes(range(16))
NONE = bytes(16)


@st.composite
def envelopes(draw: st.DrawFn) -> Envelope:
    """Return any envelope there is."""
    role = draw(st.sampled_from(Role))
    return Envelope(
        version=draw(st.integers(1, 2**16 - 1)),
        type=draw(st.integers(0, 2**14 - 1)) * 4 + role,
        request_id=NONE
        if role is Role.NOTICE
        else draw(st.binary(min_size=16, max_size=16)) or NONE,
        seq=draw(st.integers(1, MAX_SEQ)),
        deadline_ms=draw(st.integers(0, MAX_DEADLINE_MS)),
    )


def good(envelope: Envelope) -> bool:
    """Return whether its request id is one."""
    return (envelope.role is Role.NOTICE) == (envelope.request_id == NONE)


@given(envelopes().filter(good))
def test_round_trip(envelope: Envelope) -> None:
    """What is encoded comes back, in far less than the 1 KiB an envelope may have."""
    data = encode(envelope)
    assert decode(data) == envelope
    assert len(data) <= 49 < MAX_ENVELOPE


@given(st.binary(max_size=1100))
def test_junk_is_one_error(data: bytes) -> None:
    """Any bytes either are an envelope in its one form, or a RemoteFault."""
    try:
        envelope = decode(data)
    except RemoteFault:
        return
    assert encode(envelope) == data


@given(envelopes().filter(good), st.integers(0, 10**6), st.integers(0, 255))
def test_a_changed_byte(envelope: Envelope, place: int, byte: int) -> None:
    """An envelope with a byte changed is another envelope in its one form, or a RemoteFault."""
    data = bytearray(encode(envelope))
    data[place % len(data)] = byte
    test_junk_is_one_error.hypothesis.inner_test(bytes(data))


NEAR = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 5), st.integers(), st.binary(max_size=17), st.text()
).filter(lambda value: not isinstance(value, int) or -(2**63) <= value < 2**64)


@given(st.lists(NEAR | st.lists(NEAR, max_size=2), max_size=8))
def test_arrays_of_anything(fields: list[object]) -> None:
    """An array of other things is a RemoteFault, whatever is in it."""
    test_junk_is_one_error.hypothesis.inner_test(msgpack.packb(fields))


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ((True, 1, SOME, 1, 0, ()), "version is no integer"),
        ((0, 1, SOME, 1, 0, ()), "version is not from"),
        ((1, False, SOME, 1, 0, ()), "type is no integer"),
        ((1, 3, SOME, 1, 0, ()), "neither notice"),
        ((1, 2**16, SOME, 1, 0, ()), "type is not from"),
        ((1, 1, SOME[1:], 1, 0, ()), "16 bytes"),
        ((1, 1, "a" * 16, 1, 0, ()), "no bytes"),
        ((1, 1, NONE, 1, 0, ()), "zero in a notice"),
        ((1, 0, SOME, 1, 0, ()), "zero in a notice"),
        ((1, 1, SOME, 0, 0, ()), "seq is not from"),
        ((1, 1, SOME, -1, 0, ()), "seq is not from"),
        ((1, 1, SOME, 1, MAX_DEADLINE_MS + 1, ()), "deadline is not from"),
        ((1, 1, SOME, 1, 0.0, ()), "float"),
        ((1, 1, SOME, 1, 0, {}), "map"),
        ((1, 1, SOME, 1, 0, None), "no array"),
        ((1, 1, SOME, 1, 0, ((7, b""),)), "critical extensions are unknown"),
        ((1, 1, SOME, 1, 0), "array of 6"),
        ((1, 1, SOME, 1, 0, (), 0), "array of 6"),
        (1, "array of 6"),
    ],
)
def test_what_is_refused(fields: object, why: str) -> None:
    """Each field is refused out of its type and bounds, and the log can say which."""
    with pytest.raises(RemoteFault, match=why):
        decode(msgpack.packb(fields))


def test_a_large_envelope_is_not_read() -> None:
    """Over 1 KiB nothing is decoded."""
    with pytest.raises(RemoteFault, match="over 1024 bytes"):
        decode(bytes(MAX_ENVELOPE + 1))


def test_frames() -> None:
    """A message is an envelope and, when it says anything, a body; nothing else."""
    envelope = Envelope(1, 5, SOME, 1, 0)
    assert split(join(envelope, b"")) == (envelope, b"")
    assert split(join(envelope, b"body")) == (envelope, b"body")
    head = encode(envelope)
    for frames, why in [
        ((), "not 0"),
        ((head, b"a", b"b"), "not 3"),
        ((head, b""), "left out"),
        ((head, bytes(MAX_BODY + 1)), "body is over"),
        ((b"",), "not an envelope"),
    ]:
        with pytest.raises(RemoteFault, match=why):
            split(frames)


def test_ours_are_right() -> None:
    """What other peers would refuse is never sent: it would be a bug of ours."""
    with pytest.raises(ValueError, match="seq"):
        encode(Envelope(1, 5, SOME, 0, 0))
    with pytest.raises(ValueError, match="body"):
        join(Envelope(1, 5, SOME, 1, 0), bytes(MAX_BODY + 1))
