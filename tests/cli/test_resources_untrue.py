"""Open Resources that are not what they say: damaged, another's, of another run or lock."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content.blocks import Checked
from engine.content.cid import RAW, Cid
from engine.run import RUN
from engine.step import SYSTEM
from engine.workflow.lock import LOCK
from engine.workflow.model import WORKFLOW, InputSource
from peers.bindings import Bindings
from peers.resource import RESOURCE, opened, released
from tests.cli.conftest import Write
from tests.cli.library import STEPS, Library, library, ran
from tests.peers.resources import ANN, BOB, EVE

__all__ = ["library"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_a_chain_that_leads_elsewhere_is_damaged(library: Library) -> None:
    """The version before must be the same author's, of the same name."""
    theirs = library.add(BOB, 1)
    library.unpin(theirs)
    library.add(ANN, 2, theirs)
    told = library.program("show", "letters@1")
    assert (told.code, f"this is not 'letters@1' of {ANN.peer}" in told.err) == (5, True)


def test_a_release_that_is_not_what_was_announced_is_damaged(library: Library) -> None:
    """An author who announces one thing as another."""
    one = library.add(ANN, 1)
    library.unpin(one)
    library.announce(ANN, one, 1, name="digits")
    told = library.program("run", "digits")
    assert (told.code, "as was said" in told.err) == (5, True)


def test_a_release_by_no_author_is_damaged(library: Library) -> None:
    """Whoever else signed it: by its CID, too, and nothing of it is run."""
    one = library.add(ANN, 1)
    with Workspace(library.program.home, writing=True) as space:
        resource = opened(space.store.get, one).resource
        record, release = released(resource, EVE)
        space.store.put([record, release])
    told = library.program("run", str(release.cid))
    assert (told.code, "signed by one of the authors" in told.err) == (5, True)


def test_a_run_of_something_else_proves_nothing(library: Library, write: Write) -> None:
    """It is refused as damaged, before it is run again."""
    library.add(ANN, 1, parameters={"n": "1"})
    told = library.program("rerun", "letters")
    assert (told.code, "is of another workflow, or of other params" in told.err) == (5, True)


def test_a_run_of_other_steps_proves_nothing(library: Library, write: Write) -> None:
    """Though it says that it is of this workflow; nor does one that lacks a step."""
    other = library.program.told("run", write(STEPS.replace("made", "else")))["run"]
    with Workspace(library.program.home, writing=True) as space:
        own = RUN.decode(space.store.get(library.run))
        pages = {"does not make": RUN.decode(space.store.get(Cid.parse(other))).pages}
        pages["lacks a step"] = ()
        runs = {why: RUN.block(replace(own, pages=some)) for why, some in pages.items()}
        space.store.put(runs.values())
    for why, block in runs.items():
        told = library.program("rerun", str(library.add(ANN, 1, example=block.cid)))
        assert (told.code, why in told.err) == (5, True), told.err
    assert library.program("rerun", str(library.add(ANN, 1))).code == 0


def test_a_resource_that_is_none_is_no_workflow(library: Library) -> None:
    """The Resource without its Release is nobody's word."""
    one = library.add(ANN, 1)
    with Workspace(library.program.home) as space:
        record = RESOURCE.cid(opened(space.store.get, one).resource)
    told = ran(library, str(record))
    assert (told.code, "this is not a run" in told.err) == (2, True)


def test_a_stranger_has_nothing_made_here(library: Library, without_nix: str) -> None:
    """What has no environment for this machine is not run; its source is not given to Nix."""
    with Workspace(library.program.home, writing=True) as space:
        lock = LOCK.decode(space.store.get(library.lock))
        other = {name: {"other-system": one[SYSTEM]} for name, one in lock.environments.items()}
        block = LOCK.block(replace(lock, environments=other))
        space.store.put([block])
    one = library.add(ANN, 1, lock=block.cid)
    told = library.program.at(library.program.home, PATH=without_nix)("run", str(one))
    assert (told.code, f"never locked for {SYSTEM}" in told.err) == (3, True)
    assert not Path(without_nix.partition(":")[0], "called").exists()


def test_a_lock_of_another_workflow_is_damaged(library: Library) -> None:
    """It has an input that the workflow has not, or lacks one."""
    with Workspace(library.program.home, writing=True) as space:
        lock = LOCK.decode(space.store.get(library.lock))
        block = LOCK.block(replace(lock, inputs={"code": library.lock}))
        space.store.put([block])
    told = library.program("run", str(library.add(ANN, 1, lock=block.cid)))
    assert (told.code, "its lock is that of another workflow" in told.err) == (5, True)


def test_a_lock_of_other_content_is_damaged(library: Library, write: Write) -> None:
    """Whatever the workflow says that it starts from is what runs, by its sha256 or its CID."""
    with Workspace(library.program.home, writing=True) as space:
        good, bad = (Checked.made(RAW, data) for data in (b"good", b"bad"))
        space.store.put([good, bad])
        lock, own = LOCK.decode(space.store.get(library.lock)), library.run
        workflow = WORKFLOW.decode(space.store.get(RUN.decode(space.store.get(own)).workflow))
    digest = sha256(b"good").hexdigest()
    url = InputSource(None, None, "https://example.org/x", digest, (), "any")
    cid = InputSource(None, str(good.cid), None, None, (), "any")
    for number, source in enumerate((url, cid)):
        claimed = WORKFLOW.block(replace(workflow, inputs={"i": source}))
        for block, code in ((bad, 5), (good, 0)):
            locked = LOCK.block(replace(lock, inputs={"i": block.cid}))
            with Workspace(library.program.home, writing=True) as space:
                space.store.put([claimed, locked])
            parts = {"workflow": claimed.cid, "lock": locked.cid, "made_ms": number}
            one = library.add(ANN, 1, example=None, **parts)
            told = library.program("run", str(one), "--offline")
            assert (told.code, "locked to other content" in told.err) == (code, code == 5), told.err


def test_what_does_not_come_binds_no_name(library: Library) -> None:
    """Who announces first what nobody can have keeps the name from nobody."""
    elsewhere = library.add(ANN, 1, lock=Cid.of(0x71, b"a lock that is elsewhere"))
    assert ran(library, "letters").code == 3
    assert not Bindings.is_here(library.program.home)
    library.unpin(elsewhere)
    library.add(BOB, 1)
    assert ran(library, "letters").code == 0
