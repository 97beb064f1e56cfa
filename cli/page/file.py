"""The page of a run as a file. It takes the place of another such page, and of nothing else."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from cli.page.facts import Facts
from cli.page.render import render
from engine.errors import Refused
from engine.wholefile import whole_file

_OURS: Final = b'<meta name="generator" content="tallystick '
_HEAD: Final = 2_000  # bytes, in which every page says whose it is


def write(path: Path, facts: Facts) -> int:
    """Write a page, all of it or none; return its size in bytes.

    Raises: as `page_file`.
    """
    page = render(facts).encode()
    with page_file(path) as stream:
        stream.write(page)
    return len(page)


@contextmanager
def page_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for a page, as `whole_file` does.

    Raises: Refused when there is a file that is no page of ours; as `whole_file`.
    """
    if path.is_file() and _OURS not in _head(path):
        fix = "name another file, or move that one away"
        what = "there is a file already, which is no page of a run"
        raise Refused(what, where=str(path), fix=fix)
    with whole_file(path) as stream:
        yield stream


def _head(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_HEAD)
    except OSError:
        return b""  # what cannot be read is not known to be ours
