"""kill: kill -9 at random times, of commands of every kind, again and again on one home."""

import random
import time

from tests.long.life import Life
from tests.long.suite import Field, Suite

KILLS = 6  # of one trial
LONGEST_S = 1.2  # of a run on two busy cores; other commands are done by then


def trial(field: Field, chance: random.Random, number: int, kills: int = KILLS) -> str:
    """Kill commands of one life, some of which are done again at once, and some at the end."""
    life = Life(field, chance, field.place / "life")
    killed = 0
    for _ in range(kills):
        deed = life.any()
        running = life.start(deed)
        time.sleep(chance.random() * (LONGEST_S if deed.words[0] in ("run", "rerun") else 0.25))
        running.kill()
        ended = life.take(deed, running.wait())
        killed += ended.code == -9
        life.check()
        life.go_on(deed, ended)
    life.finish()
    return f"{killed} killed"


SUITE = Suite("kill", f"kill -9 at random times, {KILLS} in each trial", 160, trial)
