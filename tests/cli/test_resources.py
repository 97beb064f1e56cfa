"""Open Resources by name: what is meant, in a home to which word of some came."""

from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from cli.named import find_workflow
from cli.paying import to_pay
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.blocks import Checked
from engine.content.cid import RAW, Cid
from engine.run import RUN
from engine.step import SYSTEM
from engine.workflow.lock import LOCK
from engine.workflow.model import WORKFLOW, InputSource
from peers.announcement import Words, announce
from peers.bindings import Bindings
from peers.catalogue_file import CatalogueFile, Kept
from peers.identity import tail
from peers.keyring import Identity
from peers.posting import read
from peers.resource import RESOURCE, Resource, opened, released
from peers.royalty import MANIFEST, Author, Manifest
from peers.signed import seal
from tests.cli.conftest import Write
from tests.cli.program import Program, Told
from tests.peers.resources import ANN, BOB, DIGITS, EVE

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

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
        manifest = seal(MANIFEST, _manifest(signer), signer)
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


def _manifest(signer: Identity) -> Manifest:
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


def test_a_name_never_moves_by_itself(library: Library) -> None:
    """What is newer is said; once it is named it is meant. The older one stays runnable."""
    one = library.add(ANN, 1)
    told = ran(library, "letters")
    assert (told.code, f"'letters' is letters@1 of {ANN.peer} from" in told.err) == (0, True)
    two = library.add(ANN, 2, one, title="Newer")
    told = ran(library, "letters")
    assert "letters@1: " in told.err
    assert "there is a newer version: name it 'letters@2'" in told.err
    assert "letters@2: Newer" in ran(library, "letters@2").err
    assert "letters@2: Newer" in ran(library, "letters").err
    told = ran(library, "letters@1")
    assert (told.code, "letters@1 of" in told.err) == (0, True)
    assert library.program.told("show", "letters")["resource"] == str(one)
    assert library.program.told("show", str(two))["version"] == 2


def test_looking_binds_nothing(library: Library) -> None:
    """Of a name that was never used the newest is shown."""
    one = library.add(ANN, 1)
    assert library.program.told("show", "letters")["resource"] == str(one)
    two = library.add(ANN, 2, one)
    assert library.program.told("show", "letters")["resource"] == str(two)


def test_a_dry_run_binds_nothing(library: Library) -> None:
    """Nor does a plan: what the name would mean is said."""
    one = library.add(ANN, 1)
    for words in (("plan", "letters"), ("run", "letters", "-n"), ("publish", "letters", "-n")):
        told = library.program(*words)
        assert told.code == 0, told.err
        assert f"'letters' is letters@1 of {ANN.peer} here; a run binds the name" in told.err
    assert not Bindings.is_here(library.program.home)
    library.unpin(one)
    with Workspace(library.program.home) as space:
        assert all(cid != one for cid, _ in space.store.pins.all())


def test_who_of_two_is_meant_must_be_said(library: Library) -> None:
    """Exit 2, with both; from then on the bare name is whose was used."""
    library.add(ANN, 1)
    library.add(BOB, 1)
    told = ran(library, "letters")
    assert told.code == 2
    assert f"{tail(ANN.peer)}/letters" in told.err
    assert f"{tail(BOB.peer)}/letters" in told.err
    assert ran(library, f"{tail(BOB.peer)}/letters").code == 0
    assert library.program.told("show", "letters")["signer"] == str(BOB.peer)
    told = ran(library, f"{tail(ANN.peer)}/letters")
    assert f"'{tail(ANN.peer)}/letters' is letters@1" in told.err
    assert library.program.told("show", "letters")["signer"] == str(BOB.peer)


def test_what_others_publish_is_no_newer_version(library: Library) -> None:
    """Whatever number it has: the name stays with its author, and nothing is said of it."""
    one = library.add(ANN, 1)
    ran(library, "letters")
    library.add(BOB, 9, one)
    told = ran(library, "letters")
    assert (told.code, "newer" in told.err) == (0, False)
    assert library.program("show", "letters@9").code == 3


def test_an_earlier_version_is_found_by_the_next(library: Library) -> None:
    """Though nobody announces it any more: each names the one before it."""
    before, three = None, None
    for version in (1, 2, 3):
        three = before = library.add(ANN, version, before)
        library.unpin(before)
    library.announce(ANN, three, 3)
    assert library.program.told("show", "letters@1")["version"] == 1
    assert ran(library, "letters@1").code == 0
    assert library.program.told("show", "letters")["version"] == 1


def test_a_chain_that_leads_elsewhere_is_damaged(library: Library) -> None:
    """The version before must be the same author's, of the same name."""
    theirs = library.add(BOB, 1)
    library.unpin(theirs)
    library.add(ANN, 2, theirs)
    told = library.program("show", "letters@1")
    assert (told.code, f"this is not 'letters@1' of {tail(ANN.peer)}" in told.err) == (5, True)


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


def test_a_file_comes_before_a_name(library: Library, write: Write) -> None:
    """So that what is published cannot take the place of what a person has."""
    library.add(ANN, 1)
    Path("letters").write_text("no workflow\n")
    assert ran(library, "letters").code == 2


