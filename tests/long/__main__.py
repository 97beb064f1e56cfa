"""The long suites: `python -m tests.long [SUITE…] [--seed N] [--first N] [--count N] [--only N]`.

Each trial is a function of its suite, the seed and its number: a failure prints the line that
repeats it. Exit 0 when every promise held, 1 when one did not. What is promised is said in
docs/reliability.md.
"""

import argparse
import os
import random
import sys
import tempfile
from pathlib import Path

from tests.long import suite as suites
from tests.long.ground import clear, prepare, with_nix
from tests.long.suites import SUITES
from tests.long.warm import Warm


def main() -> int:
    """Run the suites that are named, or all."""
    asked = _arguments()
    seed = asked.seed if asked.seed is not None else random.SystemRandom().randrange(10**6)
    place = Path(tempfile.mkdtemp(prefix="long.", dir=asked.place))
    place.chmod(0o755)  # steps are somebody else
    print(f"seed {seed}, in {place}", file=sys.stderr)
    outcomes = []
    with Warm() as warm:
        chosen = [SUITES[name] for name in asked.suites or SUITES]
        ground = None
        if any(suite.needs_home for suite in chosen):
            ground = prepare(place, warm, asked.bundle or with_nix(place))
        for suite in chosen:
            count = suite.count if asked.count is None else asked.count
            numbers = range(asked.first, asked.first + count)
            if asked.only is not None:
                numbers = range(asked.only, asked.only + 1)
            outcome = suites.run(
                suite, ground, warm, place, seed=seed, numbers=numbers, say=_say, keep=asked.keep
            )
            outcomes.append(outcome)
    print("\n".join(map(str, outcomes)))
    if not asked.keep:
        clear(place)
    return int(any(outcome.failed for outcome in outcomes))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.long", description=__doc__)
    names = "; ".join(f"{suite.name}: {suite.what}" for suite in SUITES.values())
    parser.add_argument("suites", metavar="SUITE", nargs="*", choices=[*SUITES, []], help=names)
    parser.add_argument("--seed", type=int, help="what is tried (default: something new)")
    parser.add_argument("--count", type=int, help="how many trials of each suite")
    parser.add_argument("--first", type=int, default=0, help="the number of the first trial")
    parser.add_argument("--only", type=int, help="the one trial of this number")
    parser.add_argument("--keep", action="store_true", help="leave what failed where it is")
    parser.add_argument("--place", type=Path, help="where homes are made (default: TMPDIR)")
    parser.add_argument("--bundle", type=Path, help="an environment, so that Nix is not asked")
    return parser.parse_args()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    os.umask(0o022)
    sys.exit(main())
