"""`tally fsck`: whether everything in a home is right, and what can be done where it is not."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.options import common, offline
from cli.report import emit_json, emit_table, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Damaged, Unavailable

if TYPE_CHECKING:
    from engine.sqlite import Schema
    from engine.store.fsck import Finding

Findings = dict["Finding", None]  # in the order in which they were found, each once

_ROUNDS: Final = 3  # what is had again may show what else is missing: a run, steps, outputs


@click.command()
@click.option("--repair", is_flag=True, help="Have again what is damaged or missing, if possible.")
@common
@offline
def fsck(settings: Settings, repair: bool) -> None:
    """Check every stored byte against its address, and that what runs need is here.

    What is damaged is put out of the way; --repair has it again from another copy, from peers or
    IPFS, or by running its step again. What 'tally gc' took on purpose is not missed.
    """
    found, left = _mended(settings) if repair else _checked(settings.home)
    lost = {one.cid for one in left if one.cid}  # damaged, put aside, and still wanted
    wrong = [one for one in found if one in left or one.cid in lost]
    if settings.json:
        emit_json({"findings": [_as_json(one, one not in wrong) for one in found]})
    else:
        emit_table([_as_row(one, one not in wrong) for one in found])
    damaged = [one for one in wrong if one.problem == "damaged"]
    if damaged:
        raise Damaged(f"{len(damaged)} damaged", where=damaged[0].where, fix=damaged[0].fix)
    if wrong:
        raise Unavailable(f"{len(wrong)} missing", where=wrong[0].where, fix=wrong[0].fix)
    return note("all of it was repaired" if found else "everything is right")


def _checked(home: Path) -> tuple[Findings, Findings]:
    """Return what is wrong, and what is left of that: the same."""
    from engine.database import SCHEMA
    from engine.salvage import is_sound
    from engine.store.index import SCHEMA as INDEX
    from engine.trust.book import SCHEMA as TRUST
    from engine.trust.book import TRUST_FILE
    from peers.bindings_schema import NAME
    from peers.bindings_schema import SCHEMA as NAMES

    files = ((home / "state.db", SCHEMA), (home / "store" / "index.db", INDEX))
    found = {_unreadable(path, schema): None for path, schema in files if not is_sound(path)}
    if not found:  # else nothing can be opened
        with Workspace(home) as space:
            found = _look(space)
    for path, schema in ((home / NAME, NAMES), (home / TRUST_FILE, TRUST)):
        if not is_sound(path):
            found[_unreadable(path, schema)] = None
    return found, found


def _mended(settings: Settings) -> tuple[Findings, Findings]:
    """Return what was wrong, and what still is after all that could be done."""
    from cli.mend import drop_unknown, mend, mend_databases

    home = settings.home
    with Workspace(home, writing=True):
        found = dict.fromkeys(mend_databases(home))
    with Workspace(home, writing=True, online=settings) as space:
        left = _look(space)
        found |= left
        for _ in range(_ROUNDS if found else 0):
            mend(space, tuple(left))
            left = _look(space)
            found |= left
            if not left:
                break
        drop_unknown(space)
    return found, left


def _look(space: Workspace) -> Findings:
    from engine.checkup import Checkup

    parts = (space.work, space.store, space.materialiser, space.database, space.journal)
    return dict.fromkeys(Checkup(*parts).findings())


def _unreadable(path: Path, schema: "Schema") -> "Finding":
    from engine.store.fsck import REPAIR, Finding

    return Finding("damaged", None, f"{schema.what} is damaged", str(path), REPAIR)


def _as_json(one: "Finding", repaired: bool) -> dict[str, object]:
    return {
        "problem": one.problem,
        "cid": str(one.cid) if one.cid else None,
        "what": one.what,
        "where": one.where,
        "fix": one.fix,
        "repaired": repaired,
    }


def _as_row(one: "Finding", repaired: bool) -> tuple[str, ...]:
    return (one.problem, one.what, one.where, "repaired" if repaired else one.fix)
