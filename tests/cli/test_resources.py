"""Open Resources by name: what is meant, in a home to which word of some came."""

from dataclasses import replace
from pathlib import Path

import pytest

from cli.named import find_workflow
from cli.paying import to_pay
from cli.workspace import Workspace
from engine.content.cid import Cid
from peers.bindings import Bindings
from peers.identity import tail
from peers.royalty import MANIFEST
from peers.signed import seal
from tests.cli.conftest import Write
from tests.cli.library import Library, library, manifest_of, ran
from tests.peers.resources import ANN, BOB

__all__ = ["library"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


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
    manifest = seal(MANIFEST, replace(manifest_of(ANN), share=0), ANN)
    with Workspace(library.program.home, writing=True) as space:
        space.store.put([manifest])
        named = find_workflow(space, str(library.add(ANN, 1, royalty=manifest.cid)))
        assert to_pay(space, named, (), "peers", refused=False) == ()


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
