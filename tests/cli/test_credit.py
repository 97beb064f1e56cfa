"""`tally credit`: what the ledger of a home says, to a person and to a script."""

import re
import sqlite3
from pathlib import Path

import pytest

from cli.creditview import held
from cli.creditwords import gone, sentence
from peers.balance import balance_of
from peers.ledger_book import signing
from peers.ledger_file import FILE, LedgerFile
from tests.cli.program import Program
from tests.peers.books import backed, be, keep
from tests.peers.keys import identity
from tests.peers.ledgers import Keeper

OTHER = identity(9).peer


@pytest.fixture
def tally(tmp_path: Path) -> Program:
    """Return the program on a home that is not there yet."""
    return Program(tmp_path / "home")


@pytest.fixture
def traded(tally: Program) -> tuple[Keeper, Keeper]:
    """Return two peers, of whom the second is that of the home, and has worked for the first."""
    one, two, papers = backed()
    keep(tally.home, two, papers)
    be(tally.home, two.key)
    return one, two


def test_a_balance_is_said_in_numbers_and_in_words(
    tally: Program, traded: tuple[Keeper, Keeper]
) -> None:
    """Who owes whom how much is a number for scripts, and a sentence for people."""
    one, _ = traded
    told = tally.told("credit", "balance")
    assert told["unit"] == "microcredit"
    (peer,) = told["peers"]
    assert peer == {
        "peer": str(one.peer),
        "balance": 1_936,
        "unvouchered": 0,
        "limit_granted": 20_000_000,
        "limit_received": 10_000_000,
        "reserved": 0,
        "reserved_received": 0,
        "frozen": False,
        "ended": False,
        "words": "owes you 0.001936 credits of the 20 credits that you lend it",
        "asked": None,
        "asking": None,
        "ending": False,
        "refused": None,
    }
    said = tally("credit", "balance").out
    assert str(one.peer) in said
    assert peer["words"] in said


def test_what_is_owed_beyond_a_limit_is_no_part_of_it(traded: tuple[Keeper, Keeper]) -> None:
    """As royalties are, which nobody lends; on either side."""
    one, two = traded
    found = balance_of(two.ledger, two.channel(one))
    owed = found._replace(balance=10_001_420, limit_granted=0, limit_received=5)
    assert sentence(owed) == "owes you 10.00142 credits; you lend it up to 0 credits"
    owes = owed._replace(balance=-10_001_420)
    assert sentence(owes) == "you owe it 10.00142 credits; it lends up to 0.000005 credits"


def test_a_home_without_a_ledger_owes_nothing(tally: Program) -> None:
    """Who never traded is told so, and has no ledger after that either."""
    nothing = {"unit": "microcredit", "peers": [], "restored": None}
    assert tally.told("credit", "balance") == nothing
    assert "no peer was traded with" in tally("credit", "balance").err
    assert "a new one may owe up to 1 credit" in tally("credit", "limit").err
    told = tally("credit", "verify")
    assert told.code == 3
    assert "no ledger yet" in told.err
    assert not (tally.home / FILE).exists()


@pytest.fixture
def copied(tally: Program, traded: tuple[Keeper, Keeper]) -> Path:
    """Return the ledger of a home that was put back from a copy, where no peer ran since."""
    del traded
    file = tally.home / FILE
    data = file.read_bytes()
    file.unlink()
    file.write_bytes(data)
    return file


@pytest.mark.parametrize(
    "words", [("balance",), ("limit",), ("verify",), ("export", "ledger.car")], ids=lambda it: it[0]
)
@pytest.mark.usefixtures("copied")
def test_a_ledger_that_was_put_back_may_be_old(
    tally: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    """Whatever is read of it says so until a peer was started there."""
    monkeypatch.chdir(tmp_path)
    told = tally("credit", *words)
    assert told.code == 0
    assert "put back: it was copied, or restored from a backup; balances may be old" in told.err
    assert tally.told("credit", *words)["restored"] == "it was copied, or restored from a backup"


@pytest.mark.parametrize("words", [("balance",), ("limit",), ("verify",), ("log",)])
def test_a_key_without_the_ledger_that_it_signed_in(tally: Program, words: tuple[str, ...]) -> None:
    """Nobody owes anybody anything as far as this home knows, and it is not what it knew."""
    tally.home.mkdir()
    be(tally.home, identity(9))
    assert "the key was here before, and what it signed is not" in tally("credit", *words).err


def test_a_key_that_has_signed_nothing_has_lost_nothing(tally: Program) -> None:
    """As long as no peer was traded with there is no ledger."""
    tally.told("peer", "id")
    assert "put back" not in tally("credit", "balance").err


def test_a_limit_is_set_and_shown(tally: Program) -> None:
    """The first limit begins the ledger; the next is entered in the same channel."""
    assert tally("credit", "limit", OTHER, "1.5").code == 0
    told = tally.told("credit", "limit", str(OTHER)[-6:], "0.25 credits")
    assert [one["limit_granted"] for one in told["peers"]] == [250_000]
    words = [line.split("  ")[1] for line in tally("credit", "log").out.splitlines()]
    tail = f"…{str(OTHER)[-16:]}"
    assert words == [
        "you begin a ledger",
        f"you lend {tail} up to 1.5 credits",
        f"you lend {tail} up to 0.25 credits from now",
    ]
    file = LedgerFile(tally.home)
    assert [one.limit_granted for one in file.balances()] == [250_000]
    assert "0.25" in tally("credit", "limit").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((OTHER,), "how much"),
        ((OTHER, "much"), "no amount"),
        ((OTHER, "-1"), "an amount is not below zero here"),
        (("12D3KooWnobody", "1"), "not a peer id"),
        (("nobody", "1"), "no peer is known whose id ends with 'nobody'"),
    ],
)
def test_a_limit_that_is_none_is_refused(
    tally: Program, words: tuple[object, ...], said: str
) -> None:
    """What cannot be a limit is refused before anything is written."""
    told = tally("credit", "limit", *words)
    assert told.code == 2
    assert said in told.err.lower()
    assert not (tally.home / FILE).exists()


