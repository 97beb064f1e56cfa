"""Supply: the files that a derivation begins with, fetched where they are not in Nix's store yet.

Each by the ordinary client of its kind: wheels by pip, the packages that the recipe's Python is
made of by apt-get. Only what the hash names gets into the store.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from engine.errors import Damaged, StepFailed, Unavailable
from engine.nix.command import Command
from engine.nix.source import Recipe
from engine.nix.storepath import StorePath, fixed_path
from engine.wheels import debs, pip
from engine.wheels.absence import Answer, absent
from engine.wheels.choice import Wheel
from engine.wheels.inputs_lock import Input
from engine.wheels.interpreter import Interpreter
from engine.wheels.lacking import Missing, lacking
from engine.wheels.pinned import Pinned

BUSYBOX: Final = "busybox"  # the one input that is a tree, and comes out of a package
_CHUNK: Final = 1024 * 1024


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
        self._inputs = inputs
        self._tell = tell

    def provide(self, recipe: Recipe, hints: Hints) -> None:
        """Fetch what a derivation needs to be built and its store does not have.

        Raises: Unavailable when it cannot be had; Damaged when other bytes came.
        """
        missing = lacking(recipe.path, self._command.store)
        wheels = [each for each in missing if each.requirement]
        others = [each for each in missing if not each.requirement]
        if others:
            self._tell(f"fetching {len(others)} files that the recipe's Python is made of")
        for each in others:
            self._provide_input(each, hints)
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

    def _provide_input(self, missing: Missing, hints: Hints) -> None:
        if missing.path.name == BUSYBOX:
            self._provide_busybox(missing)
            return
        found = self._inputs.get(missing.sha256)
        if found is None:
            return  # of a recipe that is not ours: Nix says what to do
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            if found.kind == "whl":
                line = f"{found.source} --hash=sha256:{found.sha256}"
                answer = pip.download([line], hints.interpreter, place)
                if answer.wrong:
                    raise _unavailable(found, answer)
                (file,) = place.glob("*.whl")
            else:
                file = debs.download(found.source, place)
            self.add(file, missing.path)

    def _provide_busybox(self, missing: Missing) -> None:
        package = next((each for each in self._inputs.values() if "busybox" in each.name), None)
        if package is None:
            return
        with tempfile.TemporaryDirectory() as directory:
            place = Path(directory)
            program = debs.member(debs.download(package.source, place), "./bin/busybox")
            tree = place / BUSYBOX
            (tree / "bin").mkdir(parents=True)
            (tree / "bin/busybox").write_bytes(program)
            (tree / "bin/busybox").chmod(0o755)
            (tree / "bin/sh").symlink_to("busybox")
            self.add(tree, missing.path, tree=True)


def wheel_path(wheel: Wheel) -> StorePath:
    """Return where the file of a wheel is in Nix's store, or would be."""
    return fixed_path(f"{wheel.label}.whl", "flat", "sha256", bytes.fromhex(wheel.sha256))


def file_hash(file: Path) -> str:
    """Return the sha256 of a file, hexadecimal."""
    digest = hashlib.sha256()
    with file.open("rb") as data:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _unavailable(wanted: Input, answer: Answer) -> Unavailable:
    return Unavailable(
        f"pip cannot fetch {wanted.source}: {answer.wrong}",
        where=wanted.name,
        fix="see that the index which pip is configured for can be reached (pip config list)",
    )
