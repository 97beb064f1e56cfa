"""Plan: what lies between a workflow and its first step, for many steps.

Two shapes: one step scattered, and steps in layers, each with random needs in the layer above. The
peer builds the same graph; we make the keys besides. Only the work itself is timed, not how long an
interpreter takes to import its packages.
"""

import json
import sys
from collections.abc import Iterator

from bench.contest import Times, contest
from bench.machine import ROOT
from bench.process import ToldCommand
from bench.row import Row, at_most
from bench.setting import Setting

PART = "plan"
_HOW = {"scatter": ("delayed", "bag"), "layers": ("tasks",)}
_MIB = 1024 * 1024
_PROGRAMS = ROOT / "bench" / "programs"


def measure(setting: Setting) -> Iterator[Row]:
    """Measure both shapes."""
    count = setting.size(100_000, 2_000)
    for shape in ("scatter", "layers"):
        yield from _shape(setting, shape, count)


def _shape(setting: Setting, shape: str, count: int) -> Iterator[Row]:
    words = (sys.executable, "-m", "bench.programs.plan_ours", shape, str(count))
    ours = ToldCommand(words, ROOT)
    ways = {"ours": ours.spent}
    dask = setting.peers.python("dask")
    for how in _HOW[shape] if dask is not None else ():
        program = (dask, _PROGRAMS / "plan_dask.py", shape, how, str(count))
        ways[f"dask {how}"] = ToldCommand(program, _PROGRAMS).spent
    times = contest(ways, setting.rounds)
    for name in list(ways)[1:]:
        yield _row(f"{count} steps, {shape} ÷ {name}", name, times)
    what = f"{count} steps, {shape}, memory"
    memory = json.loads(ours.output())["memory"]
    yield Row(PART, what, memory / _MIB, "MiB", at_most(300))


def _row(what: str, peer: str, times: Times) -> Row:
    target = at_most(1.0) if peer != "dask bag" else None
    return Row(PART, what, times.ratio("ours", peer), "x", target, times.told("ours", peer))
