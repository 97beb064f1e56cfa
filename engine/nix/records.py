"""Closure and Environment: what an environment is, and how it is carried. Pure.

A Closure holds no links to packaging, no signatures and nothing about who built it: the same
bytes at the same store paths have the same CID on every machine. Step keys hold the Closure.
"""

from collections.abc import Sequence
from typing import Final

from engine.content.cid import Cid
from engine.content.names import impossible_path
from engine.content.schema import Record
from engine.errors import Damaged, Refused
from engine.nix.storepath import STORE_DIR, StorePath
from engine.values import dataclass

SHA256: Final = 32  # bytes


@dataclass(frozen=True, slots=True)
class ClosurePath:
    """One store path: its base name, what is in it, and the paths it needs."""

    name: str  # "<32 characters>-<name>", without the store directory
    nar_hash: bytes  # sha256 of its NAR, 32 bytes
    nar_size: int  # bytes
    references: tuple[str, ...]  # base names, sorted; all of them are in the same Closure


@dataclass(frozen=True, slots=True)
class Closure:
    """What an environment is: all its store paths, sorted by name."""

    store_dir: str  # "/nix/store"
    system: str
    roots: tuple[str, ...]  # base names, sorted
    search_path: tuple[str, ...]  # directories for PATH, absolute, in the order of the roots
    paths: tuple[ClosurePath, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """How a Closure is carried: a NAR per path, and the same as a Nix binary cache."""

    closure: Cid
    nars: dict[str, Cid]  # base name -> UnixFS file of the NAR
    cache: Cid  # a UnixFS directory that is a Nix binary cache of exactly this closure


def _check_closure(closure: Closure) -> None:
    if closure.store_dir != STORE_DIR:  # compiled into what is in the store: no other place will do
        raise Damaged(f"a store at '{closure.store_dir[:80]}' and not {STORE_DIR}")
    names = [path.name for path in closure.paths]
    present = frozenset(names)
    _check_names(names, present, "paths")
    _check_names(closure.roots, present, "roots")
    if not names or not closure.roots:
        raise Damaged("it has no paths or no roots")
    for path in closure.paths:
        _check_base(path.name)
        _check_names(path.references, present, f"references of {path.name}")
        if len(path.nar_hash) != SHA256 or path.nar_size < 0:
            raise Damaged(f"{path.name} has no NAR hash and size")
    for directory in closure.search_path:
        _check_directory(directory, present)


def _check_names(names: Sequence[str], present: frozenset[str], what: str) -> None:
    """Check that names are in the closure, sorted, and none comes twice."""
    if not present.issuperset(names):
        raise Damaged(f"its {what} are not all in it")
    if list(names) != sorted(set(names)):
        raise Damaged(f"its {what} are not sorted, or one comes twice")


def _check_base(name: str) -> None:
    try:
        parsed = StorePath.parse(name)
    except Refused as refused:
        raise Damaged(refused.what) from None
    if parsed.base != name:
        raise Damaged(f"not the base name of a store path: '{name[:280]}'")


def _check_directory(directory: str, present: frozenset[str]) -> None:
    inside = directory.removeprefix(f"{STORE_DIR}/")
    base = inside.partition("/")[0]
    if inside == directory or base not in present or ":" in inside or impossible_path(inside):
        raise Damaged(f"'{directory[:280]}' is not a directory in it, for PATH")


def _check_environment(environment: Environment) -> None:
    if not environment.nars:
        raise Damaged("it carries no NAR")
    for name in environment.nars:
        _check_base(name)


CLOSURE: Final = Record("tallystick/closure/1", Closure, _check_closure)
ENVIRONMENT: Final = Record("tallystick/environment/1", Environment, _check_environment)
