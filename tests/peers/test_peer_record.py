"""A peer record says what a peer lends, within bounds, in words that a person understands."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged
from engine.step import SIGNED, Platform, Signed
from peers import peer_record
from peers.credits import MAX_CREDITS
from peers.identity import Address
from peers.peer_record import (
    LONGEST_MS,
    MAX_BYTES,
    MAX_CORES,
    MAX_MEMORY,
    MAX_SERIAL,
    MAX_SLOTS,
    MAX_TIME_MS,
    MAX_VERSION,
    PEER,
    SKEW_MS,
    PeerRecord,
    Price,
    addresses,
    current,
    read,
    runs,
    serves,
)
from peers.signed import seal
from tests.peers.crowd import PLATFORM, START_MS, record
from tests.peers.keys import identity

ONE = identity(1)

words = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64)
places = st.from_regex(
    r"[a-z][a-z0-9]{0,20}(\.[a-z0-9]{1,20}){0,3}:[1-9][0-9]{0,3}", fullmatch=True
)
prices = st.lists(
    st.builds(Price, words, st.integers(0, MAX_CREDITS)),
    max_size=16,
    unique_by=lambda each: each.name,
).map(lambda found: tuple(sorted(found, key=lambda each: each.name)))
records = st.builds(
    lambda made_ms, valid_ms, **fields: PeerRecord(
        made_ms=made_ms, expires_ms=made_ms + valid_ms, **fields
    ),
    made_ms=st.integers(0, MAX_TIME_MS),
    valid_ms=st.integers(1, LONGEST_MS),
    serial=st.integers(0, MAX_SERIAL),
    addresses=st.lists(places, max_size=8, unique=True).map(tuple),
    platform=st.builds(Platform, requires=words, system=words),
    cores=st.integers(0, MAX_CORES),
    memory=st.integers(0, MAX_MEMORY),
    gpu_names=st.lists(words, max_size=16).map(tuple),
    sandbox=words | st.just(""),
    prices=prices,
    free_slots=st.integers(0, MAX_SLOTS),
    versions=st.lists(st.integers(0, MAX_VERSION), min_size=1, max_size=8, unique=True).map(
        lambda found: tuple(sorted(found))
    ),
)


@given(records)
def test_a_record_is_read_as_it_was_signed(value: PeerRecord) -> None:
    """Whatever is within the bounds can be said, and comes back with who said it."""
    block = seal(PEER, value, ONE)
    notice = read(block.data)
    assert (notice.record, notice.signer, notice.cid) == (value, ONE.peer, block.cid)
    assert notice.data == block.data


@given(st.binary(max_size=400))
def test_junk_is_damaged(data: bytes) -> None:
    """Bytes that nobody signed raise Damaged and nothing else."""
    with pytest.raises(Damaged):
        read(data)
    with pytest.raises(Damaged):
        PEER.decode(data)


@given(st.data())
def test_a_record_with_one_byte_changed_is_damaged(data: st.DataObject) -> None:
    """No byte of it can be altered."""
    good = seal(PEER, record(), ONE).data
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(1, 255))
    with pytest.raises(Damaged):
        read(good[:at] + bytes([good[at] ^ byte]) + good[at + 1 :])


WRONG = [
    ({"serial": -1}, "its serial should be from 0"),
    ({"serial": MAX_SERIAL + 1}, "its serial should be"),
    ({"made_ms": -1, "expires_ms": 5}, "its time should be"),
    ({"expires_ms": START_MS}, "it does not expire within 6 hours"),
    ({"expires_ms": START_MS + LONGEST_MS + 1}, "it does not expire within 6 hours"),
    ({"addresses": ("host:1",) * 2}, "it has one address twice"),
    ({"addresses": tuple(f"host:{port}" for port in range(1, 10))}, "it has 9 addresses, where 8"),
    ({"addresses": ("host",)}, "its address is not a"),
    ({"addresses": ("host:0",)}, "its address is not a port"),
    ({"addresses": ("host:65536",)}, "its address is not a port"),
    ({"addresses": ("::1:4177",)}, "its address is not a host"),
    ({"addresses": ("a" * 254 + ":1",)}, "its address is not a host"),
    ({"addresses": ("tally://x@host:1",)}, "its address is not a host"),
    ({"platform": Platform("x86-64-v3", "")}, "its system should be 1 to 64 plain characters"),
    ({"platform": Platform("v" * 65, "x")}, "its CPU level should be"),
    ({"cores": -1}, "its cores should be"),
    ({"cores": MAX_CORES + 1}, "its cores should be"),
    ({"memory": MAX_MEMORY + 1}, "its memory should be"),
    ({"free_slots": MAX_SLOTS + 1}, "its free slots should be"),
    ({"gpu_names": ("gpu",) * 17}, "it has 17 GPUs, where 16"),
    ({"gpu_names": ("\x1b[2J",)}, "the name of a GPU should be"),
    ({"sandbox": "b\u00e4r"}, "its sandbox should be"),
    ({"prices": (Price("b", 0), Price("a", 0))}, "its prices are not in ascending order"),
    ({"prices": (Price("a", 0), Price("a", 1))}, "its prices are not in ascending order"),
    ({"prices": (Price("a", -1),)}, "a price should be"),
    ({"prices": (Price("a", MAX_CREDITS + 1),)}, "a price should be"),
    ({"prices": (Price("", 1),)}, "the name of a price should be"),
    ({"versions": ()}, "it speaks no version"),
    ({"versions": (2, 1)}, "its versions are not in ascending order"),
    ({"versions": (MAX_VERSION + 1,)}, "a version should be"),
    ({"versions": tuple(range(9))}, "it has 9 versions, where 8"),
]


@pytest.mark.parametrize(("fields", "why"), WRONG, ids=lambda value: str(value)[:40])
def test_what_is_over_a_bound_is_damaged(fields: dict[str, object], why: str) -> None:
    """A stranger's record is refused in words that name the field and its bound."""
    value = dataclasses.replace(record(), **fields)  # type: ignore[arg-type]
    with pytest.raises(Damaged) as raised:
        peer_record._check(value)
    assert why in raised.value.what


