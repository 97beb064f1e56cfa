"""`tally publish`: a workflow becomes an Open Resource, which another home runs and verifies."""

from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.content.cid import Cid
from peers.catalogue_file import CatalogueFile
from tests.cli.conftest import Write
from tests.cli.program import Program, statuses
from tests.cli.scores import CHECK, HEAD, STEPS, carried, other, published, scores

__all__ = ["other", "scores"]

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]


def test_what_is_published_runs_elsewhere(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """From the file that it was exported to; its checks are made there, and by a rerun, too."""
    run = own.told("run", scores)["run"]
    made = own.told("publish", scores, "--title", "A score", "--check", CHECK)
    assert (made["name"], made["version"], made["run"]) == ("scores", 1, run)
    carried(own, other, made["resource"], tmp_path)
    told = other("run", made["resource"], "-o", "json")
    assert told.code == 0, told.err
    assert "scores@1: A score" in told.err
    assert statuses(told.json) == {"measure": "ran"}
    assert told.json["checks"] == [{"check": CHECK, "holds": True, "found": "0.93"}]
    again = other.told("rerun", made["resource"], "--offline")
    assert (again["run"], again["verdict"]) == (run, "reproduced")
    assert again["checks"] == told.json["checks"]
    assert "holds: 0.93" in other("rerun", "scores").err


def test_a_file_of_it_is_run_again(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """As the file of a run is."""
    own.told("run", scores)
    resource = own.told("publish", scores)["resource"]
    own.told("export", resource, tmp_path / "scores.car")
    assert other.told("rerun", tmp_path / "scores.car")["verdict"] == "reproduced"


def test_a_check_that_does_not_hold_is_told(own: Program, scores: Path) -> None:
    """Exit 4, after the run, which has succeeded; what was found is said, and why it may be."""
    own.told("run", scores)
    own.told("publish", scores, "--check", CHECK)
    told = own("run", "scores", "-p", "accuracy=0.85", "-o", "json")
    assert told.code == 4
    assert (told.json["status"], told.json["checks"][0]["holds"]) == ("succeeded", False)
    assert "found: 0.85" in told.err
    assert "promised for other params" in told.err


def test_nobody_promises_what_does_not_hold(own: Program, scores: Path) -> None:
    """Of the author's own run: it is not published."""
    own.told("run", scores)
    told = own("publish", scores, "--check", "metrics.accuracy > 0.95")
    assert (told.code, "found: 0.93" in told.err) == (4, True)
    assert not published(own)


def test_without_a_run_it_is_published_and_said(own: Program, scores: Path) -> None:
    """How to have one, too; a rerun then has nothing to run again. The first run is news."""
    told = own("publish", scores)
    assert told.code == 0
    assert "it is published without one; 'tally run WORKFLOW'" in told.err
    again = own("rerun", "scores")
    assert (again.code, "published without a run" in again.err) == (2, True)
    run = own.told("run", scores)["run"]
    made = own.told("publish", scores)
    assert (made["version"], made["run"]) == (2, run)


def test_the_run_is_of_exactly_this(own: Program, scores: Path) -> None:
    """Not one with other params, nor one that failed."""
    own.told("run", scores, "-p", "accuracy=0.5")
    assert own.told("publish", scores)["run"] is None
    run = own.told("run", scores)["run"]
    assert own.told("publish", scores, "-p", "accuracy=0.93")["run"] == run


def test_what_has_not_changed_is_no_new_version(own: Program, scores: Path) -> None:
    """Nor is another run of the same; what was said before need not be said again."""
    own.told("run", scores)
    made = own.told("publish", scores, "--title", "A score", "--share", "5", "--check", CHECK)
    own.told("run", scores, "--force", "measure")
    again = own.told("publish", scores)
    assert (again["resource"], again["new"]) == (made["resource"], False)
    changed = own.told("publish", scores, "--title", "The score")
    assert (changed["version"], changed["new"]) == (2, True)
    shown = own.told("show", "scores")
    assert (shown["title"], shown["previous"]) == ("The score", made["resource"])
    assert shown["royalty"]["share_basis_points"] == 500
    assert shown["checks"] == [CHECK]
    assert published(own) == {Cid.parse(one["resource"]) for one in (made, changed)}


@pytest.mark.parametrize("share", ["never", "owners"])
def test_what_may_not_leave_is_not_published(own: Program, write: Write, share: str) -> None:
    """An input that is kept, or given to some: exit 2, with which one, and nothing is public."""
    write("", name="secret")
    head = f"inputs: {{key: {{path: ./secret.yaml, share: {share}}}}}"
    path = write("  a: {inputs: {k: inputs.key}, run: 'true'}\n", head=head)
    told = own("publish", path)
    assert told.code == 2
    assert f"input 'key' says 'share: {share}'" in told.err
    assert not published(own)


def test_what_would_be_public_is_said_first(own: Program, scores: Path) -> None:
    """With sizes; a dry run publishes nothing."""
    run = own.told("run", scores)["name"]
    told = own("publish", scores, "-n")
    assert told.code == 0
    for what in ("workflow scores", "environments.sh", f"run {run}, with its logs"):
        assert what in told.out
    assert "nothing was published" in told.err
    assert own.told("publish", scores, "-n")["resource"] is None
    assert not published(own)


def test_it_is_announced(own: Program, scores: Path) -> None:
    """By the key that signed it, until it is taken back."""
    made = own.told("publish", scores, "--licence", "MIT")
    now_ms = SystemClock().now_ms()
    with CatalogueFile(own.home) as file:
        (notice,) = file.notices(now_ms)
    assert str(notice.release) == made["resource"]
    said = notice.announcement
    assert (said.name, said.version, said.licence) == ("scores", 1, "MIT")
    told = own("unpublish", "scores")
    assert (told.code, told.out) == (0, f"{made['resource']}\n")
    assert "whoever has it keeps it" in told.err
    assert "list it until" in told.err
    assert not published(own)
    with CatalogueFile(own.home) as file:
        assert file.notices(now_ms) == []
    told = own("unpublish", "scores")
    assert (told.code, "this is not published here" in told.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--check", "metrics.accuracy"), "not a check"),
        (("--check", "metric.a > 1"), "did you mean 'metrics'?"),
        (("--share", "31"), "no such price"),
        (("--title", "a\x07"), "this cannot be published: its title is not one line"),
        (("--title", ""), "this cannot be published: its title is empty"),
        (("--author", "Ada=much"), "is no weight"),
        (("--from", "nothing"), "there is no such Open Resource"),
    ],
)
def test_what_cannot_be_published_is_refused(
    own: Program, scores: Path, words: tuple[str, ...], says: str
) -> None:
    """Exit 2, with what is wrong; nothing is public."""
    told = own("publish", scores, *words)
    assert (told.code, says in told.err) == (2, True), told.err
    assert not published(own)


def test_something_is_to_be_named(own: Program) -> None:
    """A workflow, or what it was made from."""
    told = own("publish")
    assert (told.code, "nothing to publish is named" in told.err) == (2, True)


def test_an_output_without_a_table_has_checks(own: Program, write: Write) -> None:
    """It is called STEP.OUTPUT; a key in it comes after that."""
    made = STEPS.replace("outputs: {metrics: measure.metrics}\n", "")
    path = write(made, head=HEAD, name="scores")
    own.told("run", path)
    check = "measure.metrics.accuracy >= 0.9"
    resource = own.told("publish", path, "--check", check)["resource"]
    assert own.told("show", resource)["checks"] == [check]
    assert own.told("run", "scores")["checks"] == [{"check": check, "holds": True, "found": "0.93"}]
    told = own("publish", path, "--check", "measure.metric.accuracy > 0")
    assert (told.code, "no output 'measure'" in told.err) == (2, True)


def test_a_broken_check_is_said_once(own: Program, scores: Path) -> None:
    """By the error, which has all of it."""
    own.told("run", scores)
    told = own("publish", scores, "--check", "metrics.accuracy > 0.95")
    assert told.err.count("does not hold") == 1
