"""crowd: two, then ten engines on one home; some are killed, others add, collect and check."""

import random
import time
from collections import Counter

from cli.workspace import Workspace
from tests.long.life import NAMES, Deed, Life
from tests.long.promises import Letters
from tests.long.suite import Field, Suite

KILLED = 0.25  # of the engines of every other trial


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Start all at once on work that they share, and look whether each step ran once."""
    life = Life(field, chance, field.place / "life")
    size = 10 if number % 4 >= 2 else 2
    kills = number % 2 == 1
    deeds = [_deed(life, chance, at) for at in range(size)]
    running = [(deed, life.start(deed)) for deed in deeds]
    doomed = [one for _, one in running if kills and chance.random() < KILLED]
    for one in doomed:
        time.sleep(chance.random())
        one.kill()
    ended = [(deed, life.take(deed, one.wait())) for deed, one in running]
    life.check()
    for deed, end in ended:
        assert end.code == 0 or (kills and end.code == -9), f"N2: {end}"
        if end.code != 0:
            life.succeed(deed)
    if not doomed:
        assert _most_runs(life) == 1, "N3: two engines ran one step"
    life.finish()
    return f"{size} engines, {sum(end.code == -9 for _, end in ended)} killed"


def _deed(life: Life, chance: random.Random, at: int) -> Deed:
    """Return a run of one of two works, or now and then something else."""
    if at >= 2 and chance.random() < 0.3:
        return chance.choice((life.add, life.gc, life.fsck, life.add_tree))()
    return life.run(Letters(NAMES[: 2 + at % 2], 70_000))


def _most_runs(life: Life) -> int:
    """Return how often the step was run that was run most often."""
    with Workspace(life.home) as space:
        rows = space.database.rows("SELECT key FROM run_steps WHERE status = 'ran'")
    return max(Counter(key for (key,) in rows).values())


SUITE = Suite("crowd", "two and ten engines on one home", 40, trial)
