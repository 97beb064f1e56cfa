"""The page of a run as a file."""

from pathlib import Path

from cli.page.facts import Facts
from cli.page.render import render
from engine.wholefile import whole_file


def write(path: Path, facts: Facts) -> int:
    """Write a page, all of it or none; return its size in bytes.

    Raises: Unavailable when it cannot be written.
    """
    page = render(facts).encode()
    with whole_file(path) as stream:
        stream.write(page)
    return len(page)
