"""The benchmarks run; whether anything is fast enough is not asked here."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from bench.contest import Times, contest
from bench.process import Spent
from bench.results import table
from bench.row import Row, at_least, at_most
from engine.nix.nixstore import NixStore

ROOT = Path(__file__).parents[1]


def quick(cache: Path, *parts: str) -> subprocess.CompletedProcess[str]:
    """Run parts of the benchmarks at their smallest."""
    command = [sys.executable, "-m", "bench", *parts, "--quick", "--cache", str(cache)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    return done


def test_a_ratio_is_of_pairs() -> None:
    """The figure is the median of the rounds' ratios, not the ratio of the medians."""
    times = Times({"a": [Spent(s, 0) for s in (1, 20, 3)], "b": [Spent(s, 0) for s in (1, 10, 6)]})
    assert times.ratio("a", "b") == 1
    assert times.seconds("a") == 3


def test_every_second_round_goes_backwards() -> None:
    """What gets slower over time harms all ways alike."""
    order: list[str] = []

    def way(name: str) -> Spent:
        order.append(name)
        return Spent(1, 1)

    contest({"a": lambda: way("a"), "b": lambda: way("b")}, 2)
    assert order == ["a", "b", "b", "a"]


def test_a_target_is_a_bound() -> None:
    """It holds at its value, and on one side of it."""
    assert at_most(2).holds(2)
    assert not at_most(2).holds(2.1)
    assert at_least(2).holds(2)
    assert not at_least(2).holds(1.9)


def test_the_table_has_the_latest_of_each_figure(tmp_path: Path) -> None:
    """What was measured again replaces what was measured before."""
    rows = [Row("plan", "steps", figure, "x", at_most(2)).as_json() for figure in (3.0, 1.5)]
    file = tmp_path / "results.jsonl"
    file.write_text("".join(json.dumps({"rows": [row]}) + "\n" for row in rows))

    assert table(file).splitlines()[2:] == ["| plan | steps | 1.5 x | ≤ 2 | reached |"]


def test_what_is_skipped_is_said_loudly(tmp_path: Path) -> None:
    """A peer that is not here is named; what needs no peer is measured all the same."""
    done = quick(tmp_path, "plan")
    assert "SKIPPED: everything against dask" in done.stderr
    assert "memory" in done.stdout


@pytest.mark.nix
@pytest.mark.sandbox
def test_parts_print_ratios(tmp_path: Path, nix_store: NixStore) -> None:
    """Steps, a run with nothing to do and added files are compared with whatever is here."""
    if not nix_store.is_system:
        pytest.skip("NO TESTS OF BENCHMARKS: they build in the system's Nix store")
    told = quick(tmp_path, "step", "nothing", "content").stdout
    for figure in ("100 paths ÷ 1 path", "memory of the tree", "÷ by hand", "÷ cp"):
        assert figure in told
