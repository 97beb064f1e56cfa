"""The benchmarks run; whether anything is fast enough is not asked here."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def quick(cache: Path, *parts: str) -> str:
    """Run parts of the benchmarks at their smallest; return what they print."""
    command = [sys.executable, "-m", "bench", *parts, "--quick", "--cache", str(cache)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_part_prints_figures_and_says_loudly_what_it_skips(tmp_path: Path) -> None:
    """A peer that is not here is named with what to do; what needs no peer is measured."""
    command = [sys.executable, "-m", "bench", "plan", "--quick", "--cache", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert "SKIPPED: everything against dask" in done.stderr
    assert "memory" in done.stdout


@pytest.mark.nix
@pytest.mark.sandbox
def test_parts_that_store_and_run_print_ratios(tmp_path: Path, nix_store: object) -> None:
    """Adding is compared with adding by hand, a run with whatever is here."""
    told = quick(tmp_path, "content", "nothing")
    assert "÷ by hand" in told
    assert "figures" in told
