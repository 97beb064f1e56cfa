"""`tally royalty`: who is paid when something is run, as a person says it."""

from pathlib import Path

import pytest

from cli.royalties import royalties_json, royalties_of
from cli.workspace import Workspace
from engine.content.cid import Cid
from tests.cli.program import Program
from tests.peers.keys import identity

OTHER = str(identity(9).peer)


@pytest.fixture
def tally(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Return the program on a home that is not there yet, in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    return Program(tmp_path / "home")


def test_a_manifest_says_what_it_was_made_with(tally: Program) -> None:
    """In a file, signed by the peer of the home, and in its store."""
    me = tally.told("peer", "id")["peer"]
    made = tally.told(
        *("royalty", "make", "m", "--share", "2.5", "--per-run", "0.1"),
        *("--author", f"{me}=2", "--author", OTHER),
    )
    assert tally.told("royalty", "show", "m") == {
        "manifest": made["manifest"],
        "authors": [{"peer": me, "weight": 2}, {"peer": OTHER, "weight": 1}],
        "share_basis_points": 250,
        "per_run": 100_000,
        "most": 100_000_000,
        "parents": [],
        "shares": [{"peer": me, "basis_points": 6_667}, {"peer": OTHER, "basis_points": 3_333}],
    }
    assert tally.told("royalty", "show", made["manifest"])["authors"][0]["peer"] == me
    assert (
        "2.5 % of what is paid to peers and 0.1 credits a run" in tally("royalty", "show", "m").err
    )


def test_who_made_what_it_stands_on_shares(tally: Program) -> None:
    """A parent's manifest is in the store from then on."""
    parent = tally.told("royalty", "make", "base")["manifest"]
    tally.told("royalty", "make", "m", "--share", "5", "--parent", "base=20")
    (named,) = tally.told("royalty", "show", "m")["parents"]
    assert named == {"manifest": parent, "share_basis_points": 2_000}


def test_who_gets_what_is_said_with_the_parents_authors(tally: Program, tmp_path: Path) -> None:
    """Of each the part that ends with them, whichever manifest names them; to scripts, too."""
    other = Program(tmp_path / "other")
    theirs = other.told("peer", "id")["peer"]
    parent = other.told("royalty", "make", "base", "--author", theirs)["manifest"]
    me = tally.told("peer", "id")["peer"]
    tally.told("royalty", "make", "m", "--share", "5", "--parent", "base=50")
    said = tally("royalty", "show", "m")
    assert f"50 % of that to the authors of its parent {parent}" in said.err
    rows = [line.split("  ") for line in said.out.splitlines()[-2:]]
    assert [(row[0], row[-1].strip()) for row in rows] == [(me, "50 %"), (theirs, "50 %")]
    with Workspace(tally.home) as space:
        royalties = royalties_of(space, ["m"])
    shares = [{"peer": me, "basis_points": 5_000}, {"peer": theirs, "basis_points": 5_000}]
    assert royalties_json(royalties)[0]["shares"] == shares


def test_a_part_too_small_for_a_percentage_is_no_nothing(tally: Program) -> None:
    """Whoever gets little is named, too."""
    me = tally.told("peer", "id")["peer"]
    words = ("--author", f"{me}=1000000", "--author", OTHER)
    tally.told("royalty", "make", "m", "--share", "5", *words)
    assert "under 0.01 %" in tally("royalty", "show", "m").out


@pytest.mark.parametrize(("words", "warns"), [((), True), (("--share", "1"), False)])
def test_a_manifest_that_pays_nothing_is_warned_of(
    tally: Program, words: tuple[str, ...], *, warns: bool
) -> None:
    """It is made nevertheless: as a parent it shares in what another pays."""
    told = tally("royalty", "make", "m", *words)
    assert (told.code, "by itself it pays nothing" in told.err) == (0, warns)


def test_a_file_is_enough_elsewhere(tally: Program, tmp_path: Path) -> None:
    """It has the manifests of its parents, as whoever has never seen those needs to know them."""
    tally.told("royalty", "make", "base", "--share", "1")
    made = tally.told("royalty", "make", "m", "--share", "5", "--parent", "base=20")["manifest"]
    other = Program(tmp_path / "other")
    assert other.told("royalty", "show", "m") == tally.told("royalty", "show", "m")
    assert other("royalty", "show", made).code == 3
    other.told("import", "m")
    assert other.told("royalty", "show", made)["manifest"] == made


def test_a_parent_that_is_missing_is_named(tally: Program, tmp_path: Path) -> None:
    """Of a manifest that came alone; it may be in the file of another that is named."""
    parent = tally.told("royalty", "make", "base")["manifest"]
    made = tally.told("royalty", "make", "m", "--parent", "base=20")["manifest"]
    with Workspace(tally.home) as space:
        Path("alone").write_bytes(space.store.get(Cid.parse(made)))
    other = Program(tmp_path / "other")
    told = other("royalty", "show", "alone")
    assert (told.code, parent in told.err, "of a parent" in told.err) == (3, True, True)
    with Workspace(other.home) as space:
        assert royalties_of(space, ["alone", "base"]).parents == royalties_of(space, ["m"]).parents


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--share", "a lot"), "is no percentage"),
        (("--share", "31"), "from 0 to 30 percent, not 31"),
        (("--author", OTHER), "signed by one of the authors"),
        (("--author", f"{OTHER}=much"), "is no weight"),
        (("--parent", "base"), "say how much of it"),
        (("--per-run", "-1"), "is no amount of credits"),
    ],
)
def test_what_cannot_be_is_refused(tally: Program, words: tuple[str, ...], says: str) -> None:
    """With what is wrong, and no file."""
    told = tally("royalty", "make", "m", *words)
    assert told.code == 2
    assert says in told.err
    assert not Path("m").exists()


def test_a_manifest_that_there_is_not(tally: Program) -> None:
    """Neither a file nor in the store, or something else; one that was changed is damaged."""
    told = tally("royalty", "show", "nothing")
    assert (told.code, "there is no such royalty manifest" in told.err) == (2, True)
    Path("junk").write_bytes(b"junk")
    cid = tally.told("add", "junk")["cid"]
    for word in ("junk", cid):
        told = tally("royalty", "show", word)
        assert (told.code, "this is no royalty manifest" in told.err) == (2, True)
    tally.told("royalty", "make", "m")
    Path("m").write_bytes(Path("m").read_bytes()[:-1] + b"?")
    told = tally("royalty", "show", "m")
    assert (told.code, "  at: m\n" in told.err) == (5, True)


def test_a_file_that_cannot_be_written_is_a_wrong_one(tally: Program) -> None:
    """As of an exported ledger: exit 2."""
    told = tally("royalty", "make", "nonexist/m")
    assert (told.code, "cannot write there" in told.err) == (2, True)