def test_a_peer_that_is_known_is_called_by_the_end_of_its_id(tally: Program) -> None:
    """As 'tally peer list' shows it, though nothing was traded with it yet."""
    tally("peer", "add", f"tally://{OTHER}@192.0.2.7:4177")
    (lent,) = tally.told("credit", "limit", str(OTHER)[-6:], "20")["peers"]
    assert (lent["peer"], lent["limit_granted"]) == (str(OTHER), 20_000_000)


def test_how_it_stands_with_somebody_else_names_both(traded: tuple[Keeper, Keeper]) -> None:
    """In a ledger that another has exported nobody is just 'it'."""
    one, two = traded
    even = balance_of(two.ledger, two.channel(one))._replace(balance=0)
    tail = f"…{str(one.peer)[-16:]}"
    said = f"nobody owes anything; …owner lends up to 20 credits, {tail} lends 10 credits"
    assert sentence(even, "…owner") == said


@pytest.mark.parametrize(
    ("entries", "hidden", "says"),
    [
        (1, 0, "its one entry holds"),
        (71, 0, "all 71 entries hold"),
        (71, 54, "17 of 71 entries are shown, and hold"),
    ],
)
def test_what_holds_is_what_was_seen(entries: int, hidden: int, says: str) -> None:
    """Of entries that are there by their ids alone nothing is said."""
    assert held(entries, hidden) == says


def test_a_file_that_is_no_ledger_is_told_what_makes_one(tally: Program, tmp_path: Path) -> None:
    """And not what makes a bundle of runs."""
    path = tmp_path / "demo.log"
    path.write_text("hello\n")
    told = tally("credit", "verify", path)
    assert (told.code, "'tally credit export' wrote" in told.err) == (2, True)


def test_a_reset_is_answered_without_an_amount(tally: Program) -> None:
    """So that its help has the amount in brackets."""
    assert "PEER [AMOUNT]" in tally("credit", "reset", "--help").out


def test_nobody_lends_to_themselves(tally: Program, traded: tuple[Keeper, Keeper]) -> None:
    """A peer has no channel with itself."""
    assert tally("credit", "limit", traded[1].peer, "1").code == 2


def test_nothing_is_signed_in_a_ledger_that_was_put_back(
    tally: Program, traded: tuple[Keeper, Keeper]
) -> None:
    """A copied ledger first needs to hear the other peers, and says so; it still holds."""
    del traded
    data = (tally.home / FILE).read_bytes()
    (tally.home / FILE).unlink()
    (tally.home / FILE).write_bytes(data)
    told = tally("credit", "limit", OTHER, "1")
    assert told.code == 3
    assert "tally peer start" in told.err
    assert tally("credit", "verify").code == 0
    assert "put back" in tally("credit", "verify").err


def test_one_process_at_a_time_signs(tally: Program, traded: tuple[Keeper, Keeper]) -> None:
    """While another process may sign, a limit is not set, and everything is still shown."""
    _, two = traded
    with signing(tally.home, two.peer):
        assert tally("credit", "limit", OTHER, "1").code == 3
        assert tally("credit", "verify").code == 0
        assert tally.told("credit", "balance")["peers"]


def test_the_log_has_a_line_for_each_entry(tally: Program, traded: tuple[Keeper, Keeper]) -> None:
    """What each side signed is said in words, the newest last; of one peer, or of all."""
    one, two = traded
    lines = tally("credit", "log").out.splitlines()
    assert len(lines) == len(two.log)
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d  .+", line) for line in lines)
    assert "owes you 0.0015 credits more, for 2 steps" in lines[4]
    assert len(tally("credit", "log", str(one.peer)[-5:]).out.splitlines()) == len(lines) - 1
    assert not tally("credit", "log", OTHER).out
    told = tally("credit", "log", "-o", "json").out.splitlines()
    assert len(told) == len(lines)
    assert '"kind": "checkpoint"' in told[-1]


