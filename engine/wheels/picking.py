"""Picker: the wheel of every package of a selection, asking pip where the lock does not say.

A requirements.txt has hashes and no file names. Of several hashes pip, which has the index's list
of files, says which is the wheel; its answer is kept (choices.py).
"""

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from engine.errors import Refused
from engine.wheels import pip
from engine.wheels.absence import absent
from engine.wheels.choice import Wheel, check_file, choose
from engine.wheels.choices import Choices
from engine.wheels.file_hash import file_hash
from engine.wheels.interpreter import Interpreter
from engine.wheels.pinned import Pinned, Selection
from engine.wheels.supply import Hints, Supply, wheel_path

MAX_WHEEL: Final = 8 * 2**30  # bytes of one file; the largest on the index have 3 GB


class Picker:
    """Picks wheels; what pip fetches on the way is put into Nix's store."""

    def __init__(self, supply: Supply, choices: Choices, tell: Callable[[str], None]) -> None:
        """`tell` hears what is fetched."""
        self._supply = supply
        self._choices = choices
        self._tell = tell

    def pick(
        self, selection: Selection, interpreter: Interpreter, base: Path
    ) -> tuple[tuple[Wheel, ...], Hints]:
        """Return the wheels, sorted by name, and where they are; `base`: where the lock is.

        Raises: Refused for a package with no wheel for the interpreter; Unavailable when pip
        cannot be asked.
        """
        options = tuple(_rooted(option, base) for option in selection.options)
        found: dict[str, Wheel] = {}
        unknown: list[Pinned] = []
        for package in selection.packages:
            wheel = choose(package, interpreter) or self._known(package, interpreter)
            if wheel is None:
                unknown.append(package)
            else:
                found[package.name] = _at(wheel, base)
        found |= self._fetch(unknown, interpreter, options)
        wheels = tuple(found[name] for name in sorted(found))
        return wheels, Hints(interpreter, {wheel.sha256: wheel for wheel in wheels}, options)

    def _known(self, package: Pinned, interpreter: Interpreter) -> Wheel | None:
        digest = self._choices.get(package, interpreter)
        if digest is None:
            return None
        return Wheel(package.name, package.version, digest, package.where)

    def _fetch(
        self, packages: list[Pinned], interpreter: Interpreter, options: tuple[str, ...]
    ) -> dict[str, Wheel]:
        """Have pip choose and fetch: all at once, and where that fails one by one."""
        if not packages:
            return {}
        self._tell(f"fetching {len(packages)} wheels with pip")
        found = self._ask(packages, interpreter, options, explain=False)
        for package in packages:
            if package.name not in found:
                found |= self._ask([package], interpreter, options, explain=True)
        return found

    def _ask(
        self,
        packages: list[Pinned],
        interpreter: Interpreter,
        options: tuple[str, ...],
        *,
        explain: bool,
    ) -> dict[str, Wheel]:
        """Return what pip fetched; with `explain`, raise why it did not."""
        lines = [_line(each) for each in packages]
        with tempfile.TemporaryDirectory() as directory:
            answer = pip.download(lines, interpreter, Path(directory), options, explain=explain)
            if answer.wrong and explain:
                raise absent(packages[0], interpreter, answer)
            files = sorted(Path(directory).glob("*.whl")) if not answer.wrong else []
            wheels = [self._keep(file, packages, interpreter) for file in files]
        return {wheel.name: wheel for wheel in wheels}

    def _keep(self, file: Path, packages: list[Pinned], interpreter: Interpreter) -> Wheel:
        """Put a wheel that pip chose into the store, and remember the choice."""
        digest = file_hash(file)
        package = next((each for each in packages if digest in each.hashes), None)
        if package is None or file.stat().st_size > MAX_WHEEL:
            what = f"pip fetched {file.name}, which is too large or has no hash in the lock"
            raise Refused(what, fix="lock another version of it")
        check_file(package, file.name, interpreter)
        wheel = Wheel(package.name, package.version, digest, package.where)
        self._supply.add(file, wheel_path(wheel))
        self._choices.put(package, interpreter, digest)
        return wheel


def _line(package: Pinned) -> str:
    hashes = " ".join(f"--hash=sha256:{digest}" for digest in package.hashes)
    return f"{package.name}=={package.version} {hashes}"


def _rooted(option: str, base: Path) -> str:
    """Return an option of pip with a directory as it is from anywhere."""
    name, _, value = option.partition("=")
    if name == "--find-links" and "://" not in value and "$" not in value:
        return f"{name}={(base / value).resolve()}"
    return option


def _at(wheel: Wheel, base: Path) -> Wheel:
    """Return a wheel whose address, if it is a path, is one from anywhere."""
    if not wheel.address or "://" in wheel.address:
        return wheel
    return replace(wheel, address=(base / wheel.address).resolve().as_uri())
