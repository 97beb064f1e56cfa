"""Source: what an author names an environment by, where Nix is to make it."""

from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.nix.storepath import StorePath
from engine.values import dataclass

UNFETCHED: Final = "file:///run/fetch-inputs/first/"  # where a recipe's missing inputs point


@dataclass(frozen=True, slots=True)
class NixFile:
    """An attribute of a Nix file; "" is the file's own value."""

    file: Path  # absolute
    attribute: str = ""

    def __str__(self) -> str:
        return f"{self.file} {self.attribute}".rstrip()


@dataclass(frozen=True, slots=True)
class Flake:
    """A flake reference, relative to a directory."""

    reference: str  # as "nixpkgs/<rev>#python312" or "./env#numpy"
    directory: Path  # absolute

    def __str__(self) -> str:
        return self.reference


@dataclass(frozen=True, slots=True)
class Stored:
    """A path that is in the Nix store already, or can be substituted."""

    path: StorePath

    def __str__(self) -> str:
        return str(self.path)


@dataclass(frozen=True, slots=True)
class Recipe:
    """Outputs of a derivation that is in the Nix store: what a lock file pins.

    Printed as Nix does, "/nix/store/....drv" or "/nix/store/....drv!bin,dev". With no outputs
    named it is "out", or all of them where none is called that.
    """

    path: StorePath
    outputs: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> "Recipe":
        """Read what str() prints.

        Raises: Refused for anything else.
        """
        path, _, outputs = text.partition("!")
        recipe = cls(StorePath.parse(path), tuple(outputs.split(",")) if outputs else ())
        if not recipe.path.name.endswith(".drv") or not all(recipe.outputs):
            raise Refused(f"not a derivation: '{text[:280]}'", fix="name a path that ends in .drv")
        return recipe

    def __str__(self) -> str:
        return f"{self.path}!{','.join(self.outputs)}" if self.outputs else str(self.path)


Source = NixFile | Flake | Stored | Recipe


@dataclass(frozen=True, slots=True)
class Carried:
    """An environment that is content: to be put into Nix's store (adopt.py)."""

    cid: Cid

    def __str__(self) -> str:
        return str(self.cid)


@dataclass(frozen=True, slots=True)
class Requirements:
    """A lock file of Python packages, and the Python that they are for: what engine/wheels makes.

    `python` is the environment of it, None for the recipe's own.
    """

    file: Path  # absolute
    python: Source | Carried | None = None
    extras: tuple[str, ...] = ()
    groups: tuple[str, ...] | None = None  # None: those that the lock has by default
    without: tuple[str, ...] = ()  # shared libraries that may be missing

    def __str__(self) -> str:
        return str(self.file)
