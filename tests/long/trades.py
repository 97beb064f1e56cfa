"""trade: kill -9 of daemons that run steps for one another, and owe each other for it.

Each life of a daemon ends at a random time, or at a named moment. Then its ledger is held against
those of the others; in the end all are left in peace, and have to agree by themselves.
"""

import random
import time
from collections.abc import Callable
from typing import Final

from tests.long.ground import tally
from tests.long.hurts import UNHURT, Hurts
from tests.long.suite import Field, Suite
from tests.long.traders import MANY, PATIENCE_S, WORKFLOW, Trader
from tests.peers.standing import Standing, are_quiet, check_after, check_quiet

KILLS = 30  # of one trial
LONGEST_S = 3.0  # of a life that nothing but time ends
MOMENTS: Final = (
    *("record.stored", "record.entered", "record.durable"),
    *("database.changed", "database.committed", "batch.kept", "pack.synced"),
)
BY_MOMENT: Final = 0.5  # of the lives
MOST_HITS: Final = 60


def trial(
    field: Field,
    chance: random.Random,
    number: int,
    kills: int = KILLS,
    longest_s: float = LONGEST_S,
) -> str:
    """Kill traders that work for each other, and see that they agree in the end."""
    traders = _prepare(field, 2 + number % 2)
    try:
        for one in traders:
            assert one.live()
        for one in traders:
            one.meet([other for other in traders if other is not one])
        for _ in range(kills):
            _pass(traders, chance.random() * longest_s)
            _kill(traders, chance)
        _end(traders)
    finally:
        for one in traders:
            one.close()
    found = [Standing(one.home) for one in traders]
    lives, runs = sum(one.lives for one in traders), sum(one.done for one in traders)
    entries, lines = sum(len(one.entries) for one in found), sum(len(one.paid) for one in found)
    return f"{lives} lives, {kills} killed, {runs} runs, {entries} entries, {lines} lines"


def _prepare(field: Field, count: int) -> list[Trader]:
    assert field.ground is not None
    traders = []
    for number in range(count):
        home = field.place / f"{number}" / f"home{number}"
        home.parent.mkdir()
        told = tally(field.warm, home, "import", field.ground.bundle, "-o", "json").json
        environment, numbers = told["roots"][0]["cid"], [*range(MANY)]
        text = WORKFLOW.format(environment=environment, numbers=numbers)
        (home.parent / "trade.yaml").write_text(text)
        traders.append(Trader(field.warm, home))
    return traders


def _kill(traders: list[Trader], chance: random.Random) -> None:
    """End the life of one, look at what it left, and begin another."""
    victim = next((one for one in traders if one.is_dead), chance.choice(traders))
    others = [one for one in traders if one is not victim]
    victim.kill()
    check_after(victim.home, *(one.home for one in others))
    moment, hit = chance.choice(MOMENTS), int(MOST_HITS ** chance.random())
    hurts = Hurts(moment=moment, hit=hit) if chance.random() < BY_MOMENT else UNHURT
    while not victim.live(hurts):  # killed before it listened
        victim.kill()
        hurts = UNHURT
    victim.meet([one for one in others if not one.is_dead])


def _pass(traders: list[Trader], seconds: float) -> None:
    """Let all work for a time, or until one is killed."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not any(one.is_dead for one in traders):
        for one in traders:
            one.turn()
        time.sleep(0.01)


def _end(traders: list[Trader]) -> None:
    """Leave them in peace until each has done a run more, and all is settled by itself."""
    homes = [one.home for one in traders]
    for one in traders:
        one.kill()
        assert one.live()
    for one in traders:
        one.meet([other for other in traders if other is not one])
    enough = [one.done + 1 for one in traders]
    wanted = dict(zip(traders, enough, strict=True))
    _until(lambda: all(one.is_up(len(traders) - 1) for one in traders))
    while any(one.done < most or one.is_busy for one, most in wanted.items()):
        for one, most in wanted.items():
            one.turn(is_wanted=one.done < most)
        time.sleep(0.01)
    _until(lambda: are_quiet(*homes), lambda: check_quiet(*homes))
    for one in traders:
        one.stop()
        ended = one.command("credit", "verify")
        assert ended.code == 0, str(ended)
    check_quiet(*homes)


def _until(is_so: Callable[[], bool], otherwise: Callable[[], None] = lambda: None) -> None:
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        if time.monotonic() > end:
            otherwise()
            raise AssertionError("it does not come about")
        time.sleep(0.05)


SUITE = Suite("trade", f"kill -9 of daemons that trade, {KILLS} in each trial", 10, trial)