def test_what_nobody_knows_is_said(library: Library) -> None:
    """With how to find some; a run comes before a resource of its name."""
    told = ran(library, "nothing")
    assert (told.code, "no Open Resource of that name" in told.err) == (2, True)
    assert library.program("rerun", "nothing").code == 2
    assert library.program("show", "letters@1").code == 2
    library.add(ANN, 1)
    assert library.program("show", "letters@2").code == 3


def test_what_was_used_is_kept(library: Library) -> None:
    """A gc leaves what it takes to run it again, and fsck misses nothing that never was here."""
    one = library.add(ANN, 1, example=Cid.of(0x71, b"a run that is elsewhere"))
    library.unpin(one)
    assert ran(library, str(one)).code == 0
    library.program.told("gc")
    assert library.program("run", str(one), "--offline").code == 0
    assert library.program("fsck").code == 0


def test_authors_are_paid_without_being_named(
    library: Library, capsys: pytest.CaptureFixture[str]
) -> None:
    """On peers alone, besides those who are named; who does not want to pay can say so."""
    one = library.add(ANN, 1)
    with Workspace(library.program.home, writing=True) as space:
        named = find_workflow(space, str(one))
        assert named.release is not None
        asked = str(named.release.resource.royalty)
        assert to_pay(space, named, (), "peers", refused=False) == (asked,)
        assert to_pay(space, named, ("other",), "peers", refused=False) == ("other", asked)
        assert to_pay(space, named, (), "local", refused=False) == ()
        assert "they get nothing" not in capsys.readouterr().err
        assert to_pay(space, named, (), "peers", refused=True) == ()
    assert "they get nothing" in capsys.readouterr().err
    told = library.program("plan", str(one), "--royalty", "x", "--no-royalty")
    assert (told.code, "leave one of them out" in told.err) == (2, True)


def test_who_asks_for_nothing_is_not_named_to_peers(library: Library) -> None:
    """A manifest by which nobody is paid stands in no agreement."""
    manifest = seal(MANIFEST, replace(_manifest(ANN), share=0), ANN)
    with Workspace(library.program.home, writing=True) as space:
        space.store.put([manifest])
        named = find_workflow(space, str(library.add(ANN, 1, royalty=manifest.cid)))
        assert to_pay(space, named, (), "peers", refused=False) == ()


def test_a_shell_completes_names(library: Library) -> None:
    """As soon as there is one that was used."""
    one = library.add(ANN, 1)
    assert ran(library, "letters").code == 0
    found = completed(library.program, "tally rerun le")
    assert found == ["letters", "letters@1"]
    assert str(one) in completed(library.program, "tally rerun baf")


def test_a_shell_completes_params(library: Library, write: Write) -> None:
    """Those of a resource or a run that is here; of what is elsewhere none, and nobody is asked."""
    run = library.program.told("run", write(STEPS, head="params: {seed: 1, size: 2}"))["run"]
    params = ["seed=", "size="]
    assert completed(library.program, f"tally run {run} -p ") == params
    with Workspace(library.program.home) as space:
        record = RUN.decode(space.store.get(Cid.parse(run)))
    one = library.add(ANN, 1, workflow=record.workflow, lock=record.lock)
    for word in ("letters", "letters@1", str(one)):
        assert completed(library.program, f"tally plan {word} -p ") == params
    assert completed(library.program, "tally run letters -p si") == ["size="]
    elsewhere = Cid.of(0x71, b"a workflow that is elsewhere")
    library.add(ANN, 2, one, workflow=elsewhere)
    assert completed(library.program, "tally run letters@2 -p ") == []
    assert completed(library.program, "tally run nothing -p ") == []


def test_a_page_of_a_resource_is_that_of_its_run(library: Library, tmp_path: Path) -> None:
    """By its name or its CID, which binds nothing; what was published without a run has none."""
    one = library.add(ANN, 1)
    for word in ("letters", "letters@1", str(one)):
        told = library.program.told("report", word, "-f", tmp_path / "page.html")
        assert told["run"] == str(library.run)
    assert not Bindings.is_here(library.program.home)
    two = library.add(ANN, 2, one, example=None)
    told = library.program("report", str(two))
    assert (told.code, "was published without a run" in told.err) == (2, True)


def completed(program: Program, line: str) -> list[str]:
    """Return the words that a shell offers."""
    asked = program.at(program.home, _TALLY_COMPLETE="bash", _TALLY_LINE=line)
    return [row.split("\t")[1] for row in asked().out.splitlines()]


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


def test_a_name_is_let_go_of(library: Library) -> None:
    """With what it means: then it is bound to whatever is used under it next."""
    one = library.add(ANN, 1)
    library.unpin(one)
    ran(library, str(one))
    ran(library, "letters")
    library.add(BOB, 1)
    assert library.program("gc", "--unpin", "letters").code == 0
    assert library.program.told("show", "letters")["signer"] == str(BOB.peer)
    assert ran(library, "letters").code == 0