def test_a_ledger_is_verified_and_damage_is_exit_5(
    tally: Program, traded: tuple[Keeper, Keeper]
) -> None:
    """A whole ledger holds; a changed one is refused with the entry and the reason."""
    _, two = traded
    told = tally.told("credit", "verify")
    assert (told["entries"], told["lacks"], told["restored"]) == (len(two.log), {}, None)
    with sqlite3.connect(tally.home / FILE) as raw:
        raw.execute("UPDATE entries SET link = zeroblob(32) WHERE pos = 6")
    for words in (("verify",), ("export", tally.home / "x.car")):
        failed = tally("credit", *words)
        assert failed.code == 5
        assert f"ledger.db, entry 6: receipt {two.log[5].entry.number} of " in failed.err
    assert not (tally.home / "x.car").exists()
    with sqlite3.connect(tally.home / FILE) as raw:
        raw.execute("UPDATE entries SET signed = x'00' WHERE pos = 6")
    failed = tally("credit", "log")
    assert failed.code == 5
    assert "entry 6" in failed.err


def test_an_exported_ledger_is_verified_anywhere(
    tally: Program, traded: tuple[Keeper, Keeper], tmp_path: Path
) -> None:
    """Another home, that knows nobody, sees that the file holds, and what it states."""
    one, two = traded
    path = tmp_path / "ledger.car"
    assert tally.told("credit", "export", path)["size"] == path.stat().st_size
    other = Program(tmp_path / "elsewhere")
    told = other.told("credit", "verify", path)
    assert told["peer"] == str(two.peer)
    assert told["with"] is None
    assert [peer["balance"] for peer in told["peers"]] == [1_936]
    said = other("credit", "verify", path).out
    assert f"owes …{str(two.peer)[-16:]} 0.001936 credits" in said
    assert tally("credit", "export", path, str(one.peer)[-6:]).code == 0
    told = other.told("credit", "verify", path)
    assert (told["with"], told["hidden"]) == (str(one.peer), 0)
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    failed = other("credit", "verify", path)
    assert failed.code == 5
    assert str(path) in failed.err
    path.write_bytes(b"no bundle")
    assert other("credit", "verify", path).code == 2


def test_an_exported_ledger_is_no_run(
    tally: Program, traded: tuple[Keeper, Keeper], tmp_path: Path
) -> None:
    """It is a bundle, too, with nothing to be imported or run again: it is said what it is for."""
    del traded
    path = tmp_path / "ledger.car"
    tally.told("credit", "export", path)
    for command in ("import", "rerun"):
        told = tally(command, path)
        assert (told.code, "this is an exported ledger" in told.err) == (2, True)
        assert "tally credit verify FILE" in told.err


def test_what_is_not_at_hand_is_said(tally: Program) -> None:
    """Of entries whose papers are elsewhere it is said that their signature alone was seen."""
    _, two, _ = backed()
    keep(tally.home, two)
    told = tally("credit", "verify")
    assert told.code == 0
    assert "4 entries are without the offer that they rest on" in told.err


def test_a_shell_completes_peers_of_the_ledger(
    tally: Program, traded: tuple[Keeper, Keeper]
) -> None:
    """Whom there is a channel with is offered, with how it stands; in a home without, nobody."""
    one, _ = traded
    asked = {"_TALLY_COMPLETE": "bash", "_TALLY_LINE": "tally credit log "}
    told = tally.at(tally.home, **asked).process()
    assert told.out.startswith(f"word\t{one.peer}\towes you"), told.err
    assert not tally.at(tally.home.parent / "none", **asked).process().out


def test_what_pruning_costs_is_said() -> None:
    """Another peer may need what has gone; who let go of nothing has lost nothing."""
    said = gone(1, 2)
    assert said.startswith(
        "one entry and 2 papers that nothing else rests on are gone; a peer that"
    )
    assert "cannot trade" not in gone(0, 0)


def test_what_was_signed_off_is_pruned(tally: Program, traded: tuple[Keeper, Keeper]) -> None:
    """Entries before a checkpoint of both go; what is left is shown, and holds."""
    _, two = traded
    before = tally.told("credit", "balance")
    assert tally.told("credit", "prune") == {"entries": len(two.log) - 3, "papers": 5}
    assert tally.told("credit", "balance") == before
    assert "nothing may go" in tally("credit", "prune").err
    told = tally.told("credit", "verify")
    assert (told["entries"], told["hidden"]) == (len(two.log), len(two.log) - 3)
    assert (
        f"{len(two.log) - 3} entries are not shown, being pruned" in tally("credit", "verify").err
    )
    assert len(tally("credit", "log").out.splitlines()) == 3
    with signing(tally.home, two.peer):
        assert tally("credit", "prune").code == 3
