"""`tally export RUN FOLDER --format ro-crate`: a run as a Provenance Run Crate.

What is said is made in engine/crate.py; `rocrate` writes it down, and the content stands beside it.
"""

import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Final

from cli.told import Run, Told, told_of
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.content.reader import stat
from engine.content.walk import open_tree
from engine.crate import TERMS, WORKFLOW_FILE, About, Crate, Kind
from engine.errors import Refused, Unavailable
from engine.statement import Done, Who
from engine.step import GATHER_PAGE_RECORD, Gather
from engine.store.get import get_tree
from engine.summary import load_workflow
from engine.workflow.as_data import as_data
from engine.workflow.lock import LOCK

_RO_CRATE: Final = "1.1"  # the one that the profile of runs is of


def export_crate(space: Workspace, run: Run, folder: Path, who: Who) -> int:
    """Write a run as a crate, in a folder that is there only when it is whole; return its files.

    Raises: Refused when it cannot be written there, or no step gave a result; NotHere when the
    run is not all here.
    """
    told = told_of(space, run, sha256=False)
    if not told.done:
        raise Refused("a run of which no step gave a result is no crate", fix="run it again")
    if folder.exists():
        raise Refused("there is something already", where=str(folder), fix="name a new folder")
    crate = Crate(_about(space, run, told), who)
    try:
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name[:80]}.", dir=folder.parent))
    except OSError as error:
        fix = "name a folder in a directory that is there and yours"
        raise Refused(f"cannot write there: {error.strerror}", where=str(folder), fix=fix) from None
    try:
        _write(space, crate, beside, as_data(load_workflow(space.store, run.record.workflow)))
        beside.chmod(0o755)
        beside.rename(folder)
    except OSError as error:
        what = f"the crate cannot be written: {error.strerror}"
        raise Unavailable(what, where=str(folder), fix="make room, then run it again") from None
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return len(crate.content)


def _write(space: Workspace, crate: Crate, folder: Path, workflow: object) -> None:
    from rocrate.model.data_entity import DataEntity  # with what it imports, for this command only
    from rocrate.rocrate import ROCrate

    (folder / "data").mkdir()
    for path, cid in crate.content.items():
        get_tree(space.store, cid, folder / path)
    (folder / WORKFLOW_FILE).write_text(json.dumps(workflow, indent=2) + "\n")
    made = ROCrate(version=_RO_CRATE)
    for one in crate.data():
        made.add(DataEntity(made, one["@id"], properties=_without_id(one)))
    for one in crate.context():
        made.add_jsonld(one)
    made.add_or_update_jsonld({"@id": "./", **crate.root()})
    made.metadata.extra_terms = dict(TERMS)
    made.metadata.write(folder)


def _without_id(entity: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entity.items() if key != "@id"}


def _about(space: Workspace, run: Run, told: Told) -> About:
    workflow = load_workflow(space.store, run.record.workflow)
    inputs = LOCK.decode(space.store.get(run.record.lock)).inputs
    taken = {one.summary.id: _taken(space, one) for one in told.done}
    content = [*inputs.values()]
    content += [cid for each in taken.values() for cids in each.values() for cid in cids]
    content += [cid for one in told.done for cid in one.result.outputs.values()]
    for output in told.outputs.values():
        content += output if isinstance(output, tuple) else (output,) if output else ()
    return About(
        run.cid, run.record, workflow, inputs, told.done, taken, told.outputs,
        _kinds(space, content), version("tallystick"),
    )  # fmt: skip


def _taken(space: Workspace, done: Done) -> dict[str, Sequence[Cid]]:
    """Return what a step was run on, by the names of its inputs."""
    found: dict[str, Sequence[Cid]] = {name: (cid,) for name, cid in done.step.inputs.items()}
    return found | {name: _items(space, one) for name, one in done.step.gathers.items()}


def _items(space: Workspace, gather: Gather) -> tuple[Cid, ...]:
    pages = (GATHER_PAGE_RECORD.decode(space.store.get(cid)) for cid in gather.pages)
    return gather.items + tuple(cid for page in pages for cid in page.items)


def _kinds(space: Workspace, content: Iterable[Cid]) -> dict[Cid, Kind]:
    return {cid: _kind(space, cid) for cid in dict.fromkeys(content)}


def _kind(space: Workspace, cid: Cid) -> Kind:
    link = open_tree(space.store.get, cid).link
    return "Dataset" if stat(space.store.get, link).kind == "directory" else "File"
