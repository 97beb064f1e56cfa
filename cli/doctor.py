"""`tally doctor`: what is here, what is missing, and the fix."""

import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from cli import ipfs
from cli.options import common, ipfs_node
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import TallyError, Unavailable
from engine.sandbox.probe import Finding, probe

_ROOM: Final = 2 * 2**30  # bytes; a scientific environment and what a run makes with it
_OLDEST_SQLITE: Final = (3, 37, 0)


@click.command()
@ipfs_node
@common
def doctor(settings: Settings) -> None:
    """Say what is here, what is missing, and the fix."""
    with Workspace(settings.home) as space:
        findings = [*_findings(space), *ipfs.findings(settings), *probe()]
    if settings.json:
        emit_json(
            {
                "findings": [
                    {
                        "what": one.what,
                        "ok": one.fine,
                        "needed": one.needed,
                        "detail": one.detail,
                        "fix": "" if one.fine else one.fix,
                    }
                    for one in findings
                ]
            }
        )
    else:
        emit_table([(_mark(one), one.what, one.detail) for one in findings])
    broken = [one for one in findings if not one.fine]
    for one in broken if not settings.json else ():
        note(f"{one.what}: {one.fix}")
    if any(one.needed for one in broken):
        raise Unavailable("steps cannot run on this machine yet", fix="see what is marked 'no'")


def _mark(one: Finding) -> str:
    return "yes" if one.fine else "no" if one.needed else "-"


def _findings(space: Workspace) -> Iterator[Finding]:
    yield _home(space.home)
    yield Finding(
        "sqlite",
        sqlite3.sqlite_version_info >= _OLDEST_SQLITE,
        True,
        sqlite3.sqlite_version,
        "use a Python with a newer SQLite",
    )
    yield _nix(space)


def _home(home: Path) -> Finding:
    free = shutil.disk_usage(home).free
    if not os.access(home, os.W_OK):
        fix = "runs can be shown; to make some, name a directory of yours with TALLY_HOME"
        return Finding("home", False, True, f"{home}, which cannot be written", fix)
    fix = f"make {human_size(_ROOM)} of room there, or name another directory with TALLY_HOME"
    return Finding("home", free >= _ROOM, True, f"{home}, {human_size(free)} free", fix)


def _nix(space: Workspace) -> Finding:
    """Look for Nix, which only authoring environments needs."""
    fix = "apt install nix-bin (or see nixos.org); only making environments needs it"
    if shutil.which("nix-store") is None:
        return Finding("nix", False, False, "not installed", fix)
    try:
        asked = space.nix.run("nix-store", "--version")
    except TallyError as error:
        return Finding("nix", False, False, error.what, error.fix or fix)
    if asked.code:
        return Finding("nix", False, False, f"'nix-store --version' exits with {asked.code}", fix)
    where = "the system's store" if space.nix.store.is_system else f"a store in {space.home}/nix"
    return Finding("nix", True, False, f"{asked.output.strip()}, {where}", "")
