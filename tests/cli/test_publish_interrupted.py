"""`tally publish` that is killed, ended or done twice, and lost names: nothing is half public."""

import signal
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.release import UNSHARED_PIN
from peers.bindings_schema import NAME
from peers.catalogue_file import CatalogueFile
from tests.cli.program import Program
from tests.cli.scores import published, scores
from tests.cli.test_interrupt import at, is_cancelled

__all__ = ["scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_killed_before_it_is_public(own: Program, scores: Path) -> None:
    """What was said of it is not lost, whatever is collected; it has its number."""
    first = own.told("publish", scores, "--title", "A score", "--share", "5")
    words = ("publish", scores, "--title", "The score")
    assert at(own, "release.made", *words, number=signal.SIGKILL).code == -signal.SIGKILL
    with Workspace(own.home) as space, space.store.index.change() as change:
        change.execute("UPDATE leases SET expires = 0")  # they keep what was put for a while
    assert own("gc").code == 0
    again = own.told("publish", scores)
    assert (again["version"], again["new"]) == (2, False)
    shown = own.told("show", "scores")
    assert (shown["title"], shown["previous"]) == ("The score", first["resource"])
    assert shown["royalty"]["share_basis_points"] == 500
    with Workspace(own.home) as space:
        assert not space.store.pins.of(UNSHARED_PIN)
    assert own("fsck").code == 0


@pytest.mark.parametrize("moment", ["key.noted", "release.made", "pin.logged", "word.kept"])
def test_interrupted_it_goes_on(own: Program, scores: Path, moment: str) -> None:
    """Ctrl-C ends it at once, in order; the same command does the rest, and it is one version."""
    is_cancelled(at(own, moment, "publish", scores))
    made = own.told("publish", scores)
    assert made["version"] == 1
    assert published(own) == {Cid.parse(made["resource"])}
    with CatalogueFile(own.home) as file:
        (notice,) = file.notices(SystemClock().now_ms())
    assert str(notice.release) == made["resource"]


@pytest.mark.parametrize("moment", ["word.dropped", "database.changed", "pin.dropped"])
def test_interrupted_while_it_is_taken_back(own: Program, scores: Path, moment: str) -> None:
    """What is left is done by the same command, until there is nothing left."""
    for title in ("one", "two"):
        own.told("publish", scores, "--title", title)
    is_cancelled(at(own, moment, "unpublish", "scores"))
    assert own("unpublish", "scores").code == 0
    assert not published(own)
    with CatalogueFile(own.home) as file:
        assert not file.notices(SystemClock().now_ms())


def test_names_that_are_damaged_are_mended(own: Program, scores: Path) -> None:
    """It is said what is damaged; then what can be read is there, and no number is given twice."""
    releases = [own.told("publish", scores, "--title", title)["resource"] for title in "ab"]
    path = own.home / NAME
    path.write_bytes(bytes(4096) + path.read_bytes()[4096:])
    assert own("show", "scores").code == 5
    told = own("fsck")
    assert (told.code, str(path) in told.out, "--repair" in told.err) == (5, True, True)
    assert own("fsck", "--repair").code == 0
    assert own("fsck").code == 0
    assert own.told("show", "scores")["resource"] == releases[1]
    assert own.told("publish", scores, "--title", "c")["version"] == 3


def test_all_of_it_is_taken_back_when_names_are_lost(own: Program, scores: Path) -> None:
    """What is public and announced under a name is, also where that is noted no more."""
    releases = {own.told("publish", scores, "--title", title)["resource"] for title in "ab"}
    (own.home / NAME).unlink()
    releases.add(own.told("publish", scores, "--title", "c")["resource"])
    assert {*own.told("unpublish", "scores")["unpublished"]} == releases
    assert not published(own)


def test_what_was_taken_back_can_be_published_again(own: Program, scores: Path) -> None:
    """It is the same version, as long as it is here; a number is never given twice."""
    first = own.told("publish", scores)
    assert own.told("unpublish", first["resource"])["unpublished"] == [first["resource"]]
    assert own.told("publish", scores)["resource"] == first["resource"]
    own.told("unpublish", "scores")
    own.told("gc")
    told = own("publish", scores, "-o", "json")
    assert told.json["version"] == 2
    assert "scores@1 is not here any more" in told.err


def test_it_is_taken_back_by_its_own_command(own: Program, scores: Path) -> None:
    """A gc that is to let go of it says so."""
    made = own.told("publish", scores)
    told = own("gc", "--unpin", made["resource"])
    assert (told.code, "tally unpublish" in told.err) == (2, True)


def test_published_twice_is_published_once(
    own: Program, scores: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the first time ended after it was written down, and before anybody heard of it."""
    own.told("run", scores)

    def end(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("cli.sharing.share", end)
        assert own("publish", scores).code == 1
    assert not published(own)
    told = own("publish", scores, "-o", "json")
    assert (told.code, told.json["version"], told.json["new"]) == (0, 1, False)
    assert published(own) == {Cid.parse(told.json["resource"])}
    with CatalogueFile(own.home) as file:
        assert len(file.notices(SystemClock().now_ms())) == 1
