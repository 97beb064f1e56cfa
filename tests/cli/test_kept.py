"""What a workflow keeps to itself is not had by way of somebody else's."""

from dataclasses import replace

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.run import RUN
from engine.store.public_roots import public_roots
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
