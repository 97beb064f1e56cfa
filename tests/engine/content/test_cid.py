"""Cid: which names are read, and how they are printed."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multiformats import CID

from engine.content.cid import BLAKE3, DAG_CBOR, DAG_PB, RAW, SHA2_256, Cid
from engine.errors import Damaged, Refused

FOO = "bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si"  # Kubo's, of "foo\n"


def named(codec: int, function: int, digest: bytes, version: int = 1) -> bytes:
    """Return a binary CID, right or wrong."""
    return bytes((version, codec, function, len(digest))) + digest


def text(raw: bytes) -> str:
    """Return a binary CID in base32, right or wrong."""
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


def test_known_answer():
    """The BLAKE3 name of some bytes is the one that Kubo gives."""
    assert str(Cid.of(RAW, b"foo\n")) == FOO


@given(st.sampled_from((RAW, DAG_PB, DAG_CBOR)), st.sampled_from((BLAKE3, SHA2_256)), st.binary())
def test_text_is_that_of_multiformats(codec, function, data):
    """A CID is printed as the multiformats package prints it, and is read back from that."""
    cid = Cid.from_bytes(named(codec, function, hashlib.sha256(data).digest()))
    assert str(cid) == CID.decode(cid.raw).encode("base32")
    assert Cid.parse(str(cid)) == cid


@given(st.binary(max_size=40))
def test_bytes_are_read_or_refused(raw):
    """Any bytes are a CID that prints and parses, or are refused."""
    try:
        cid = Cid.from_bytes(raw)
    except Refused:
        return
    assert Cid.parse(str(cid)).raw == raw


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        named(RAW, BLAKE3, bytes(31)),
        named(RAW, BLAKE3, bytes(33)),
        named(RAW, BLAKE3, bytes(20)),
        named(RAW, 0x00, bytes(32)),  # identity: the bytes would be in the name
        named(RAW, 0x13, bytes(64)),
        named(RAW, 0x11, bytes(20)),  # sha1
        b"\x01\xa9\x02\x1e\x20" + bytes(32),  # dag-json
        named(0x51, BLAKE3, bytes(32)),
        named(RAW, BLAKE3, bytes(32), version=0),
        named(RAW, BLAKE3, bytes(32), version=2),
        b"\x81\x00" + named(RAW, BLAKE3, bytes(32))[1:],  # a varint that is not the shortest
        b"\x12\x20" + bytes(32),  # CIDv0
    ],
)
def test_other_forms_are_refused(raw):
    """Other versions, codecs, hashes, lengths and varints are refused, as bytes and as text."""
    with pytest.raises(Refused):
        Cid.from_bytes(raw)
    with pytest.raises(Refused):
        Cid.parse(text(raw))


@pytest.mark.parametrize(
    "spelled",
    [
        "",
        "b",
        FOO.upper(),
        "B" + FOO[1:].upper(),
        FOO + "a",
        FOO[:-1],
        FOO[:-1] + "j",  # stray bits after the last byte
        FOO[:-1] + "1",  # not in the alphabet
        FOO[:-1] + "é",
        FOO + "\n",
        "z" + FOO[1:],
        "QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG",
    ],
)
def test_other_texts_are_refused(spelled):
    """A name has one spelling: no other base, case, length or padding bits."""
    with pytest.raises(Refused):
        Cid.parse(spelled)


def test_check_returns_what_matches():
    """Bytes pass when they hash to the name, by BLAKE3 and by sha2-256."""
    sha = Cid.from_bytes(named(RAW, SHA2_256, hashlib.sha256(b"a").digest()))
    assert sha.check(b"a") == Cid.of(RAW, b"a").check(b"a") == b"a"


def test_check_names_what_is_damaged():
    """Bytes that do not hash to the name are Damaged, and the error says which name."""
    cid = Cid.of(RAW, b"a")
    with pytest.raises(Damaged) as caught:
        cid.check(b"b")
    assert caught.value.where == str(cid)


def test_codec_and_digest():
    """A CID knows its codec and its digest, and equal bytes under two codecs have two names."""
    cid = Cid.of(DAG_CBOR, b"a")
    assert cid.codec == DAG_CBOR
    assert cid.digest == Cid.of(RAW, b"a").digest
    assert cid != Cid.of(RAW, b"a")
