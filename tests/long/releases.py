"""release: kill -9 at random times of what publishes, takes back, names, endorses; two at once."""

import random
import time
from typing import Final

from tests.long import open_scenes as shelf
from tests.long.life import NAMES, Deed, Life, nothing
from tests.long.promises import Letters
from tests.long.suite import Field, Suite
from tests.long.warm import Ended

KILLS = 8  # of one trial
LONGEST_S = 0.5  # of most of these commands on two busy cores
# what is said to one of two that publish at once, and to who takes back what was taken back
REFUSED: Final = ("has just been published", "this is not published here")


def trial(field: Field, chance: random.Random, number: int, kills: int = KILLS) -> str:
    """Kill commands on one home, one or two at a time; what was said holds, and they go on."""
    life = Life(field, chance, field.place / "life")
    life.succeed(shelf.publish(life))
    killed = 0
    for _ in range(kills):
        running = [(deed, life.start(deed)) for deed in _deeds(life, chance)]
        for _, one in running:
            time.sleep(chance.random() * LONGEST_S)
            one.kill()
        ended = [(deed, one.wait()) for deed, one in running]
        killed += sum(one.code == -9 for _, one in ended)
        done = [_take(life, deed, one) for deed, one in ended]
        life.check()
        for deed, is_done in done:
            if not is_done:
                life.succeed(
                    shelf.take_back_the_rest(life) if deed.words[0] == "unpublish" else deed
                )
    life.succeed(shelf.publish(life, "--title", "at the end"))
    found = life.succeed(Deed(["search", "end", "-o", "json"], nothing)).json
    assert len(found["resources"]) == 1, "N1: what was published is not found"
    life.finish()
    return f"{killed} killed"


def _deeds(life: Life, chance: random.Random) -> list[Deed]:
    """Return one or two things to do that do not undo each other."""
    if not life.promises.public.public:  # what was taken back goes, and its name is nothing
        return [shelf.publish(life)]
    if chance.random() < 0.2:
        return [shelf.unpublish(life)]
    if chance.random() < 0.2:
        return [shelf.use(life, Letters((chance.choice(NAMES),), 10)), life.gc()]
    if chance.random() < 0.2:
        return [shelf.endorse(life), shelf.publish_environment(life)]
    titles = [f"title {chance.randrange(3)}" for _ in range(2)]
    return [shelf.publish(life, "--title", title) for title in titles]


def _take(life: Life, deed: Deed, ended: Ended) -> tuple[Deed, bool]:
    """Take how something ended; return whether it is done."""
    life.log.append(f"{' '.join(deed.words)}: {ended.code} {ended.err[:200]}")
    if ended.code == 2 and any(why in ended.err for why in REFUSED):
        return deed, False
    return deed, life.take(deed, ended).code == 0


SUITE = Suite("release", f"what publishes, killed {KILLS} times in each trial", 40, trial)
