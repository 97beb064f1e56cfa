"""What two peers have to sign, as `tally credit` shows it: resets that are asked for, and ends."""

import re
from pathlib import Path

import pytest

from cli.creditlog import Talk, entry_line
from peers.entries import Checkpoint, Limit, Standing
from peers.entry import Written
from peers.settling import ending, refusal, reset
from tests.cli.program import Program
from tests.peers.books import backed, be, keep
from tests.peers.keys import identity
from tests.peers.ledgers import Keeper, opened

OTHER = identity(9).peer


@pytest.fixture
def tally(tmp_path: Path) -> Program:
    """Return the program on a home that is not there yet."""
    return Program(tmp_path / "home")


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("close", OTHER), 3),
        (("reset", OTHER, "5"), 2),
        (("reset", OTHER, "--accept"), 3),
        (("reset", OTHER, "-5", "--why", "it was paid"), 3),
        (("reset", OTHER, "much", "--why", "it was paid"), 2),
        (("reset", OTHER, "5", "--why", " "), 2),
        (("reset", OTHER, "5", "--refuse"), 2),
        (("reset", OTHER, "5", "--why", "it was paid", "--accept"), 2),
        (("reset", OTHER, "5", "--accept"), 3),
    ],
)
def test_what_both_have_to_sign_needs_a_peer_that_runs(
    tally: Program, words: tuple[str, ...], code: int
) -> None:
    """Here and there; and it is said what is to be signed, and why."""
    assert tally("credit", *words).code == code


def test_who_asks_for_another_balance_is_shown(tally: Program) -> None:
    """What a peer wants to agree on is said before anybody signs it: how much, and why."""
    one, two, papers = backed()
    one.say(reset(one.channel(two), 500, "paid in cash"), two)
    keep(tally.home, two, papers)
    (peer,) = tally.told("credit", "balance")["peers"]
    assert peer["asked"] == {"balance": -500, "why": "paid in cash"}
    tail = str(one.peer)[-16:]
    said = f"…{tail} asks to agree that you owe it 0.0005 credits, because: paid in cash"
    assert said in tally("credit", "balance").err


def _standings(one: Keeper, two: Keeper) -> tuple[Standing, Standing]:
    both = one.channel(two)
    return both.in_order(both.mine.standing, both.theirs.standing)


def _ended() -> tuple[Keeper, Keeper]:
    """Return two peers who have ended their channel, of whom the first lends anew."""
    one, two = opened()
    end = ending(one.channel(two))
    one.say(end, two)
    two.say(end, one)
    return one, two


def test_who_asked_for_another_balance_sees_what_for(tally: Program) -> None:
    """Until it is answered: how much, why, and how the other side answers."""
    one, two, papers = backed()
    two.say(reset(two.channel(one), 500, "paid in cash"), one)
    keep(tally.home, two, papers)
    (peer,) = tally.told("credit", "balance")["peers"]
    assert (peer["asked"], peer["asking"]) == (None, {"balance": 500, "why": "paid in cash"})
    said = tally("credit", "balance").err
    assert "to agree that it owes you 0.0005 credits, because: paid in cash" in said
    assert f"not answered yet: there 'tally credit reset {str(two.peer)[-16:]} --accept'" in said


def test_the_log_says_what_was_asked_for_and_what_was_agreed(tally: Program) -> None:
    """A reset that is asked for, refused and agreed on is three sentences, each with its amount."""
    one, two, papers = backed()
    two.say(reset(two.channel(one), 7_000_000, "a typo"), one)
    one.say(refusal(one.channel(two)), two)
    asked = reset(two.channel(one), 500, "paid in cash")
    two.say(asked, one)
    one.say(asked, two)
    keep(tally.home, two, papers)
    tail = f"…{str(one.peer)[-16:]}"
    said = [line.split("  ")[1] for line in tally("credit", "log").out.splitlines()][-4:]
    assert said == [
        f"you ask {tail} to agree that it owes you 7 credits"
        " (6.998064 credits in your favour), because: a typo",
        f"{tail} signs how it stands with you: checkpoint 3; that refuses what you asked for",
        f"you ask {tail} to agree that it owes you 0.0005 credits"
        " (0.001436 credits in its favour), because: paid in cash",
        f"{tail} agrees with you that it owes you 0.0005 credits"
        " (0.001436 credits in its favour): paid in cash",
    ]


