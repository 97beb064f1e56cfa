"""Errors of runs on peers that ask a price: with a real peer that runs steps, and one that pays."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told
from tests.daemons import Daemon, until

MARKET = "Runs on peers that ask a price"
REAL = ("nix", "sandbox")


@contextmanager
def _market(stage: Stage, limit: str) -> Iterator[None]:
    """Have a peer of this home, and another one that lends it so much."""
    (stage.folder / "there").mkdir()
    asks, runs = Daemon(stage.program.home), Daemon(stage.folder / "there")
    try:
        with patch.dict(os.environ, TALLY_NEWCOMER_LIMIT=limit):
            runs.start("--prices", "core-second=0.01")
        asks.start()
        stage.quietly("peer", "add", runs.address)
        until(lambda: asks.is_up(runs) and _is_known(asks, runs))
        yield
    finally:
        if asks.process is not None:
            asks.stop()
        runs.stop()
        (Path(stage.program.home) / "peers").unlink(missing_ok=True)  # nobody is named any more


def _is_known(asks: Daemon, runs: Daemon) -> bool:
    return any(one["peer"] == runs.peer and "prices" in one for one in asks.status()["peers"])


def _step(stage: Stage) -> None:
    stage.good("  dear: {run: 'echo dear >{outputs.o}', outputs: {o: o}}\n")


@meets(MARKET, "a run that may not cost what the cheapest asks", *REAL)
def _(stage: Stage) -> Told:
    _step(stage)
    with _market(stage, "1"):
        return stage("run", "w.yaml", "--on", "peers", "--max-cost", "0.001")


@meets(MARKET, "a run for which nobody lends enough", *REAL)
def _(stage: Stage) -> Told:
    _step(stage)
    with _market(stage, "0"):
        return stage("run", "w.yaml", "--on", "peers")


@meets(MARKET, "a plan for which nobody lends enough", *REAL)
def _(stage: Stage) -> Told:
    _step(stage)
    with _market(stage, "0"):
        return stage("plan", "w.yaml", "--on", "peers")
