"""`tally publish`: a workflow becomes an Open Resource, which another home runs and verifies."""

import signal
from pathlib import Path

import pytest

from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.release import UNSHARED_PIN
from engine.store.public_roots import public_roots
from peers.bindings_schema import NAME
from peers.catalogue_file import CatalogueFile, Kept
from peers.resource import opened
from peers.royalty import opened as manifest_in
from tests.cli.conftest import Write
from tests.cli.program import Program, statuses
from tests.cli.test_interrupt import at, is_cancelled
from tests.fakes import nixstore
from tests.peers.catalogues import endorsed
from tests.peers.keys import identity

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEPS = """\
  measure:
    run: echo '{{"accuracy":' {params.accuracy} '}}' >{outputs.metrics}
    outputs: {metrics: metrics.json}
outputs: {metrics: measure.metrics}
"""
HEAD = "params: {accuracy: 0.93}"
CHECK = "metrics.accuracy >= 0.9"


@pytest.fixture
def other(own: Program, tmp_path: Path, nix_store: nixstore.NixStore) -> Program:
    """Return the program on a home that has nothing yet."""
    return own.at(nixstore.lend(nix_store, tmp_path / "other" / "home"))


@pytest.fixture
def scores(write: Write) -> Path:
    """Return a workflow whose one output is a number in JSON."""
    return write(STEPS, head=HEAD, name="scores")


def carried(own: Program, other: Program, resource: str, tmp_path: Path) -> str:
    """Bring a resource to another home, as a file; return its CID."""
    own.told("export", resource, tmp_path / "resource.car")
    (root,) = other.told("import", tmp_path / "resource.car")["roots"]
    assert root == {"cid": resource, "kind": "resource"}
    return resource


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


def published(program: Program) -> set[Cid]:
    """Return what a home has made public."""
    with Workspace(program.home) as space:
        return set(public_roots(space.store.pins))


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


def test_others_are_told_of_a_rerun_when_asked(own: Program, scores: Path) -> None:
    """Of all steps of a resource, and nothing else; it is shown with the resource."""
    run = own.told("run", scores)["run"]
    made = own.told("publish", scores)
    assert own.told("show", "scores")["rerun_by"] == []
    told = own("rerun", "scores", "--endorse")
    assert "peers will be told, once 'tally peer start' runs in this home" in told.err
    me = own.told("peer", "id")["peer"]
    assert own.told("show", made["resource"])["rerun_by"] == [{"peer": me, "verdict": "reproduced"}]
    with CatalogueFile(own.home) as file:
        (about,) = file.notices(now_ms := SystemClock().now_ms())
        file.take(Kept(endorsed(n, about, "differs", now_ms=now_ms), "s") for n in (20, 21))
    assert "reproduced: its author; differs: 2 unknown" in own("show", "scores").out
    assert own("rerun", run, "--endorse").code == 2
    assert own("rerun", "scores", "--endorse", "--step", "measure").code == 2


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


def test_a_name_is_a_reference_to_all_of_it(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """As of what is exported; a beginning of it is none."""
    resource = own.told("publish", scores)["resource"]
    assert own.told("export", "scores", tmp_path / "scores.car")["cid"] == resource
    (root,) = other.told("import", tmp_path / "scores.car")["roots"]
    assert root == {"cid": resource, "kind": "resource"}
    assert own("export", "score", tmp_path / "score.car").code == 2
    other.told("run", "scores")
    other.told("gc", "--unpin", "scores")
    assert other("show", resource).code == 3


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


def test_a_broken_check_is_said_once(own: Program, scores: Path) -> None:
    """By the error, which has all of it."""
    own.told("run", scores)
    told = own("publish", scores, "--check", "metrics.accuracy > 0.95")
    assert told.err.count("does not hold") == 1


def test_a_run_is_no_workflow(own: Program, scores: Path) -> None:
    """By its name; its CID can be published, which is said."""
    run = own.told("run", scores)["run"]
    for word in ("publish", "run", "plan"):
        told = own(word, "latest")
        assert (told.code, "this is a run, not a workflow" in told.err) == (2, True)
        assert run in told.err


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


def test_it_can_be_looked_at_before_it_is_run(
    own: Program, other: Program, write: Write, tmp_path: Path
) -> None:
    """Its steps, and its inputs and environments with their CIDs and sizes; it can be drawn."""
    head = "inputs: {data: {path: ./data}}"
    steps = (
        "  copy: {inputs: {i: inputs.data}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    )
    path = write(steps, head=head, name="copies")
    (path.parent / "data").write_text("four")
    cid = own.told("add", path.parent / "data")["cid"]
    resource = carried(own, other, own.told("publish", path)["resource"], tmp_path)
    shown = other("show", "copies").out
    assert "copy: reads inputs.data; gives o" in shown
    assert f"data: {cid}, 4 B" in shown
    told = other.told("show", resource)
    assert told["inputs"] == [{"name": "data", "cid": cid, "bytes": 4}]
    assert told["source"]["steps"]["copy"]["inputs"] == {"i": "inputs.data"}
    assert all(one["bytes"] for one in told["environments"])
    drawn = other.told("graph", "copies", "--format", "json")
    assert [one["step"] for one in drawn["steps"]] == ["copy"]
    for words in (("log", "copies"), ("graph", "copie")):
        told = other(*words)
        assert (told.code, "copies'" in told.err) == (2, True), told.err
    assert "tally show" in other("ls", "copies").err


def test_a_word_that_is_nearly_a_resource_is_said(own: Program, scores: Path) -> None:
    """Of a run and of a resource alike."""
    own.told("publish", scores)
    for word in ("show", "rerun"):
        told = own(word, "scors")
        assert (told.code, "did you mean 'scores'?" in told.err) == (2, True), told.err


def test_what_came_in_a_file_is_found(
    own: Program, other: Program, scores: Path, tmp_path: Path
) -> None:
    """Though nobody announces it there: it is kept."""
    made = own.told("publish", scores, "--title", "A score")["resource"]
    carried(own, other, made, tmp_path)
    (found,) = other.told("search", "score")["resources"]
    assert (found["resource"], found["announced_ms"]) == (made, None)
    assert "kept here" in other("search").out
    assert len(own.told("search")["resources"]) == 1  # what is announced is there once
