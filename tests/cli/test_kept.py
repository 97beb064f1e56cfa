"""What a workflow keeps to itself is not had by way of somebody else's."""

from dataclasses import replace

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.run import RUN
from engine.store.public_roots import public_roots
from engine.summary import load_run, of_record
from engine.workflow.lock import LOCK
from engine.workflow.model import WORKFLOW, InputSource
from tests.cli.conftest import Write
from tests.cli.library import STEPS, Library, library
from tests.peers.resources import ANN

__all__ = ["library"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_a_stranger_has_nothing_of_it_published(library: Library, write: Write) -> None:
    """Nor sent to peers, though their lock names its CID; it runs here all the same."""
    program = library.program
    secret = program.home.parent / "secret"
    secret.write_text("secret")
    head = f"inputs: {{data: {{path: {secret}, share: never}}}}"
    program.told("run", write(STEPS, head=head, name="private"))
    cid = Cid.parse(program.told("add", secret)["cid"])
    with Workspace(program.home, writing=True) as space:
        run = RUN.decode(space.store.get(library.run))
        lock = LOCK.decode(space.store.get(run.lock))
        workflow = WORKFLOW.decode(space.store.get(run.workflow))
        source = InputSource(None, str(cid), None, None, (), "any")
        named = WORKFLOW.block(replace(workflow, inputs={"i": source}))
        locked = LOCK.block(replace(lock, inputs={"i": cid}))
        space.store.put([named, locked])
    one = library.add(ANN, 1, example=None, workflow=named.cid, lock=locked.cid)
    for words in (("publish", "--from", one), ("publish", one), ("plan", one, "--on", "peers")):
        told = program(*words)
        assert (told.code, "keeps to itself" in told.err) == (2, True), (words, told.err)
    assert program("run", one).code == 0
    with Workspace(program.home) as space:
        assert not public_roots(space.store.pins)


def test_what_is_within_it_or_made_of_it_is_kept_too(library: Library, write: Write) -> None:
    """A file of a kept directory, and an output of a step that read it, by a Run's CID as well."""
    program = library.program
    secret = program.home.parent / "secret"
    secret.mkdir()
    (secret / "inner").write_text("inner")
    beside = program.home.parent / "beside"
    beside.write_text("beside")
    step = (
        "  a: {run: 'ls {inputs.d} | tee {outputs.o}', inputs: {d: inputs.data, b: inputs.beside}"
    )
    step += ", outputs: {o: o}}\n"
    head = f"inputs: {{data: {{path: {secret}, share: never}}, beside: {beside}}}"
    ran = program.told("run", write(step, head=head, name="private"))["run"]
    inner = Cid.parse(program.told("add", secret / "inner")["cid"])
    with Workspace(program.home) as space:
        (made,) = of_record(space.store, load_run(space.store, Cid.parse(ran)))
    assert program("plan", ran, "--on", "peers").code == 0
    other = _run_from(library, Cid.parse(program.told("add", beside)["cid"]))
    assert program("plan", str(other), "--on", "peers").code == 0
    for cid in (inner, made.outputs["o"]):
        told = program("plan", str(_run_from(library, cid)), "--on", "peers")
        assert (told.code, "keeps to itself" in told.err) == (2, True), told.err


def _run_from(library: Library, cid: Cid) -> Cid:
    """Return the library's run as if it had started from some content."""
    with Workspace(library.program.home, writing=True) as space:
        run = RUN.decode(space.store.get(library.run))
        lock = LOCK.decode(space.store.get(run.lock))
        workflow = WORKFLOW.decode(space.store.get(run.workflow))
        source = InputSource(None, str(cid), None, None, (), "any")
        named = WORKFLOW.block(replace(workflow, inputs={"i": source}))
        locked = LOCK.block(replace(lock, inputs={"i": cid}))
        made = RUN.block(replace(run, workflow=named.cid, lock=locked.cid))
        space.store.put([named, locked, made])
    return made.cid
