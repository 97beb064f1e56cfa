"""Inventory: what Nix knows of the paths that some paths need."""

from collections.abc import Iterator
from typing import Final

from engine.errors import Unavailable
from engine.nix.command import Command
from engine.nix.records import ClosurePath
from engine.nix.storepath import StorePath

AT_ONCE: Final = 1_000  # paths named in one command: 60 bytes each, and Linux takes 2 MB


def inventory(command: Command, roots: tuple[StorePath, ...]) -> tuple[ClosurePath, ...]:
    """Return all that `roots` need, themselves too, sorted by name.

    Raises: Unavailable when one of them is not in Nix's store.
    """
    needed = _ask(command, "--query", "--requisites", *map(str, roots)).split()
    found: list[ClosurePath] = []
    for start in range(0, len(needed), AT_ONCE):
        dump = _ask(command, "--dump-db", *needed[start : start + AT_ONCE])
        found += _registrations(iter(dump.splitlines()))
    return tuple(sorted(found, key=lambda path: path.name))


def _registrations(lines: Iterator[str]) -> Iterator[ClosurePath]:
    """Read what Nix calls registrations: a line for each value, as many references as counted."""
    for path in lines:
        digest, size, _deriver, count = (next(lines) for _ in range(4))
        references = sorted(StorePath.parse(next(lines)).base for _ in range(int(count)))
        yield ClosurePath(
            name=StorePath.parse(path).base,
            nar_hash=bytes.fromhex(digest.removeprefix("sha256:")),
            nar_size=int(size),
            references=tuple(references),
        )


def _ask(command: Command, *arguments: str) -> str:
    ended = command.run("nix-store", *arguments)
    if ended.code:
        raise Unavailable(
            "Nix does not know all of an environment: " + "\n".join(ended.messages),
            fix="build it again: `tally env build`",
        )
    return ended.output
