"""`tally search` prints what a home knows of, and nothing that a terminal might obey."""

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cli.boundnames import announced as called
from cli.foundview import age, verdicts
from engine.clock import SystemClock
from peers.addressbook import AddressBook
from peers.announcement import claimed
from peers.catalogue_file import CatalogueFile, Kept
from peers.control_client import connect
from peers.endorsement import endorse
from peers.identity import Address, tail
from peers.keyring import Keyring
from peers.search import Circle, Query, find
from tests.cli.program import Program
from tests.peers.catalogues import announced, endorsed
from tests.peers.keys import identity

PATIENCE_S = 60
START = ("peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "-o", "json")
NOW_MS = SystemClock().now_ms()
DIGITS = announced(1, "digits", title="Handwritten digits", now_ms=NOW_MS)
CHESS = announced(2, "chess", title="Chess by self-play", now_ms=NOW_MS)


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return the program on a home that knows of two resources."""
    program = Program(tmp_path / "home")
    program.home.mkdir()
    with CatalogueFile(program.home) as file:
        file.take(Kept(one, "somebody") for one in (DIGITS, CHESS))
    return program


def test_a_home_that_knows_of_nothing_says_what_to_do(tmp_path: Path) -> None:
    """Without a catalogue nothing is found, and what would help is said; no key is made for it."""
    program = Program(tmp_path / "home")
    done = program("search", "digits")
    assert done.code == 0
    assert done.out == ""
    assert "'tally publish'" in done.err
    assert "'tally peer start'" in done.err
    assert program.told("search") == {"resources": [], "known": 0, "running": False}
    assert not (program.home / "keys").exists()


def test_what_is_found_is_in_columns(program: Program) -> None:
    """A line says name and version, title, author, who verified it, how old it is, and its CID."""
    done = program("search", "handwritten", "digit")
    assert done.code == 0
    header, line = done.out.splitlines()
    assert header.split() == ["NAME", "TITLE", "AUTHOR", "VERIFIED", "BY", "ANNOUNCED", "CID"]
    words = ["digits@1", "Handwritten digits", tail(DIGITS.signer), "-"]
    assert all(word in line for word in words)
    assert "just now" in line or " ago" in line  # other tests may have come before
    assert line.endswith(str(DIGITS.release))


def test_what_is_meant_by_nothing_is_said(program: Program) -> None:
    """When nothing fits, how much there is is said."""
    done = program("search", "alphafold")
    assert (done.code, done.out) == (0, "")
    assert "nothing matches (2 resources known here)" in done.err


@pytest.mark.parametrize("text", ["", "digits"])
def test_what_nobody_signed_is_not_found(program: Program, text: str) -> None:
    """Nor does it hide what its author announced, whatever version it says to be."""
    signed = announced(1, "digits", 2, title="digits of mine", now_ms=NOW_MS)
    claim = claimed(signed.data.replace(b"mine", b"Eve!"))
    with CatalogueFile(program.home) as file:
        file.take([Kept(claim, "somebody")])
        assert claim in file.claims(NOW_MS)
        assert claim not in file.notices(NOW_MS)
    found = {(one["name"], one["version"]) for one in program.told("search", text)["resources"]}
    assert found == {("digits", 1)} | ({("chess", 1)} if not text else set())
    assert [one.version for one in called(program.home, "digits")] == [1]


def test_verdicts_that_differ_are_both_shown(program: Program) -> None:
    """Who found otherwise is shown beside who did not; how each is known is said."""
    me = Keyring(program.home / "keys").identity()
    AddressBook(program.home / "peers").add(Address(identity(8).peer, "127.0.0.1", 9))
    ours = endorse(DIGITS.release, DIGITS.release, "reproduced", me, NOW_MS)
    said = [endorsed(n, DIGITS, now_ms=NOW_MS) for n in (1, 20, 21)]
    with CatalogueFile(program.home) as file:
        file.put(ours.data, NOW_MS)
        file.take(Kept(one, "s") for one in said)
        file.take([Kept(endorsed(8, DIGITS, "differs", now_ms=NOW_MS), "s")])
    line = program("search", "digits").out.splitlines()[1]
    named = tail(identity(8).peer)
    assert f"reproduced: you, 2 unknown, its author; differs: {named}" in line
    (one,) = program.told("search", "digits")["resources"]
    known = {each["who"]: each["verdict"] for each in one["verdicts"]}
    assert known["named"] == "differs"
    assert known["you"] == "reproduced"
    assert one["verified"]
    assert [row["name"] for row in program.told("search", "--verified")["resources"]] == ["digits"]


def test_a_convict_is_said_to_be_one() -> None:
    """What a peer says that was convicted of cheating stands there as that."""
    circle = Circle(None, frozenset({identity(8).peer}), frozenset({identity(8).peer}))
    word = endorsed(8, DIGITS)
    (one,) = find(Query("digits"), [DIGITS], lambda _: [word], circle)
    assert verdicts(one.endorsed, DIGITS.signer, circle) == "reproduced: 1 convicted of cheating"


def test_many_who_are_named_are_counted() -> None:
    """So many are said by name; how many more there are, by number."""
    circle = Circle(None, frozenset(identity(n).peer for n in range(30, 40)))
    words = [endorsed(n, DIGITS) for n in range(30, 40)]
    (one,) = find(Query("digits"), [DIGITS], lambda _: words, circle)
    assert verdicts(one.endorsed, DIGITS.signer, circle).endswith(", 7 more that you named")


def test_one_author_is_meant_by_the_end_of_an_id(program: Program) -> None:
    """What is printed of an author can be given to find all of it; too little cannot."""
    rows = program.told("search", "--author", tail(CHESS.signer))["resources"]
    assert [row["name"] for row in rows] == ["chess"]
    done = program("search", "--author", "abc")
    assert done.code == 2
    assert "too short" in done.err


def test_nothing_that_a_terminal_obeys_is_printed(program: Program) -> None:
    """A title with escapes in it is never announced; what is read otherwise is printed escaped."""
    one = announced(3, "evil", title="\x1b[2J\u202eboo", now_ms=NOW_MS)
    assert one.announcement.title.isprintable()
    with CatalogueFile(program.home) as file:
        file.take([Kept(one, "s")])
    done = program("search", "boo")
    assert "\x1b" not in done.out
    assert "\u202e" not in done.out
    assert "boo" in done.out


def test_what_has_expired_is_not_shown(program: Program) -> None:
    """An announcement that nobody renewed is not found any more."""
    old = announced(3, "old", now_ms=NOW_MS - 31 * 24 * 3600 * 1000)
    with CatalogueFile(program.home) as file:
        file.take([Kept(old, "s")])
    assert program.told("search", "old")["resources"] == []


@pytest.mark.parametrize(
    ("ms", "words"),
    [(-5, "just now"), (59_999, "just now"), (60_000, "1 min ago"), (7_200_000, "2 h ago")],
)
def test_an_age_is_in_its_largest_unit(ms: int, words: str) -> None:
    """Clocks differ: what is of the future is said to be of now."""
    assert age(ms) == words


@pytest.fixture
def daemons(tmp_path: Path) -> Iterator[list[Program]]:
    """Return two homes in each of which a peer runs; the second knows the first."""
    programs = [Program(tmp_path / name / "home") for name in ("one", "other")]
    with ExitStack() as closing:
        said = []
        for program in programs:
            process = closing.enter_context(program.start(*START))
            closing.callback(process.kill)
            assert process.stdout is not None
            said.append(json.loads(process.stdout.readline()))
        programs[1].told("peer", "add", said[0]["address"])
        yield programs


def test_what_one_peer_announces_another_finds(daemons: list[Program]) -> None:
    """Two daemons that know each other: what is put in one home is found in the other soon."""
    one, other = daemons
    about = announced(1, title="Handwritten digits", now_ms=NOW_MS)
    with CatalogueFile(one.home) as file:
        file.put(about.data, NOW_MS)
    with connect(one.home) as node:
        node.call("published")
    end = time.monotonic() + PATIENCE_S
    while not (found := other.told("search", "handwr")["resources"]):
        assert time.monotonic() < end
        time.sleep(0.1)
    assert found[0]["resource"] == str(about.release)
