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
IN_TOTO: Final = "in-toto"
RO_CRATE: Final = "ro-crate"
FORMS: Final = (CAR, IN_TOTO, RO_CRATE)


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
    if form.sha256 and form.name != IN_TOTO:
        raise Refused("--sha256 is of statements", fix=f"add --format {IN_TOTO}, or leave it out")
    from cli.intoto import export_statements, who_of
    from cli.told import open_run

    run, said = open_run(space, cid), {"cid": str(cid), "file": str(form.place)}
    if form.name == RO_CRATE:
        from cli.crate import export_crate

        count = export_crate(space, run, form.place, who_of)
        told: dict[str, object] = {"data": count}
        words = f"a crate of {count} files and folders"
    else:
        told = export_statements(space, run, form.place, sha256=form.sha256)
        words = f"{told['statements']} statements, signed by {told['peer']}"
    return emit_json({**said, **told}) if settings.json else note(f"{form.place}: {words}")
