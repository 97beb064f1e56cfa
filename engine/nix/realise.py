"""Realise: from a source to store paths that exist, by asking Nix (command.py runs it).

Only Nix's classic commands, whose output has stayed the same from 2.8 on, and `nix build` for
flakes, read tolerantly. Nothing that Nix prints for people decides anything here; it is shown.
"""

import hashlib
import json
import platform
import re
from pathlib import Path
from typing import Final

from engine.errors import Differs, Refused, StepFailed, Unavailable
from engine.nix import derivation, nix32
from engine.nix.command import Command, Finished
from engine.nix.nixstore import NixStore
from engine.nix.outputs import Hasher
from engine.nix.recheck import differing, forget
from engine.nix.source import UNFETCHED, Flake, NixFile, Recipe, Source, Stored
from engine.nix.storepath import StorePath
from engine.values import dataclass

SHOWN_LINES: Final = 20  # of a build's log in its error
_NOT_DETERMINISTIC: Final = 104  # exit status of `nix-store --check`, Nix 2.8 to 2.36


@dataclass(frozen=True, slots=True)
class Realised:
    """Store paths that exist."""

    system: str  # as "x86_64-linux"
    recipe: Recipe | None  # what a lock pins; None for a path given as such
    paths: tuple[StorePath, ...]  # sorted
    store: NixStore  # where they are


class Realiser:
    """Makes sources exist in one Nix store."""

    def __init__(self, command: Command, roots: Path) -> None:
        """Keep what is made from Nix's own garbage collection by links in `roots`."""
        self._command = command
        self._roots = roots

    def realise(self, source: Source) -> Realised:
        """Evaluate and build.

        Raises: Refused for what does not evaluate; StepFailed for what does not build, with the
        end of its log; Unavailable when Nix, or a path that only others have, is not here;
        Damaged for a derivation whose output paths do not follow from it.
        """
        self._roots.mkdir(mode=0o700, parents=True, exist_ok=True)
        root = self._roots / nix32.encode(hashlib.sha256(str(source).encode()).digest()[:20])
        if isinstance(source, Stored):
            paths = self._build(str(source.path), root, source)
            return Realised(_this_system(), None, paths, self._command.store)
        recipe = source if isinstance(source, Recipe) else self.evaluate(source)
        system, recipe = self._resolve(recipe)
        # Nix would build every output of a derivation that is named without any
        wanted = str(recipe) if recipe.outputs else f"{recipe}!out"
        paths = self._build(wanted, root, source)
        return Realised(system, recipe, paths, self._command.store)

    def evaluate(self, source: NixFile | Flake) -> Recipe:
        """Evaluate without building.

        Raises: Refused when it does not evaluate to one derivation; Unavailable with no Nix.
        """
        if isinstance(source, Flake):
            return self._evaluate_flake(source)
        if not source.file.exists():
            fix = "correct its path: it is relative to the workflow file"
            raise Refused("there is no such Nix file", where=str(source.file), fix=fix)
        attribute = ("-A", source.attribute) if source.attribute else ()
        # no root for the derivation: its output, built next, gets one, and the lock can do without
        ended = self._command.run("nix-instantiate", str(source.file), *attribute)
        if ended.code:
            place = _place(ended) or str(source.file)
            raise Refused(_error(ended), where=place, fix="correct the Nix file")
        found = ended.output.split()
        if len(found) != 1:
            raise Refused(
                f"this is {len(found)} derivations, not one",
                where=str(source.file),
                fix="name one of them by `attribute`",
            )
        return Recipe.parse(found[0])

    def check(self, recipe: Recipe) -> None:
        """Build a derivation that was built before once more, and compare.

        Raises: Differs when it gives other bytes; StepFailed when it does not build now.
        """
        options = ("--realise", "--check", "--keep-failed")
        ended = self._command.run("nix-store", *options, str(recipe.path))
        forget(ended.messages, recipe.path)
        if ended.code == _NOT_DETERMINISTIC:
            hashes = differing(self._command.store, self.outputs(recipe))
            what = "\n".join((_error(ended), *hashes))
            raise Differs(what, where=str(recipe.path), fix="find what varies in its build")
        if ended.code:
            raise self._failed(ended, recipe)

    def outputs(self, recipe: Recipe) -> dict[str, str]:
        """Return the store paths of a derivation's outputs, by name.

        Raises: Unavailable when it is not in the store.
        """
        parsed = load(str(recipe.path), self._command.store)
        return {name: output.path for name, output in parsed.outputs.items()}

    def _evaluate_flake(self, source: Flake) -> Recipe:
        options = ("--dry-run", "--json", "--no-link", "--no-write-lock-file")
        ended = self._command.run(
            "nix", "build", *options, source.reference, directory=source.directory
        )
        if ended.code:
            raise Refused(_error(ended), where=source.reference, fix="correct the flake reference")
        return _flake_recipe(ended.output, source.reference)

    def _resolve(self, recipe: Recipe) -> tuple[str, Recipe]:
        """Return what system a derivation is for, and it with its outputs named.

        Raises: Damaged when its output paths do not follow from it; Unavailable when it is gone.
        """
        store = self._command.store
        parsed = load(str(recipe.path), store)
        Hasher(lambda path: load(path, store)).check(recipe.path, parsed)
        missing = set(recipe.outputs) - set(parsed.outputs)
        if missing:
            raise Refused(
                f"the derivation has no output '{min(missing)}'",
                where=str(recipe.path),
                fix=f"it has {', '.join(sorted(parsed.outputs))}",
            )
        system = _this_system() if parsed.system == "builtin" else parsed.system
        if recipe.outputs or "out" in parsed.outputs:
            return system, recipe
        return system, Recipe(recipe.path, tuple(sorted(parsed.outputs)))

    def _build(self, wanted: str, root: Path, source: Source) -> tuple[StorePath, ...]:
        ended = self._command.run(
            "nix-store", "--realise", wanted, "--add-root", str(root), "--indirect"
        )
        if ended.code:
            raise self._failed(ended, source)
        links = map(Path, ended.output.splitlines())  # with a root, Nix prints the links it made
        return tuple(sorted({StorePath.parse(str(link.readlink())) for link in links}))

    def _failed(self, ended: Finished, source: Source) -> StepFailed | Unavailable:
        log = "\n".join(ended.messages[-SHOWN_LINES:])
        if isinstance(source, Stored):
            return Unavailable(
                f"this store path cannot be had: {_error(ended)}",
                where=str(source),
                fix="give the environment by {nix} or {cid}",
            )
        fix = "correct what its log complains of"
        if UNFETCHED in log:
            store = "" if self._command.store.is_system else f" --store {self._command.store.root}"
            fix = f"fetch the recipe's pinned inputs first: {_fetcher(source)}{store}"
        return StepFailed(f"the environment does not build\n{log}", where=str(source), fix=fix)