def test_the_largest_record_there_can_be_is_read() -> None:
    """All bounds on its parts reached at once fit in the bound on the whole."""
    long = ".".join(["a" * 61] * 4)  # 247 characters, with the port 253
    value = record(
        MAX_SERIAL,
        addresses=tuple(f"{long}:{port}?via={ONE.peer}" for port in range(65_528, 65_536)),
        gpu_names=("g" * 64,) * 16,
        prices=tuple(Price(f"{number:02}" + "p" * 62, MAX_CREDITS) for number in range(16)),
        versions=tuple(range(65_528, 65_536)),
        sandbox="s" * 64,
        platform=Platform("r" * 64, "s" * 64),
    )
    assert read(seal(PEER, value, ONE).data).record == value


def test_a_longer_one_is_not_even_looked_at() -> None:
    """What is over MAX_BYTES costs no signature check."""
    with pytest.raises(Damaged, match="8192 bytes at most"):
        read(bytes(MAX_BYTES + 1))


def test_a_record_of_another_kind_does_not_pass() -> None:
    """A signature on a peer record holds for a peer record alone."""
    payload = PEER.encode(record())
    other = Signed(payload, ONE.public_key, ONE.sign(b"tallystick/other/1", payload))
    with pytest.raises(Damaged, match="does not hold"):
        read(SIGNED.encode(other))


def test_addresses_are_those_of_its_signer() -> None:
    """A record cannot say where another peer listens."""
    relay = identity(2).peer
    places = ("10.0.0.1:4177", "[::1]:80", f"10.0.0.2:1?via={relay}", f"[::1]:2?via={ONE.peer}")
    notice = read(seal(PEER, record(addresses=places), ONE).data)
    assert addresses(notice) == (
        Address(ONE.peer, "10.0.0.1", 4177),
        Address(ONE.peer, "::1", 80),
        Address(ONE.peer, "10.0.0.2", 1, via=relay),
        Address(ONE.peer, "::1", 2, via=ONE.peer),  # of no use, and no error
    )


def test_a_record_counts_from_when_it_was_made_until_it_expires() -> None:
    """Our clock may be SKEW_MS behind its maker's; past its end it counts for nobody."""
    value = record()
    assert current(value, value.made_ms - SKEW_MS)
    assert not current(value, value.made_ms - SKEW_MS - 1)
    assert current(value, value.expires_ms - 1)
    assert not current(value, value.expires_ms)


def test_a_higher_cpu_level_runs_steps_for_a_lower() -> None:
    """And never the other way; other systems and other names only when they are the same."""
    v3, v4 = PLATFORM, Platform("x86-64-v4", PLATFORM.system)
    assert serves(v4, v3)
    assert serves(v3, v3)
    assert not serves(v3, v4)
    assert not serves(Platform("x86-64-v4", "aarch64_linux"), v3)
    assert not serves(Platform("x86-64-v30", PLATFORM.system), v3)
    assert serves(Platform("armv9", "a"), Platform("armv9", "a"))
    assert not serves(Platform("armv9", "a"), Platform("armv8", "a"))


def test_a_peer_runs_what_it_has_room_for() -> None:
    """Cores, memory and a sandbox; without a sandbox it runs nothing."""
    assert runs(record(cores=2, memory=100), PLATFORM, 2, 100)
    assert not runs(record(cores=1, memory=100), PLATFORM, 2, 100)
    assert not runs(record(cores=2, memory=99), PLATFORM, 2, 100)
    assert not runs(record(sandbox=""), PLATFORM, 1, 1)
