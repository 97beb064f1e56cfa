"""Daemons: peers as a user starts them, each with a home and a port of its own."""

import json
import os
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from engine.nix.nixstore import NixStore
from peers.control_client import connect
from tests.commands import PROGRAM, told
from tests.fakes import nixstore

START = (
    *("peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "-o", "json"),
    *("--ipfs", "none"),  # of whoever runs these tests
)
PATIENCE_S = 120


@dataclass(slots=True)
class Daemon:
    """A peer that runs."""

    home: Path
    path: Path | None = None  # all of PATH
    within: tuple[str, ...] = ()  # what puts it into a network of its own
    program: tuple[str, ...] = tuple(PROGRAM)
    process: subprocess.Popen[str] | None = None
    peer: str = ""
    address: str = ""

    def start(self, *words: str) -> "Daemon":
        """Start it unless it runs, and wait until it says who it is."""
        if self.process is not None and self.process.poll() is None:
            return self
        variables = os.environ | {"TALLY_HOME": str(self.home)}
        if self.path is not None:
            variables["PATH"] = str(self.path)
        self.home.mkdir(parents=True, exist_ok=True)
        with (self.home / "peer.log").open("a") as log:
            self.process = subprocess.Popen(
                [*self.within, *self.program, *START, *words],
                env=variables,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.peer, self.address = said["peer"], said["address"]
        return self

    def kill(self) -> None:
        """End it with no time for anything."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()
            self.process.communicate(timeout=PATIENCE_S)
            assert self.process.returncode == 0

    def log(self) -> list[dict[str, Any]]:
        """Return what it wrote down."""
        lines = (self.home / "peer.log").read_text().splitlines()
        return [json.loads(line) for line in lines if line.startswith("{")]

    def status(self) -> dict[str, Any]:
        """Return what it says of itself."""
        with connect(self.home) as node:
            facts: dict[str, Any] = json.loads(str(node.call("status")))
        return facts

    @property
    def is_running(self) -> bool:
        """Whether it runs a step for somebody."""
        return bool(self.status()["lending"]["running"])

    def is_up(self, other: "Daemon") -> bool:
        """Return whether another one is connected to it."""
        peers = self.status()["peers"]
        return any(one["peer"] == other.peer and one["state"] == "up" for one in peers)


def until(is_so: Callable[[], object]) -> None:
    """Wait until something is so."""
    end = time.monotonic() + PATIENCE_S
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture(scope="module")
def local(
    examples: Path, tmp_path_factory: pytest.TempPathFactory, nix_store: NixStore
) -> Callable[[str], dict[str, Any]]:
    """Return what runs the example on one machine, with some seeds, and says what that says."""
    home = nixstore.lend(nix_store, tmp_path_factory.mktemp("local") / "home")
    return lambda seeds: told(home, "run", digits(examples), "-p", f"seeds={seeds}")


def digits(examples: Path) -> str:
    """Return the workflow file of the example."""
    return str(examples / "digits" / "workflow.yaml")


def results(answer: dict[str, Any]) -> dict[str, Any]:
    """Return what must be the same wherever a run is run."""
    return {step["id"]: (step["step"], step["outputs"]) for step in answer["steps"]}


def start(asks: Daemon, workflow: str, params: str) -> subprocess.Popen[str]:
    """Begin a run on peers, in the background."""
    with (asks.home / "run.err").open("w") as log:
        return subprocess.Popen(
            [*PROGRAM, "run", workflow, "-p", params, "--on", "peers", "-o", "json"],
            env=os.environ | {"TALLY_HOME": str(asks.home)},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
        )


def ended(run: subprocess.Popen[str]) -> dict[str, Any]:
    """Return what a run in the background says in the end."""
    out, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 0
    answer: dict[str, Any] = json.loads(out)
    return answer
