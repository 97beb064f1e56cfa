"""narinfos: printed, read back, and refused."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Damaged, Refused
from engine.nix import narinfo, nix32
from engine.nix.narinfo import NarInfo
from engine.nix.signature import SecretKey
from engine.nix.storepath import StorePath

digests = st.text(nix32.ALPHABET, min_size=32, max_size=32)
paths = st.builds(StorePath, digests, st.sampled_from(["a", "b-1.0", "x+y_?=.z"]))
infos = st.builds(
    NarInfo,
    path=paths,
    url=st.binary(min_size=32, max_size=32).map(narinfo.nar_url),
    nar_hash=st.binary(min_size=32, max_size=32),
    nar_size=st.integers(1, narinfo.MAX_NAR),
    references=st.sets(paths, max_size=3).map(lambda found: tuple(sorted(found))),
    signatures=st.lists(st.just("key:c2ln"), max_size=2).map(tuple),
)
INFO = NarInfo(StorePath("0" * 32, "x"), "nar/y.nar", bytes(32), 96, ())


@given(infos)
def test_parse_inverts_show(info: NarInfo) -> None:
    """Whatever is printed is read back."""
    assert narinfo.parse(narinfo.show(info).encode()) == info


@given(st.binary(max_size=300))
def test_junk_is_damage(data: bytes) -> None:
    """Junk is damage, whatever it is."""
    with pytest.raises((Damaged, Refused)):
        narinfo.parse(data)


@given(infos, st.data())
def test_changed_bytes_never_crash(info: NarInfo, data: st.DataObject) -> None:
    """A narinfo with any byte changed is read or refused."""
    text = bytearray(narinfo.show(info).encode())
    text[data.draw(st.integers(0, len(text) - 1))] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(Damaged, Refused):
        narinfo.parse(bytes(text))


def test_no_references_leave_the_space() -> None:
    """Nix skips two characters after a key, so the empty list keeps its space."""
    assert "\nReferences: \n" in narinfo.show(INFO)


def test_unknown_keys_are_skipped() -> None:
    """A key that Nix may add later changes nothing."""
    assert narinfo.parse(narinfo.show(INFO).encode() + b"New: thing\n") == INFO


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Compression: none", "Compression: xz"),
        ("Compression: none\n", ""),
        ("NarSize: 96", "NarSize: 0"),
        ("NarSize: 96", "NarSize: -1"),
        ("NarSize: 96", "NarSize: 9223372036854775808"),
        ("NarHash: sha256:", "NarHash: "),
        ("URL: nar/y.nar\n", "URL: nar/y.nar\nURL: nar/y.nar\n"),
        ("StorePath: ", "StorePath:"),
        ("NarSize: 96\n", "NarSize: 96\r\n\r"),
    ],
)
def test_other_forms_are_damage(old: str, new: str) -> None:
    """Compressed, empty, negative, huge, unhashed, doubled: none of these is taken."""
    text = narinfo.show(INFO)
    assert old in text
    with pytest.raises(Damaged):
        narinfo.parse(text.replace(old, new).encode())


@given(infos)
def test_a_signed_narinfo_verifies(info: NarInfo) -> None:
    """A signature is over what the path is, not over where its archive lies."""
    key = SecretKey("k", bytes(32))
    signed = narinfo.signed(info, key)
    assert key.public().verifies(narinfo.fingerprint(info), signed.signatures[-1])
    assert narinfo.unsigned(narinfo.show(signed).encode()) == narinfo.unsigned(
        narinfo.show(info).encode()
    )
