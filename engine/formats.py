"""Formats: which files are compared value by value, by the endings of their names. Pure.

An npz, or any zip of that name, is compared member by member, each by its own name; one that cannot
be read by that, byte by byte. When and how they were zipped does not matter.
"""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from engine.nearness import Mismatch, Unreadable, shown
from engine.npy import npy_mismatches
from engine.numeric import csv_mismatches, json_mismatches, tsv_mismatches

MAX_MEMBERS: Final = 5_000  # of one zip
MAX_UNPACKED: Final = (
    256 * 1024 * 1024
)  # bytes of all members: a zip may claim to unpack to anything
MAX_DEPTH: Final = 3  # zips in zips
PACKINGS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)  # numpy's; others take gigabytes

_ENTRY: Final = b"PK\x01\x02"  # begins what the directory of a zip has of each member

_MALFORMED: Final = (  # what zipfile raises: a place of 2^63 is an OverflowError
    zipfile.BadZipFile, zlib.error, struct.error, ValueError, OverflowError, OSError, RuntimeError,
    EOFError, IndexError,
)  # fmt: skip

Reader = Callable[[bytes, bytes, float], Iterator[Mismatch]]

_PLAIN: Final[dict[str, Reader]] = {
    "json": json_mismatches,
    "csv": csv_mismatches,
    "tsv": tsv_mismatches,
    "npy": npy_mismatches,
}


def reader_of(name: str) -> Reader | None:
    """Return what compares files of that name value by value, if something does."""
    ending = _ending(name)
    return npz_mismatches if ending == "npz" else _PLAIN.get(ending)


def npz_mismatches(was: bytes, now: bytes, tolerance: float) -> Iterator[Mismatch]:
    """Compare two zip files of arrays.

    Raises: Unreadable.
    """
    yield from _zips(was, now, tolerance, 1)


def first_byte(was: bytes, now: bytes) -> int:
    """Return the offset of the first byte that two different files do not share."""
    same = (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b)
    return next(same, min(len(was), len(now)))


def _zips(was: bytes, now: bytes, tolerance: float, depth: int) -> Iterator[Mismatch]:
    old, new = _open(was, depth), _open(now, depth)
    for name in sorted(old.keys() ^ new.keys()):
        yield Mismatch(shown(name), "is gone" if name in old else "is new")
    for name in sorted(old.keys() & new.keys()):
        if old[name] != new[name]:
            yield from _members(name, old[name], new[name], tolerance, depth)


def _members(name: str, was: bytes, now: bytes, tolerance: float, depth: int) -> Iterator[Mismatch]:
    try:
        for found in _inside(name, was, now, tolerance, depth):
            yield replace(found, where=f"{shown(name)}: {found.where}")
    except Unreadable:  # not what its name says: then every byte counts
        yield Mismatch(f"{shown(name)}: byte {first_byte(was, now)}", "differs")


def _inside(name: str, was: bytes, now: bytes, tolerance: float, depth: int) -> Iterator[Mismatch]:
    ending = _ending(name)
    if ending == "npz" and depth < MAX_DEPTH:
        return _zips(was, now, tolerance, depth + 1)
    if ending in _PLAIN:
        return _PLAIN[ending](was, now, tolerance)
    raise Unreadable


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower()


def _open(data: bytes, depth: int) -> dict[str, bytes]:
    most = MAX_UNPACKED >> 2 * (depth - 1)  # what holds it is in memory, too
    if data.count(_ENTRY) > MAX_MEMBERS:  # the directory is read whole, whatever it says it has
        raise Unreadable
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            names = {member.filename for member in members}
            total = sum(member.file_size for member in members)
            if len(names) != len(members) or len(names) > MAX_MEMBERS or total > most:
                raise Unreadable
            return {member.filename: _member(archive, member) for member in members}
    except _MALFORMED:
        raise Unreadable from None


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    if member.compress_type not in PACKINGS:
        raise Unreadable
    with archive.open(member) as file:
        data = file.read(member.file_size + 1)
    if len(data) != member.file_size:  # it claims one size and unpacks to another
        raise Unreadable
    return data
