"""Suite: some trials of one kind, each of which can be repeated alone from its seed and number."""

import random
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.long.ground import Ground, clear
from tests.long.warm import Warm


@dataclass(frozen=True)
class Field:
    """What trials take place on."""

    ground: Ground | None  # None for suites that need no home
    warm: Warm
    place: Path  # an empty directory for one trial's things
    log: list[str] = field(default_factory=list)  # what was done, for who reads of a failure


@dataclass(frozen=True)
class Suite:
    """Trials of one kind."""

    name: str
    what: str  # that is tried, in a line
    count: int  # of a full run
    trial: Callable[[Field, random.Random, int], str]  # its number; returns what it did
    needs_home: bool = True


@dataclass(frozen=True)
class Failed:
    """A trial in which something did not hold."""

    number: int
    why: str
    replay: str


@dataclass(frozen=True)
class Outcome:
    """What came of a suite."""

    suite: Suite
    seed: int
    count: int
    seconds: float
    failed: list[Failed]

    def __str__(self) -> str:
        line = (
            f"{self.suite.name:10} {self.count:6} trials  seed {self.seed}  "
            f"{self.seconds:6.0f} s  {len(self.failed)} failed"
        )
        shown = [f"\n{one.why}\n  again: {one.replay}" for one in self.failed]
        return line + "".join(shown)


def run(
    suite: Suite,
    ground: Ground | None,
    warm: Warm,
    place: Path,
    *,
    seed: int,
    numbers: range,
    say: Callable[[str], None] = lambda _: None,
    keep: bool = False,
) -> Outcome:
    """Run some trials of a suite in `place`; with `keep`, what failed stays there."""
    began = time.monotonic()
    failed = []
    for number in numbers:
        where = place / f"{suite.name}-{number}"
        where.mkdir()
        chance = random.Random(f"{suite.name} {seed} {number}")  # noqa: S311
        on = Field(ground, warm, where)
        try:
            say(f"{suite.name} {number}: {suite.trial(on, chance, number)}")
        except Exception:
            replay = f"python -m tests.long {suite.name} --seed {seed} --only {number}"
            why = "\n".join((*on.log, traceback.format_exc()))
            failed.append(Failed(number, why, replay))
            say(f"{suite.name} {number}: FAILED\n{failed[-1].why}  again: {replay}")
            if keep:
                continue
        clear(where)
    return Outcome(suite, seed, len(numbers), time.monotonic() - began, failed)
