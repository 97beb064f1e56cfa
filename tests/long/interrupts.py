"""interrupt: Ctrl-C, SIGTERM and SIGHUP at random times, now and then a second one soon after."""

import os
import random
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.long.kills import LONGEST_S
from tests.long.life import Life
from tests.long.suite import Field, Suite
from tests.long.warm import Ended, Running

SIGNALS = 8  # of one trial
WAYS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def trial(field: Field, chance: random.Random, number: int, *, signals: int = SIGNALS) -> str:
    """Interrupt some commands of one life; each goes on, and nothing is left beside it."""
    life = Life(field, chance, field.place / "life")
    stopped, slowest = 0, 0.0
    for _ in range(signals):
        deed = life.any()
        before = set(life.place.iterdir())
        running = life.start(deed)
        time.sleep(chance.random() * (LONGEST_S if deed.words[0] in ("run", "rerun") else 0.25))
        asked = time.monotonic()
        twice = _interrupt(running, chance)
        ended = running.wait()
        slowest = max(slowest, time.monotonic() - asked)
        if ended.code == 1:
            stopped += 1
            _check_said(ended)
            life.promises.hear(ended.err)
            _check_place(before, life.place, twice=twice)
        elif -ended.code in WAYS and not ended.err:
            pass  # before its first line; nothing had begun
        else:
            life.take(deed, ended)
        life.check()
        life.go_on(deed, ended)
    life.finish()
    return f"{stopped} stopped, the slowest in {slowest:.2f} s"


def _interrupt(running: Running, chance: random.Random) -> bool:
    """Send a signal, or two; return whether it was two."""
    way, twice = chance.choice(WAYS), chance.random() < 0.3
    with suppress(ProcessLookupError):  # it may be done
        os.kill(running.pid, way)
        if twice:
            time.sleep(chance.random() * 0.05)
            os.kill(running.pid, way)
    return twice


def _check_said(ended: Ended) -> None:
    assert "Traceback" not in ended.err, str(ended)
    assert "cancelled\n  fix: " in ended.err, str(ended)


def _check_place(before: set[Path], place: Path, *, twice: bool) -> None:
    """Look whether the directory of the user has nothing half written in it."""
    new = {path.name for path in set(place.iterdir()) - before}
    hidden = {name for name in new if name.startswith(".")}
    assert twice or not hidden, f"left behind: {hidden}"


SUITE = Suite("interrupt", "signals at random times, eight in each trial", 40, trial)
