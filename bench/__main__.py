"""Measure: `python -m bench [PART…] [--quick]`. See docs/benchmarks.md.

Prints a line for each figure as it is known, and appends those of each part to the results file,
with the machine and the versions of everything that took part.
"""

import argparse
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import platformdirs

from bench import content, ipfs, ledger, nothing, plan, remote, results, startup, step, transfer
from bench.peers import Peers
from bench.row import Row
from bench.setting import Setting, complain

PARTS: Final[dict[str, Callable[[Setting], Iterator[Row]]]] = {
    module.PART: module.measure
    for module in (step, nothing, plan, content, startup, transfer, ipfs, remote, ledger)
}


def main() -> None:
    """Measure the parts that were asked for, or all."""
    asked = _arguments()
    if asked.table:
        print(results.table(asked.results))
        return
    asked.cache.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=asked.cache))
    scratch.chmod(0o755)
    peers = Peers(asked.cache, not asked.quick, complain)
    rounds = asked.rounds or (1 if asked.quick else 5)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that the scratch goes then too
    setting = Setting(asked.quick, rounds, asked.cache, scratch, peers, complain, asked.large)
    try:
        rows = []
        for part in asked.parts or list(PARTS):
            measured = list(_measured(part, setting))
            if not asked.quick:
                results.append(asked.results, measured, setting)
            rows += measured
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    missed = sum(row.verdict == "MISSED" for row in rows)
    print(f"{len(rows)} figures, {missed} targets missed")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(PARTS))
    parser.add_argument("--quick", action="store_true", help="tiny sizes: does it all still work?")
    parser.add_argument("--large", action="store_true", help="also 10 GiB: takes 30 GiB of disk")
    parser.add_argument("--table", action="store_true", help="print the latest of each figure")
    parser.add_argument("--rounds", type=int, help="how often each pair is measured (5)")
    cache = platformdirs.user_cache_path("tallystick-bench")
    parser.add_argument("--cache", type=Path, default=cache, help="peers and scratch (%(default)s)")
    parser.add_argument("--results", type=Path, default=results.FILE, help="the file to append to")
    asked = parser.parse_args()
    if unknown := set(asked.parts) - set(PARTS):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    return asked


def _measured(part: str, setting: Setting) -> Iterator[Row]:
    for row in PARTS[part](setting):
        print(_line(row), flush=True)
        yield row


def _line(row: Row) -> str:
    target = f"{row.target.how} {row.target.value:g}" if row.target else ""
    figure = f"{row.figure:.3g} {row.unit}"
    return (
        f"{row.part:8} {row.what:48} {figure:>10} {target:>7} {row.verdict:8} {row.note}".rstrip()
    )


if __name__ == "__main__":
    main()
