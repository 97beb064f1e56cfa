"""Forms: a run written for others' tools: `tally export RUN PLACE --format FORM`."""

from pathlib import Path
from typing import Final, NamedTuple

from cli.names import is_run
from cli.report import emit_json, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused

CAR: Final = "car"  # a bundle: no form of others'
FORMS: Final = (CAR, "in-toto")


class Form(NamedTuple):
    """What a run is to be written as."""

    name: str
    place: Path
    sha256: bool


def write_form(space: Workspace, settings: Settings, cid: Cid, form: Form) -> None:
    """Write a run for others' tools, and say so.

    Raises: Refused when it is no run; Damaged when something attested in it is forged.
    """
    if not is_run(space, cid):
        what = f"only a run is written as {form.name}"
        raise Refused(what, where=str(cid), fix="name a run, or leave out --format")
    from cli.intoto import export_statements
    from cli.told import open_run

    said = export_statements(space, open_run(space, cid), form.place, sha256=form.sha256)
    if settings.json:
        return emit_json({"cid": str(cid), "file": str(form.place), **said})
    return note(f"{form.place}: {said['statements']} statements, signed by {said['peer']}")