def _fetcher(source: Source) -> str:
    """Return the command that fetches a recipe's inputs, where it is beside the recipe."""
    folder = source.file.parent if isinstance(source, NixFile) else None
    if folder is None or not (folder / "fetch-inputs").is_file():
        return "fetch-inputs DIR"
    options = f". {folder}/nixenv.sh; " if (folder / "nixenv.sh").is_file() else ""
    return f"{options}{folder}/fetch-inputs ~/.cache/tallystick/inputs"


def load(path: str, store: NixStore) -> derivation.Derivation:
    """Return a derivation that is in the store.

    Raises: Unavailable when it is not.
    """
    try:
        return derivation.parse(store.physical(StorePath.parse(path)).read_bytes())
    except OSError:
        raise Unavailable(
            "this derivation is not in the Nix store",
            where=path,
            fix="evaluate its source again: `tally env build WORKFLOW`",
        ) from None


def _flake_recipe(output: str, reference: str) -> Recipe:
    """Read what `nix build --json` says: a list of {drvPath, outputs}, with more in later Nix."""
    try:
        (built,) = json.loads(output)
        path, outputs = built["drvPath"], built["outputs"]
        names = tuple(sorted(outputs)) if isinstance(outputs, dict) else ()
    except (ValueError, TypeError, KeyError):
        raise Refused(
            "this flake output is not one derivation",
            where=reference,
            fix="name a package: FLAKE#NAME",
        ) from None
    return Recipe(StorePath.parse(path), () if names == ("out",) else names)


def _place(ended: Finished) -> str:
    """Return where Nix says that the mistake is, as file:line:column; "" when it does not."""
    found = (re.fullmatch(r"\s*at (\S.*:\d+:\d+):", line) for line in ended.messages)
    return next((each[1] for each in found if each), "")


def _error(ended: Finished) -> str:
    """Return what Nix said was wrong, without what it said before."""
    lines = list(ended.messages)
    starts = [place for place, line in enumerate(lines) if line.startswith("error: ")]
    text = "\n".join(lines[starts[0] :] if starts else lines[-SHOWN_LINES:])
    return text.removeprefix("error: ").strip() or f"Nix ended with status {ended.code}"


def _this_system() -> str:
    return f"{platform.machine()}-{platform.system().lower()}"
