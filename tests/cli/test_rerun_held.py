"""What a rerun starts from is what the workflow of the run names."""

from dataclasses import replace
from hashlib import sha256

import pytest

from cli.workspace import Workspace
from engine.content.blocks import Checked
from engine.content.cid import RAW, Cid
from engine.run import RUN
from engine.workflow.lock import LOCK
from engine.workflow.model import WORKFLOW, InputSource
from tests.cli.library import Library, library
from tests.peers.resources import ANN

__all__ = ["library"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_a_run_on_other_content_is_not_run_again(library: Library) -> None:
    """A rerun holds what a run started from against its workflow, by whatever it is named."""
    for source, bad, good in _sources(library):
        for lock, code in ((bad, 5), (good, 0)):
            run, one = _started_from(library, source, lock)
            for word in (run, one):
                told = library.program("rerun", str(word), "--offline")
                said = "locked to other content" in told.err
                assert (told.code, said) == (code, code == 5), told.err


def test_a_run_on_no_content_is_not_run_again(library: Library) -> None:
    """One whose lock lacks an input of its workflow is damaged."""
    source = InputSource(None, None, "https://example.org/x", "0" * 64, (), "any")
    with Workspace(library.program.home, writing=True) as space:
        own = RUN.decode(space.store.get(library.run))
        workflow = WORKFLOW.decode(space.store.get(own.workflow))
        named = WORKFLOW.block(replace(workflow, inputs={"i": source}))
        run = RUN.block(replace(own, workflow=named.cid))
        space.store.put([named, run])
    told = library.program("rerun", str(run.cid), "--offline")
    assert (told.code, "its lock is that of another workflow" in told.err) == (5, True), told.err


def _sources(library: Library) -> list[tuple[InputSource, Cid, Cid]]:
    """Return inputs by sha256 and by CID, each with other content and with its own."""
    good, bad = (Checked.made(RAW, data) for data in (b"good", b"bad"))
    with Workspace(library.program.home, writing=True) as space:
        space.store.put([good, bad])
    digest = sha256(b"good").hexdigest()
    url = InputSource(None, None, "https://example.org/x", digest, (), "any")
    cid = InputSource(None, str(good.cid), None, None, (), "any")
    return [(source, bad.cid, good.cid) for source in (url, cid)]


def _started_from(library: Library, source: InputSource, cid: Cid) -> tuple[Cid, Cid]:
    """Return the library's run as if it had had such an input, and a resource with it."""
    with Workspace(library.program.home, writing=True) as space:
        own = RUN.decode(space.store.get(library.run))
        workflow = WORKFLOW.decode(space.store.get(own.workflow))
        named = WORKFLOW.block(replace(workflow, inputs={"i": source}))
        lock = LOCK.decode(space.store.get(own.lock))
        locked = LOCK.block(replace(lock, inputs={"i": cid}))
        run = RUN.block(replace(own, workflow=named.cid, lock=locked.cid))
        space.store.put([named, locked, run])
    parts = {"workflow": named.cid, "lock": locked.cid, "example": run.cid}
    return run.cid, library.add(ANN, 1, **parts)
