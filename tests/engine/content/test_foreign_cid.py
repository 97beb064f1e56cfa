"""CIDs that others make: every form that can be checked is read, and junk is refused."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.content.cid import DAG_PB, RAW, SHA2_256, Cid
from engine.content.foreign_cid import ForeignCid, stand_in
from engine.errors import Damaged, Refused

DIGEST = hashlib.sha256(b"x").digest()
OLD = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"  # of an empty file, as go-ipfs had it
NEW = "bafybeihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku"


def made(function: int, digest: bytes, codec: int = RAW) -> bytes:
    """Return a CIDv1 of a short function and a short digest."""
    return bytes((1, codec, function, len(digest))) + digest


@pytest.mark.parametrize(
    "text",
    [
        OLD,
        NEW,
        "B" + NEW[1:].upper(),
        "f" + bytes(Cid.parse(NEW)).hex(),
        f"/ipfs/{OLD}",
        f"ipfs://{NEW}/",
    ],
)
def test_one_name_has_many_spellings(text: str) -> None:
    """Version, base and what comes before it are no part of what a CID names."""
    assert str(ForeignCid.parse(text)) == NEW
    assert ForeignCid.parse(text).cid == Cid.parse(NEW)


@pytest.mark.parametrize(
    ("function", "data"),
    [
        (SHA2_256, hashlib.sha256(b"x").digest()),
        (0x13, hashlib.sha512(b"x").digest()),
        (0x14, hashlib.sha3_512(b"x").digest()),
        (0x16, hashlib.sha3_256(b"x").digest()),
        (0x00, b"x"),
    ],
)
def test_what_it_names_is_checked(function: int, data: bytes) -> None:
    """By the hash function that it says; an identity by the content in it."""
    name, end = ForeignCid.read(made(function, data) + b"more")
    assert end == len(name)
    assert name.function == function
    assert name.digest == data
    assert name.matches(b"x")
    assert not name.matches(b"y")


def test_a_stand_in_is_the_name_itself_where_it_can_be() -> None:
    """Else it is one that names nothing, the same each time, and of the same kind of content."""
    plain = ForeignCid(made(SHA2_256, DIGEST))
    odd = [ForeignCid(made(0, b"x", codec)) for codec in (RAW, DAG_PB)]
    assert stand_in(plain) == plain
    assert [stand_in(name).codec for name in odd] == [RAW, DAG_PB]
    assert len({*map(stand_in, odd), *map(stand_in, odd)}) == 2


@given(
    some.text(max_size=80) | some.from_regex(r"(ba|Qm|z|k|f|u)[0-9A-Za-z]{0,200}", fullmatch=True)
)
def test_text_that_is_none_is_refused(text: str) -> None:
    """Whatever it is, and whoever wrote it: with what to do."""
    fix = "it is one"
    try:
        ForeignCid.parse(text)
    except Refused as refused:
        fix = refused.fix
    assert fix


@given(
    some.binary(max_size=200) | some.builds(made, some.integers(0, 127), some.binary(max_size=127))
)
def test_bytes_that_are_none_are_damage(data: bytes) -> None:
    """Or a name whose bytes could not be checked; one that is read is as long as it says."""
    try:
        name, end = ForeignCid.read(data)
    except (Damaged, Refused):
        return
    assert 0 < end <= len(data)
    assert ForeignCid.read(name) == (name, len(name))
