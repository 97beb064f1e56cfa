"""Building an environment once more, and saying under the home's key what came out."""

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from cli.builders import keep
from cli.report import note
from cli.workspace import Workspace
from engine.errors import Differs, NotHere
from engine.nix.source import Recipe
from engine.step import SYSTEM

if TYPE_CHECKING:
    from engine.content.cid import Cid
    from engine.environments import Settled
    from engine.nix.environment import Opened
    from engine.nix.records import Closure

MOST_NAMED: Final = 20  # store paths that differ


def check(
    space: Workspace, name: str, again: "Settled", locked: "Cid | None", workflow: Path
) -> None:
    """Build a derivation once more, attest what came out, and compare with what is locked.

    Raises: Differs when it gives other bytes, or is not what is locked; StepFailed when it does
    not build now.
    """
    if derivation := again.pin.systems[SYSTEM].derivation:
        recipe = Recipe.parse(derivation)
        space.realiser.check(recipe)
        attest(space, recipe, again.opened)
    if locked is not None and locked != again.opened.cid:
        for line in _how(space, locked, again):
            note(line)
        raise Differs(
            f"environment '{name}' builds to {again.opened.cid}",
            where=f"locked: {locked}",
            fix=f"'tally env lock {workflow}' takes the new one",
        )
    note(f"environment '{name}' builds to the same bytes")


def require(differ: Mapping[str, Differs]) -> None:
    """Say of each environment what differs.

    Raises: Differs when any does.
    """
    if len(differ) == 1:
        raise next(iter(differ.values()))
    for name, error in differ.items():
        note(f"'{name}': {error.what}")
        note(f"  at: {error.where}")
    if differ:
        fix = next(iter(differ.values())).fix
        raise Differs(f"{len(differ)} environments differ: {', '.join(differ)}", fix=fix)


def attest(space: Workspace, recipe: Recipe, opened: "Opened") -> None:
    """Sign that building a derivation gave an environment, and keep that."""
    from cli.sandboxes import this_machine
    from engine.built import BuildAttestation, outputs_of, sign
    from engine.clock import SystemClock
    from peers.keyring import Keyring

    said = BuildAttestation(
        derivation=str(recipe.path),
        system=opened.closure.system,
        outputs=outputs_of(opened.closure, space.realiser.outputs(recipe)),
        closure=opened.closure_cid,
        built_ms=SystemClock().now_ms(),
        nix_version=space.nix.version(),
        machine=this_machine(),
    )
    keep(space, [sign(said, Keyring(space.home / "keys").identity())])


def _how(space: Workspace, locked: "Cid", again: "Settled") -> list[str]:
    """Return which store paths are not as they are locked, as far as those are here."""
    from engine.nix.environment import open_environment

    with suppress(NotHere):
        was = open_environment(space.store, locked).closure
        return different(was, again.opened.closure)
    return []


def different(was: "Closure", now: "Closure") -> list[str]:
    """Return a line for each store path of which two closures do not say the same."""
    old, new = ({path.name: path for path in one.paths} for one in (was, now))
    lines = []
    for path in sorted(old.keys() | new.keys()):
        if path not in new:
            lines.append(f"{path}: not in what was built now")
        elif path not in old:
            lines.append(f"{path}: not in what is locked")
        elif old[path] != new[path]:
            hashes = f"NAR {old[path].nar_hash.hex()} was locked, {new[path].nar_hash.hex()} is now"
            lines.append(f"{path}: {hashes}")
    more = [f"and {len(lines) - MOST_NAMED} more"] if len(lines) > MOST_NAMED else []
    return [*lines[:MOST_NAMED], *more]
