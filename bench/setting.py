"""Setting: what every part is given: how large to measure, with whom, and where."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

from bench.environments import Environments
from bench.peers import Peers


@dataclass
class Setting:
    """One call of the program."""

    quick: bool
    rounds: int
    cache: Path  # kept from call to call: peers, what takes long to prepare
    scratch: Path  # of this call, on the same file system
    peers: Peers
    say: Callable[[str], None]
    large: bool = False  # measure what takes 30 GiB of disk too

    def __post_init__(self) -> None:
        self._numbers = count(1)

    @cached_property
    def environments(self) -> Environments:
        """The environments of our steps, built by Nix."""
        return Environments(self.cache)

    def size(self, full: int, quick: int) -> int:
        """Return how many, or how much."""
        return quick if self.quick else full

    def folder(self, name: str) -> Path:
        """Return a new, empty folder that is gone when the call ends."""
        folder = self.scratch / f"{name}-{next(self._numbers)}"
        folder.mkdir()
        return folder

    @contextmanager
    def passing(self, name: str) -> Iterator[Path]:
        """Give a new folder that is gone when it is left: for what is large."""
        folder = self.folder(name)
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def lasting(self, name: str) -> Iterator[Path]:
        """Give a new folder that stays until the call ends: for what has many files."""
        yield self.folder(name)

    def prepared(self, name: str, make: Callable[[Path], None]) -> Path:
        """Return a folder of the cache, made by `make` unless an earlier call did."""
        folder = self.cache / "prepared" / name
        if not (folder / ".ready").exists():
            self.say(f"preparing {name}")
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            make(folder)
            (folder / ".ready").touch()
        return folder


def complain(text: str) -> None:
    """Say something that is no result."""
    print(f"bench: {text}", file=sys.stderr, flush=True)
