"""Traders: daemons with prices that have runs of their own, one after another, on each other."""

import itertools
import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from engine.content.cid import RAW, Cid
from peers.control_client import connect
from tests.long.ground import environ
from tests.long.hurts import UNHURT, Hurts
from tests.long.warm import Command, Ended, Running, Warm

MANY: Final = 6  # steps of a run that wait for nothing
WORKFLOW: Final = """\
workflow: trade
params: {{salt: a, numbers: {numbers}}}
environments: {{sh: {{cid: {environment}}}}}
defaults: {{environment: sh, resources: {{memory: 64MiB}}}}
steps:
  one:
    scatter: {{number: params.numbers}}
    run: echo {{params.salt}} {{scatter.number}} >{{outputs.text}}
    outputs: {{text: text}}
  two:
    scatter: {{number: params.numbers}}
    inputs: {{all: "one[*].text"}}
    run: sleep 0.0{{scatter.number}}; grep " {{scatter.number}}" {{inputs.all}} -h >{{outputs.text}}
    outputs: {{text: text}}
  all:
    inputs: {{all: "two[*].text"}}
    run: cat {{inputs.all}} >{{outputs.text}}
    outputs: {{text: text}}
outputs: {{text: all.text}}
"""
_WORDS: Final = (
    *("peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "--ipfs", "none", "-o", "json"),
    *("--prices", "core-second=0.01,cache-hit=0.001", "--lend-jobs", "2"),
)
_LIMITS: Final = {"TALLY_NEWCOMER_LIMIT": "100", "TALLY_LIMIT_MOST": "1000"}
PATIENCE_S: Final = 120.0


class Trader:
    """One home, its daemon, and the run that it has now."""

    def __init__(self, warm: Warm, home: Path) -> None:
        self.home = home
        self.lives = self.done = 0
        self.address = ""
        self._warm = warm
        self._daemon: Running | None = None
        self._run: Running | None = None
        self._salts = (f"{home.name}-{number}" for number in itertools.count())
        self._salt = next(self._salts)

    # its daemon

    def live(self, hurts: Hurts = UNHURT) -> bool:
        """Start the daemon, and wait until it says where it is; return whether it lives so long."""
        self.lives += 1
        order = Command([*_WORDS], self._environ(), self.home.parent, hurts)
        self._daemon = self._warm.start(order)
        self.address = ""
        said = self._warm.folder / f"{self._daemon.number}.out"
        for _ in _looks():
            text = said.read_text() if said.exists() else ""
            if text.endswith("\n"):
                self.address = json.loads(text)["address"]
                return True
            if self.is_dead:
                return False
        raise AssertionError(f"{self.home.name} does not start")

    @property
    def is_dead(self) -> bool:
        """Whether the daemon has ended."""
        return self._daemon is None or not _is_there(self._daemon)

    def kill(self) -> Ended:
        """End the daemon as a power switch does, unless it has ended."""
        assert self._daemon is not None
        self._daemon.kill()
        ended, self._daemon = self._daemon.wait(), None
        assert ended.code == -9, str(ended)
        assert "Traceback" not in ended.err, str(ended)
        return ended

    def stop(self) -> None:
        """End the daemon in order."""
        assert self._daemon is not None
        os.kill(self._daemon.pid, 15)
        ended, self._daemon = self._daemon.wait(), None
        assert ended.code == 0, str(ended)
        assert "Traceback" not in ended.err, str(ended)

    def meet(self, others: Sequence["Trader"]) -> None:
        """Tell it where the others are, unless it is killed meanwhile."""
        for other in others:
            ended = self.command("peer", "add", other.address)
            assert ended.code == 0 or self.is_dead, str(ended)

    def is_up(self, count: int) -> bool:
        """Return whether it is connected to so many."""
        with connect(self.home) as node:
            peers = json.loads(str(node.call("status")))["peers"]
        return sum(one["state"] == "up" for one in peers) >= count

    # its runs

    def turn(self, *, is_wanted: bool = True) -> None:
        """Look after its run; if it is wanted, begin one, or begin it again when it was cut off."""
        if self._run is not None and not _is_there(self._run):
            ended, self._run = self._run.wait(), None
            self._take(ended)
        if self._run is None and is_wanted and not self.is_dead:
            words = ["run", "trade.yaml", "-p", f"salt={self._salt}", "--on", "peers", "-o", "json"]
            self._run = self._warm.start(Command(words, self._environ(), self.home.parent))

    @property
    def is_busy(self) -> bool:
        """Whether a run of it goes on."""
        return self._run is not None

    def _take(self, ended: Ended) -> None:
        assert ended.code in (0, 1, 3), str(ended)
        assert "Traceback" not in ended.err, str(ended)
        if ended.code == 0:
            text = "".join(f"{self._salt} {number}\n" for number in range(MANY))
            assert ended.json["status"] == "succeeded", str(ended)
            assert ended.json["outputs"] == {"text": str(Cid.of(RAW, text.encode()))}, str(ended)
            self._salt = next(self._salts)
            self.done += 1

    def close(self) -> None:
        """End all of it."""
        for one in (self._run, self._daemon):
            if one is not None:
                one.kill()
                one.wait()

    def command(self, *words: str) -> Ended:
        """Run a command on its home."""
        return self._warm.run(Command([*words], self._environ(), self.home.parent))

    def _environ(self) -> dict[str, str]:
        return environ(self.home) | _LIMITS


def _is_there(running: Running) -> bool:
    return Path(f"/proc/{running.pid}").exists()


def _looks() -> Iterator[None]:
    """Yield again and again, until patience ends."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        yield
        time.sleep(0.01)
