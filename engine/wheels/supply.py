"""Supply: the files that a derivation begins with, fetched where they are not in Nix's store yet.

Each by the ordinary client of its kind: wheels by pip, the packages that the recipe's Python is
made of by apt-get. Only what the hash names gets into the store.
"""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path

from engine.errors import Damaged, StepFailed
from engine.nix.command import Command
from engine.nix.source import Recipe
from engine.nix.storepath import StorePath, fixed_path
from engine.values import dataclass
from engine.wheels import pip
from engine.wheels.absence import Answer, absent
from engine.wheels.choice import Wheel
from engine.wheels.file_hash import file_hash
from engine.wheels.inputs_lock import Input
from engine.wheels.interpreter import Interpreter
from engine.wheels.lacking import Missing, lacking
from engine.wheels.pinned import Pinned
from engine.wheels.recipe_inputs import RecipeInputs


@dataclass(frozen=True, slots=True)
class Hints:
    """What a lock file says besides hashes: where its wheels are."""

    interpreter: Interpreter
    wheels: Mapping[str, Wheel] = field(default_factory=dict)  # by sha256
    options: tuple[str, ...] = ()  # of pip


class Supply:
    """Fetches for one Nix store."""

    def __init__(
        self, command: Command, inputs: Mapping[str, Input], tell: Callable[[str], None]
    ) -> None:
        """`inputs`: what the recipe's own Python is made of, by hash; `tell` hears what is done."""
        self._command = command
        self._recipe = RecipeInputs(inputs, self.add, tell)
        self._tell = tell

    def provide(self, recipe: Recipe, hints: Hints) -> None:
        """Fetch what a derivation needs to be built and its store does not have.

        Raises: Unavailable when it cannot be had; Damaged when other bytes came.
        """
        missing = lacking(recipe.path, self._command.store)
        wheels = [each for each in missing if each.requirement]
        others = [each for each in missing if not each.requirement]
        self._recipe.provide(others, hints.interpreter)
        if wheels:
            self.fetch_wheels(wheels, hints)

    def fetch_wheels(self, wanted: Iterable[Missing], hints: Hints) -> None:
        """Fetch wheels by pip: all at once, and where that fails one by one, to say which."""
        waiting = {each.sha256: each for each in wanted}
        self._tell(f"fetching {len(waiting)} wheels with pip")
        lines = [f"{each.requirement} --hash=sha256:{each.sha256}" for each in waiting.values()]
        self._take(lines, hints, waiting)
        for each in list(waiting.values()):
            self._fetch_one(each, hints, waiting)

    def _fetch_one(self, wanted: Missing, hints: Hints, waiting: dict[str, Missing]) -> None:
        hashed = f"--hash=sha256:{wanted.sha256}"
        known = hints.wheels.get(wanted.sha256)
        name = wanted.requirement.partition("==")[0]
        lines = [f"{wanted.requirement} {hashed}"]
        if known is not None and known.address:
            lines.append(f"{name} @ {known.address} {hashed}")
        first: Answer | None = None
        for line in lines:
            answer = self._take([line], hints, waiting, explain=True)
            first = first or answer
            if wanted.sha256 not in waiting:
                return
        name, _, version = wanted.requirement.partition("==")
        where = known.where if known is not None else str(wanted.path)
        raise absent(
            Pinned(name, version, where, has_source=True), hints.interpreter, first or Answer("")
        )

    def _take(
        self, lines: list[str], hints: Hints, waiting: dict[str, Missing], *, explain: bool = False
    ) -> Answer:
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            answer = pip.download(lines, hints.interpreter, place, hints.options, explain=explain)
            if not answer.wrong:
                self._keep(place, waiting)
            return answer

    def _keep(self, directory: Path, waiting: dict[str, Missing]) -> None:
        """Put what was fetched and is waited for into the store."""
        for file in sorted(directory.glob("*.whl")):
            if (wanted := waiting.pop(file_hash(file), None)) is not None:
                self.add(file, wanted.path)

    def add(self, file: Path, path: StorePath, *, tree: bool = False) -> None:
        """Put a file, or a tree, into Nix's store.

        Raises: Damaged when it is not what the path is named after.
        """
        named = file.with_name(path.name)
        if named != file:
            file.rename(named)
        recursive = ("--recursive",) if tree else ()
        ended = self._command.run("nix-store", "--add-fixed", *recursive, "sha256", str(named))
        if ended.code:
            what = f"Nix does not take {path.name}: {' '.join(ended.messages)[-400:]}"
            raise StepFailed(what, where=str(path), fix="see what it says")
        if ended.output.strip() != str(path):
            raise Damaged(f"{path.name} has other bytes than its hash says", where=str(path))


def wheel_path(wheel: Wheel) -> StorePath:
    """Return where the file of a wheel is in Nix's store, or would be."""
    return fixed_path(f"{wheel.label}.whl", "flat", "sha256", bytes.fromhex(wheel.sha256))
