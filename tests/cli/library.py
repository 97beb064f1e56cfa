"""Resources of several authors, of which word came to one home, for tests."""

from dataclasses import replace

import pytest

from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.run import RUN
from peers.announcement import Words, announce
from peers.catalogue_file import CatalogueFile, Kept
from peers.keyring import Identity
from peers.posting import read
from peers.resource import Resource, released
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.cli.conftest import Write
from tests.cli.program import Program, Told
from tests.peers.resources import DIGITS

STEPS = "  a: {run: 'echo made >{outputs.o}', outputs: {o: o}}\noutputs: {o: a.o}\n"


class Library:
    """Resources of several authors, of which word came to one home; their content did, too."""

    def __init__(self, program: Program, run: str) -> None:
        self.program = program
        with Workspace(program.home) as space:
            self._run = RUN.decode(space.store.get(Cid.parse(run)))
        self.run = Cid.parse(run)

    @property
    def lock(self) -> Cid:
        """The lock of the run that they all have."""
        return self._run.lock

    def add(self, signer: Identity, version: int, before: Cid | None = None, **changes) -> Cid:
        """Publish a version of somebody's; return its CID."""
        manifest = seal(MANIFEST, manifest_of(signer), signer)
        resource = self._resource(signer, manifest.cid, version, before)
        record, release = released(replace(resource, **changes), signer)
        with Workspace(self.program.home, writing=True) as space:
            space.store.put([manifest, record, release])
            space.store.pins.pin(release.cid, "tests")
        return release.cid

    def announce(self, signer: Identity, cid: Cid, version: int, name: str = "letters") -> None:
        """Have word of a release come here, as its author gives it."""
        now_ms = SystemClock().now_ms()
        with Workspace(self.program.home) as space:
            data = space.store.get(cid)
        word = announce(data, Words(name, version), signer, now_ms)
        with CatalogueFile(self.program.home) as file:
            file.take([Kept(read(word.data), "somebody")])

    def unpin(self, cid: Cid) -> None:
        """Leave it to the catalogue to say that there is a release."""
        with Workspace(self.program.home, writing=True) as space:
            space.store.pins.unpin(cid, "tests")

    def _resource(
        self, signer: Identity, royalty: Cid, version: int, before: Cid | None
    ) -> Resource:
        run = self._run
        return replace(
            DIGITS,
            name="letters",
            version=version,
            previous=before.raw if before else None,
            authors=(replace(DIGITS.authors[0], public_key=signer.public_key),),
            workflow=run.workflow,
            lock=run.lock,
            parameters=run.parameters,
            example=self.run,
            royalty=royalty,
            royalties=(),
            parents=(),
            checks=(),
        )


def manifest_of(signer: Identity) -> Manifest:
    """Return what the author of a resource asks for it."""
    return Manifest(None, (Author(signer.public_key, 1),), 0, 500, 10**8)


@pytest.fixture
def library(own: Program, write: Write, monkeypatch: pytest.MonkeyPatch) -> Library:
    """Return a home that has run something, in an empty directory."""
    run = own.told("run", write(STEPS))["run"]
    place = own.home.parent / "empty"
    place.mkdir()
    monkeypatch.chdir(place)
    return Library(own, run)


def ran(library: Library, word: str) -> Told:
    """Run what a word stands for."""
    return library.program("run", word, "-o", "json")
