"""Who made what is published, what they ask, and what stays of parents and the version before."""

from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.content.cid import Cid
from peers.resource import opened
from peers.royalty import opened as manifest_in
from tests.cli.conftest import Write
from tests.cli.program import Program
from tests.cli.scores import HEAD, STEPS, carried, other, scores
from tests.peers.keys import identity

__all__ = ["other", "scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_authors_are_named(own: Program, scores: Path) -> None:
    """With their parts, by which the royalty is shared; whoever signs is one of them."""
    me = own.told("peer", "id")["peer"]
    bob = str(identity(9).peer)
    words = ("--author", "Ada Lovelace=2", "--author", f"Bob/{bob}", "--per-run", "0.5")
    made = own.told("publish", scores, *words)
    shown = own.told("show", made["resource"])
    assert shown["authors"] == [
        {"peer": me, "name": "Ada Lovelace", "weight": 2},
        {"peer": bob, "name": "Bob", "weight": 1},
    ]
    with Workspace(own.home) as space:
        found = opened(space.store.get, Cid.parse(made["resource"]))
        manifest = manifest_in(space.store.get(found.resource.royalty)).value
    assert [author.weight for author in manifest.authors] == [2, 1]
    assert manifest.per_run == 500_000
    told = own("publish", scores, "--author", f"Bob/{bob}")
    assert (told.code, f"add --author NAME/{me}" in told.err) == (2, True)


def test_a_manifest_that_there_is_can_be_named(own: Program, scores: Path, tmp_path: Path) -> None:
    """Then nothing else is said of the price."""
    made = own.told("royalty", "make", tmp_path / "m", "--share", "3")["manifest"]
    resource = own.told("publish", scores, "--royalty", tmp_path / "m")["resource"]
    assert own.told("show", resource)["royalty"]["manifest"] == made
    assert own.told("publish", scores)["resource"] == resource  # it stays the one that was named
    told = own("publish", scores, "--royalty", tmp_path / "m", "--share", "3")
    assert (told.code, "leave out --share" in told.err) == (2, True)


def test_what_is_derived_keeps_its_parents_shares(
    own: Program, other: Program, scores: Path, write: Write, tmp_path: Path
) -> None:
    """A fifth to the authors of what it was made from, or as was said; of that to their parents."""
    parent = own.told("publish", scores, "--licence", "MIT", "--share", "5")
    carried(own, other, parent["resource"], tmp_path)
    child = other.told("publish", "--from", parent["resource"], "-p", "accuracy=0.99")
    shown = other.told("show", child["resource"])
    assert (shown["parents"], shown["licence"]) == ([parent["resource"]], "MIT")
    assert shown["params"] == {"accuracy": "0.99"}
    (share,) = shown["royalty"]["parents"]
    assert share == {"manifest": parent["royalty"], "share_basis_points": 2_000}
    other.told("run", child["resource"])
    mine = write(STEPS, head=HEAD, name="mine")
    grown = other.told("publish", mine, "--from", child["resource"], "--parent-share", "50")
    shown = other.told("show", grown["resource"])
    assert shown["parents"] == [child["resource"]]
    assert {one["manifest"]: one["share_basis_points"] for one in shown["royalty"]["parents"]} == {
        child["royalty"]: 4_000,
        parent["royalty"]: 1_000,
    }
    other.told("export", grown["resource"], tmp_path / "grown.car")
    own.told("import", tmp_path / "grown.car")  # with all manifests, though not the parents
    assert own.told("royalty", "show", grown["royalty"])["manifest"] == grown["royalty"]


def test_a_manifest_without_the_parents_is_refused(
    own: Program, scores: Path, write: Write, tmp_path: Path
) -> None:
    """With what would do."""
    own.told("publish", scores)
    own.told("royalty", "make", tmp_path / "m")
    mine = write(STEPS, head=HEAD, name="mine")
    told = own("publish", mine, "--from", "scores", "--royalty", tmp_path / "m")
    assert (told.code, "gives nothing to what this was made from" in told.err) == (2, True)
    own.told("publish", mine, "--from", "scores")
    told = own("publish", mine, "--royalty", tmp_path / "m")  # its next version is made from it too
    assert (told.code, "gives nothing to what this was made from" in told.err) == (2, True)


def test_a_param_stays_as_it_was_set(own: Program, scores: Path, write: Write) -> None:
    """In the next version, and is said; what the workflow's own default was follows the file."""
    own.told("publish", scores, "-p", "accuracy=0.99")
    told = own("publish", scores, "--title", "Newer", "-o", "json")
    assert "as in scores@1: -p accuracy=0.99" in told.err
    assert own.told("show", told.json["resource"])["params"] == {"accuracy": "0.99"}
    set_back = own.told("publish", scores, "-p", "accuracy=0.93")["resource"]
    assert own.told("show", set_back)["params"] == {"accuracy": "0.93"}
    own.told("publish", write(STEPS, head="params: {accuracy: 0.95}", name="scores"))
    assert own.told("show", "scores@4")["params"] == {"accuracy": "0.95"}


def test_whose_licence_it_is_is_said(own: Program, scores: Path, write: Write) -> None:
    """That of the first parent when nobody says another; an uncommon one is said to be that."""
    own.told("publish", scores, "--licence", "MIT")
    mine = write(STEPS, head=HEAD, name="mine")
    assert "licence: MIT, as scores@1 has it" in own("publish", mine, "--from", "scores").err
    assert "licence: is 'BLAH' one that SPDX has?" in own("publish", mine, "--licence", "BLAH").err


def test_who_would_lose_a_run_is_warned(own: Program, scores: Path) -> None:
    """When the version before can be verified, and the next one could not."""
    own.told("run", scores)
    own.told("publish", scores)
    told = own("publish", scores, "-p", "accuracy=0.5")
    assert "WARNING: scores@1 has one, and can be verified; scores@2 cannot" in told.err
    again = own("publish", scores)
    assert ("nothing is new" in again.err, "published without one" in again.err) == (True, False)


def test_what_parents_get_is_said_by_their_names(own: Program, scores: Path, write: Write) -> None:
    """Unless there is nothing that they would get a part of."""
    own.told("publish", scores)
    mine = write(STEPS, head=HEAD, name="mine")
    assert "% of that" not in own("publish", mine, "--from", "scores").err
    told = own("publish", mine, "--from", "scores", "--share", "5")
    said = "20 % of that goes to the authors of scores@1"
    assert said in told.err
    shown = own("show", "mine@2").out
    assert said in shown
    assert "scores@1 of " in shown
    assert "mine@1, bafy" in shown
