"""Pinned: what a lock file says of one package, whatever the format of the file. Pure."""

import re
from typing import Final

from packaging.version import Version

from engine.errors import Refused
from engine.values import dataclass

MAX_TEXT: Final = 16 * 1024 * 1024  # bytes of a lock file; a uv.lock of 500 packages has 3 MB
MAX_PACKAGES: Final = 1_000  # that apply to one Python; their paths are one variable of a build
MAX_VERSION: Final = 100  # characters
MAX_FILES: Final = 5_000  # wheels, or hashes, of one package

HOW_TO_LOCK: Final = "lock with hashes: pip-compile --generate-hashes, uv lock, or pip lock"

_SHA256: Final = re.compile(r"[0-9a-f]{64}")
_NAME: Final = re.compile(r"[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?")  # PEP 503, and not endless
_ADDRESS: Final = re.compile(r"[!#%-~]{1,4000}")  # no space ends it, no $ is filled in by pip


@dataclass(frozen=True, slots=True)
class WheelFile:
    """A wheel that a lock file names."""

    name: str  # as "numpy-2.2.6-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl"
    sha256: str  # hexadecimal; "" when the lock has none
    address: str = ""  # a URL, or a path from the lock file; "" when only an index knows


@dataclass(frozen=True, slots=True)
class Pinned:
    """A package at one version. Either its wheels are known by name, or only their hashes."""

    name: str  # normalised, as "scikit-learn"
    version: str
    where: str  # "requirements.txt:12"
    files: tuple[WheelFile, ...] = ()
    hashes: tuple[str, ...] = ()  # sha256, hexadecimal, of files that may be anything
    has_source: bool = False  # whether the lock names a source distribution, too


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a lock file applies to one Python."""

    packages: tuple[Pinned, ...]  # sorted by name, each name once
    options: tuple[str, ...] = ()  # of pip: where the author's index is


def select(packages: list[Pinned], options: tuple[str, ...] = ()) -> Selection:
    """Return the selection of these packages.

    Raises: Refused when there is none, too many, or one at two versions.
    """
    found: dict[str, Pinned] = {}
    for package in packages:
        _check(package)
        if (other := found.get(package.name)) is not None:
            raise Refused(
                f"{package.name} is there twice: {other.version} and {package.version}",
                where=f"{package.where} and {other.where}",
                fix="leave one; two may stay when their markers exclude each other",
            )
        found[package.name] = package
    if len(found) > MAX_PACKAGES:
        raise Refused(f"more than {MAX_PACKAGES} packages", fix="split the environment")
    return Selection(tuple(found[name] for name in sorted(found)), options)


def _check(package: Pinned) -> None:
    """Look whether names are such: each becomes part of a line that pip reads, and of a path."""
    addresses = [file.address for file in package.files if file.address]
    good = {
        package.name: _NAME.fullmatch(package.name),
        package.version: _is_version(package.version),
        **{address: _ADDRESS.fullmatch(address) for address in addresses},
    }
    for text, fits in good.items():
        if not fits:
            what = f"not the name, version or address of a package: {text[:200]!r}"
            raise Refused(what, where=package.where, fix="lock it anew")


def _is_version(text: str) -> bool:
    try:
        return len(text) <= MAX_VERSION and str(Version(text)) == text
    except ValueError:
        return False


def sha256_of(text: str, what: str, where: str) -> str:
    """Return the hexadecimal digest of "sha256:…".

    Raises: Refused for anything else.
    """
    algorithm, _, digest = text.partition(":")
    if algorithm != "sha256" or not _SHA256.fullmatch(digest.lower()):
        raise Refused(f"{what}: not a sha256 hash: '{text[:80]}'", where=where, fix=HOW_TO_LOCK)
    return digest.lower()
