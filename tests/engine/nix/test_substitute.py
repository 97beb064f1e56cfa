"""What somebody's cache says of a path is read, and believed as far as it names bytes."""

import hashlib

import pytest

from engine.errors import Damaged, Refused
from engine.nix import nix32
from engine.nix.narinfo import fingerprint
from engine.nix.signature import SecretKey
from engine.nix.storepath import StorePath, source_path
from engine.nix.substitute import Substitute, check_store, check_trust, is_content, parse

KEY = SecretKey("upstream-1", bytes(range(32)))
OTHER = SecretKey("other-1", bytes(32))
RAW = hashlib.sha256(b"nar").digest()
HASH = f"sha256:{nix32.encode(RAW)}"
PATH = StorePath("0" * 32, "x")
LINES = {
    "StorePath": f"{PATH}",
    "URL": "nar/x.nar.xz",
    "NarHash": HASH,
    "NarSize": "1000",
    "References": "",
}


def read(path: StorePath = PATH, **changed: str | None) -> Substitute:
    """Return what is read of a narinfo with other lines, or some left out."""
    lines = {**LINES, **changed}
    text = "".join(f"{name}: {value}\n" for name, value in lines.items() if value is not None)
    return parse(text.encode(), path)


def test_a_narinfo_that_says_little() -> None:
    """bzip2 is the compression of one that says none, as Nix has it."""
    found = read()
    assert (found.compression, found.file_hash, found.file_size) == ("bzip2", None, None)
    assert found.path.nar_hash == RAW
    assert found.longest > 1000


def test_a_narinfo_that_says_more() -> None:
    """In the forms that other writers use; what is not known is skipped."""
    other = StorePath("1" * 32, "y")
    found = read(
        NarHash=f"sha256:{RAW.hex()}",
        FileHash=HASH,
        FileSize="900",
        References=f"{other.base} {PATH.base} {other.base}",
        System="x86_64-linux",
        Compression="zstd",
    )
    assert found.path.references == (PATH.base, other.base)
    assert (found.file_hash, found.longest, found.compression) == (RAW, 900, "zstd")


@pytest.mark.parametrize(
    "changed",
    [
        {"StorePath": "/nix/store/" + "1" * 32 + "-x"},
        {"URL": None},
        {"NarSize": "0"},
        {"NarSize": "many"},
        {"NarSize": str(2**41)},
        {"FileSize": "1000000"},
        {"FileSize": "-1"},
        {"References": None},
    ],
)
def test_one_that_cannot_be_right_is_damage(changed: dict[str, str | None]) -> None:
    """Of another path, of no size, of one that no disk has, larger compressed than not."""
    with pytest.raises(Damaged):
        read(**changed)


@pytest.mark.parametrize(
    "changed",
    [{"NarHash": "md5:" + "0" * 32}, {"References": "../../etc"}, {"StorePath": "/etc/passwd"}],
)
def test_one_with_a_bad_name_is_refused(changed: dict[str, str | None]) -> None:
    """No hash of ours, no store path."""
    with pytest.raises(Refused):
        read(**changed)


@pytest.mark.parametrize("text", [b"", b"StoreDir: /gnu/store\n", b"x: StoreDir: /nix/store\n"])
def test_a_cache_of_another_store_is_refused(text: bytes) -> None:
    """What is in it has the place of its store compiled in."""
    with pytest.raises(Refused):
        check_store(text)
    check_store(b"WantMassQuery: 1\nStoreDir: /nix/store\n")


def test_one_trusted_signature_is_enough() -> None:
    """Whoever else signed it, and whomever else one trusts."""
    message = fingerprint(read().info)
    lines = f"{OTHER.sign(message)}\nSig: {KEY.sign(message)}"
    check_trust(read(Sig=lines), [SecretKey("third", bytes(32)).public(), KEY.public()])


def test_what_nobody_trusted_signed_is_refused() -> None:
    """Unsigned, or signed by others."""
    for more in ({}, {"Sig": OTHER.sign(fingerprint(read().info))}):
        with pytest.raises(Refused):
            check_trust(read(**more), [KEY.public()])


def test_a_signature_of_something_else_is_damage() -> None:
    """By the name of a key that is trusted."""
    signed = KEY.sign(fingerprint(read(NarSize="999").info))
    with pytest.raises(Damaged):
        check_trust(read(Sig=signed), [KEY.public()])


def test_a_path_called_by_its_content_needs_no_signature() -> None:
    """As Nix has it; a name that only claims to be is not believed."""
    path = source_path("x", RAW)
    named = {"StorePath": str(path), "CA": f"fixed:r:{HASH}"}
    found = read(path, **named)
    assert is_content(found)
    check_trust(found, [KEY.public()])
    assert not is_content(read(CA=f"fixed:r:{HASH}"))
    assert not is_content(read(path, **{**named, "CA": f"fixed:{HASH}"}))
    assert not is_content(read(path, **{**named, "CA": "fixed:r:sha256:x"}))
    other = hashlib.sha256(b"other").digest()
    assert not is_content(read(path, **{**named, "NarHash": f"sha256:{other.hex()}"}))


def test_a_name_that_was_misspelt_is_corrected() -> None:
    """The cache has that hash by another name: nobody's bytes are wrong."""
    with pytest.raises(Refused) as error:
        read(StorePath(PATH.digest, "y"))
    assert error.value.fix == f"did you mean '{PATH}'?"
