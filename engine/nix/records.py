"""Closure and Environment: what an environment is, and how it is carried. Pure.

A Closure holds no links to packaging, no signatures and nothing about who built it: the same
bytes at the same store paths have the same CID on every machine. Step keys hold the Closure.
"""

from dataclasses import dataclass
from typing import Final

from engine.content.cid import Cid
from engine.content.schema import Record


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


CLOSURE: Final = Record("tallystick/closure/1", Closure)
ENVIRONMENT: Final = Record("tallystick/environment/1", Environment)
