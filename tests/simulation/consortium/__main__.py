"""Consortium: how people fare who trade for a week: `python -m tests.simulation.consortium 10 50`.

It prints a table of each size, draws it (--plot), and ends with 1 when anything is broken.
"""

import gc
import sys
import time
from argparse import ArgumentParser
from pathlib import Path

from tests.simulation.consortium.consortium import DAYS, DEFAULT, Consortium
from tests.simulation.consortium.plot import drawn
from tests.simulation.consortium.standings import Standings


def held(size: int, seed: int, days: int) -> Standings:
    """Have some people trade; return how they fared."""
    consortium = Consortium(size, seed, DEFAULT, days)
    consortium.run()
    return Standings(consortium)


def main() -> int:
    """Run some sizes."""
    parser = ArgumentParser(prog="python -m tests.simulation.consortium")
    parser.add_argument("sizes", nargs="*", type=int, default=[10, 50, 200])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--days", type=int, default=DAYS)
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="of the last size")
    asked = parser.parse_args()
    gc.disable()  # it would look through millions of small values again and again
    is_broken = False
    for size in asked.sizes:
        began = time.monotonic()
        standings = held(size, asked.seed, asked.days)
        print(standings.table(), f"{time.monotonic() - began:.0f} s here", sep="\n", end="\n\n")
        for one in standings.broken():
            is_broken = True
            print("broken:", one)
        if asked.plot is not None:
            asked.plot.write_text(drawn(standings.all))
    return int(is_broken)


if __name__ == "__main__":
    sys.exit(main())