def test_a_refusal_is_in_the_log_of_who_refused_too(tally: Program) -> None:
    """With what was asked for, as that side understands it."""
    one, two, papers = backed()
    two.say(reset(two.channel(one), 0, "paid in cash"), one)
    one.say(refusal(one.channel(two)), two)
    keep(tally.home, one, papers)
    tail = f"…{str(two.peer)[-16:]}"
    said = [line.split("  ")[1] for line in tally("credit", "log").out.splitlines()][-2:]
    assert said == [
        f"{tail} asks you to agree that nobody owes anything"
        " (0.001936 credits in your favour), because: paid in cash",
        f"you sign how it stands with {tail}: checkpoint 3; that refuses what {tail} asked for",
    ]


@pytest.mark.parametrize("is_noted", [False, True])
def test_who_asked_and_had_a_no_is_told_so(tally: Program, *, is_noted: bool) -> None:
    """Whether its peer has signed how it stands since or not, until it says something else."""
    one, two, papers = backed()
    two.say(reset(two.channel(one), 0, "paid in cash"), one)
    no = refusal(one.channel(two))
    one.say(no, two)
    if is_noted:
        two.say(no, one)
    keep(tally.home, two, papers)
    said = f"…{str(one.peer)[-16:]} refused the reset that you asked for last: paid in cash"
    assert said in tally("credit", "balance").err
    assert tally.told("credit", "balance")["peers"][0]["refused"] == "paid in cash"


def test_what_was_agreed_on_was_not_refused(tally: Program) -> None:
    """Though the two sign how they stand after it, and trade between."""
    one, two, papers = backed()
    asked = reset(two.channel(one), 500, "paid in cash")
    two.say(asked, one)
    one.say(asked, two)
    one.say(Limit(5), two)
    standing = Checkpoint(3, _standings(one, two), is_final=False)
    one.say(standing, two)
    two.say(standing, one)
    keep(tally.home, two, papers)
    assert tally.told("credit", "balance")["peers"][0]["refused"] is None


def test_a_log_that_was_cut_says_what_it_knows() -> None:
    """From a checkpoint on what is owed is known; before the first one only what is added."""
    one, two, _ = backed()
    two.say(reset(two.channel(one), 0, "paid in cash"), one)
    names = {two.channel(one).id: one.peer}

    def told(log: list[Written]) -> str:
        talk = Talk(two.peer, names)
        return [entry_line(talk.hear(written))[1] for written in log][-1]

    by = "0.001936 credits in its favour"
    assert f"to agree that nobody owes anything ({by})" in told(two.log)
    assert f"to agree that nobody owes anything ({by})" in told(two.log[-3:])
    assert f"to change what is owed by {by}, because" in told(two.log[-1:])


def test_a_channel_that_has_ended_is_shown_as_ended(tally: Program, tmp_path: Path) -> None:
    """In the balances of a home, in what it lends, and in a ledger that was exported."""
    one, two = _ended()
    keep(tally.home, two)
    be(tally.home, two.key)
    (peer,) = tally.told("credit", "balance")["peers"]
    assert (peer["ended"], peer["words"]) == (True, "ended, at exactly zero")
    assert "  ended; 1 when you trade again  -  -  -" in re.sub(
        r"  +", "  ", tally("credit", "limit").out
    )
    assert tally("credit", "limit", one.peer, "3").code == 0
    tally("credit", "export", tmp_path / "x.car")
    told = tally.told("credit", "verify", tmp_path / "x.car")
    assert [each["ended"] for each in told["peers"]] == [True, False]
    assert "ended, at exactly zero" in tally("credit", "verify", tmp_path / "x.car").out


def test_a_limit_that_was_set_by_hand_outlives_the_end_of_a_channel(tally: Program) -> None:
    """It is what either lends when they trade again, and is shown until then."""
    one, two = opened()
    two.say(Limit(7_000_000, is_fixed=True), one)
    one.say(Limit(0, is_fixed=True), two)
    end = ending(one.channel(two))
    one.say(end, two)
    two.say(end, one)
    keep(tally.home, two)
    row = "ended; 7 when you trade again  -  ended; 0 when you trade again  -"
    assert row in re.sub(r"  +", "  ", tally("credit", "limit").out)
    (peer,) = tally.told("credit", "limit")["peers"]
    assert (peer["ended"], peer["granted_anew"], peer["received_anew"]) == (True, 7_000_000, 0)


def test_an_end_that_is_not_answered_is_shown(tally: Program) -> None:
    """And nothing is lent meanwhile."""
    one, two = opened()
    two.say(ending(two.channel(one)), one)
    keep(tally.home, two)
    be(tally.home, two.key)
    assert tally.told("credit", "balance")["peers"][0]["ending"]
    assert "which has not answered yet" in tally("credit", "balance").err
    assert tally("credit", "limit", one.peer, "3").code == 2
