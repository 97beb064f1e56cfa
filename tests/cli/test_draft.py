"""What is about to be published: as it is said, or else as in the version before."""

from dataclasses import replace

import pytest

from cli.draft import Last, Said, authors_of, draft, is_news, payees
from cli.pricing import Priced
from engine.errors import Refused
from engine.workflow.model import Workflow
from peers.identity import tail
from peers.resource import Author, Opened, Resource
from peers.royalty import MANIFEST, Manifest
from peers.signed import seal
from tests.peers.resources import ANN, BOB, DIGITS, EVE, edition, link

NOTHING = Said(None, None, None, (), ())
WORKFLOW = Workflow("digits", "Of the file.", {}, {}, {}, {}, {"metrics": "a.b"})


class Prepared:
    """As much of a prepared run as a draft takes."""

    workflow, workflow_cid, lock_cid = WORKFLOW, link(2), link(3)
    params = type("Params", (), {"values": {"epochs": "30"}})


def drafted(said: Said = NOTHING, was: Resource | None = None, *came: Resource) -> Resource:
    """Return a draft by Ann."""
    manifest = Manifest(None, tuple(payees(authors_of(NOTHING, None, ANN.peer))), 0, 0, 0)
    price = Priced(manifest, seal(MANIFEST, manifest, ANN), ())
    last = Last(edition(1, 2), was) if was else None
    origin = [Opened(link(9), one, BOB.peer) for one in came]
    authors = authors_of(said, was, ANN.peer)
    return draft(said, last, authors, origin, Prepared(), price)  # type: ignore[arg-type]


def test_without_a_word_it_is_as_its_workflow_says() -> None:
    """The first version, by this peer alone, with no licence."""
    found = drafted()
    assert (found.version, found.previous, found.licence) == (1, None, "")
    assert (found.title, found.description) == ("digits", "Of the file.")
    assert found.authors == (Author(ANN.public_key, "", 1),)


def test_the_next_version_stays_as_it_was() -> None:
    """But for what is said."""
    found = drafted(NOTHING._replace(title="Newer"), DIGITS)
    assert (found.title, found.version, found.previous) == ("Newer", 3, edition(1, 2).release.raw)
    same = ("description", "licence", "authors", "checks", "parents")
    assert all(getattr(found, name) == getattr(DIGITS, name) for name in same)


def test_a_licence_is_that_of_the_first_parent() -> None:
    """When neither somebody nor the version before says another."""
    assert drafted(NOTHING, None, DIGITS).licence == DIGITS.licence
    assert drafted(NOTHING._replace(licence="MIT"), None, DIGITS).licence == "MIT"
    assert drafted(NOTHING, DIGITS, replace(DIGITS, licence="GPL-3.0")).licence == DIGITS.licence


@pytest.mark.parametrize(
    ("word", "author"),
    [
        ("Ann", Author(ANN.public_key, "Ann", 1)),
        ("Ann =2", Author(ANN.public_key, "Ann", 2)),
        (f"Bob/{BOB.peer}=3", Author(BOB.public_key, "Bob", 3)),
        (str(BOB.peer), Author(BOB.public_key, "", 1)),
    ],
)
def test_an_author_is_a_name_or_a_peer_or_both(word: str, author: Author) -> None:
    """With a weight, if it is said."""
    found = authors_of(NOTHING._replace(authors=(word, str(ANN.peer))), None, ANN.peer)
    assert found[0] == author


@pytest.mark.parametrize("word", [f"Bob/{BOB.peer}", "Ann=much", f"Bob/{tail(BOB.peer)}"])
def test_who_signs_is_an_author(word: str) -> None:
    """And weights and peers can be read."""
    with pytest.raises(Refused):
        authors_of(NOTHING._replace(authors=(word,)), None, ANN.peer)
    with pytest.raises(Refused):
        authors_of(NOTHING, DIGITS, EVE.peer)


def test_a_check_is_of_an_output() -> None:
    """What is said is refused when there is none; what was said before is let go of."""
    with pytest.raises(Refused, match="no output 'metric'"):
        drafted(NOTHING._replace(checks=("metric.accuracy > 0",)))
    gone = replace(DIGITS, checks=(*DIGITS.checks, replace(DIGITS.checks[0], output="gone")))
    assert drafted(NOTHING, gone).checks == DIGITS.checks
    assert drafted(NOTHING._replace(checks=("",)), DIGITS).checks == ()


def test_another_run_is_no_news() -> None:
    """The first one is, and so is whatever else differs."""
    again = replace(DIGITS, version=3, previous=link(9).raw, made_ms=9, example=link(8))
    assert not is_news(again, DIGITS)
    assert is_news(again, replace(DIGITS, example=None))
    assert is_news(replace(again, title="Newer"), DIGITS)
