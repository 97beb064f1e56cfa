"""Killings: a provider that is killed at a moment, started anew, and held to what it said."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from nacl.public import PrivateKey

from engine.content.cid import Cid
from peers.connection import Place
from peers.identity import PeerId
from peers.offer_messages import Refusal
from peers.step_messages import Need
from tests.peers.keys import identity
from tests.peers.lenders import Borrower, environment, step
from tests.peers.traders import until

MIB = 2**20
STEPS = 6


class There(NamedTuple):
    """A provider in another process, as a trader meets it."""

    process: "subprocess.Popen[str]"
    identity: object
    peer: PeerId
    control: Place
    bulk: Place


def start(home: Path, moment: str = "", hit: int = 0) -> There:
    """Start a provider, to be killed at a moment."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.peers.lender_process", str(home), moment, str(hit)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    ports = json.loads(process.stdout.readline())
    key = bytes(PrivateKey(bytes([1]) * 32).public_key)  # as Wire(1) has it
    places = (Place("127.0.0.1", ports[name], key) for name in ("control", "bulk"))
    return There(process, identity(1), identity(1).peer, *places)


def stop(there: There) -> dict[str, int]:
    """End a provider; return how often each moment came."""
    out, _ = there.process.communicate("")
    counts: dict[str, int] = json.loads(out) if out else {}
    return counts


class Scene:
    """A requester, and what it has asked of a provider that may be killed at any time."""

    def __init__(self, folder: Path) -> None:
        """Open the requester's home."""
        self.folder = folder
        self.borrower = Borrower(2, folder / "borrower")
        store = self.borrower.store
        self.need = Need(environment(store), 64 * MIB, 64 * MIB, 60_000)
        self.steps = [
            step(store, f"step {number}", {"i": b"%d" % number}) for number in range(STEPS)
        ]
        self.there: There | None = None
        self.agreement: Cid | None = None

    def play(self, moment: str, hit: int) -> bool:
        """Have steps run by a provider that is killed; return whether it was."""
        self.there = start(self.folder / "lender", moment, hit)
        self._meet()
        self._agree()
        self._lease(1, self.steps[:2])
        self._until(lambda: len(self.borrower.results) == 2)
        self._lease(2, self.steps[2:4])
        self._until(lambda: len(self.borrower.results) == 4)
        was_killed = self.there.process.poll() is not None
        if was_killed:
            until(lambda: self.borrower.line is None, self.borrower.trader)
        return was_killed

    def go_on(self) -> None:
        """Start it again, and have all steps run."""
        self._end()
        self.there = start(self.folder / "lender")
        self._meet()
        agreement = self._agree()
        self._lease(1, self.steps[:2])
        self._lease(2, self.steps[2:4])
        borrower = self.borrower
        self._until(lambda: borrower.results.keys() | borrower.back.keys() >= {*self.steps[:4]})
        again = [one for one in self.steps if one not in borrower.results]
        self._lease(3, again)
        self._until(lambda: borrower.results.keys() >= {*self.steps})
        assert borrower.results.keys() == {*self.steps}
        batches = {(told.batch.value.number, told.batch.cid) for told in borrower.told}
        assert sorted(number for number, _ in batches) == list(range(1, len(batches) + 1))
        assert all(told.batch.value.agreement == agreement for told in borrower.told)
        stop(self.there)

    def close(self) -> None:
        """End all of it."""
        self._end()
        self.borrower.trader.close()

    def _end(self) -> None:
        process = self.there.process if self.there is not None else None
        if process is not None and process.stdin is not None and not process.stdin.closed:
            process.kill()
            process.communicate()

    def _meet(self) -> None:
        assert self.there is not None
        self.borrower.trader.meet(self.there)  # type: ignore[arg-type]
        self._until(lambda: self.borrower.line)

    def _agree(self) -> Cid:
        assert self.there is not None
        if self.borrower.line is None:
            return self.steps[0]
        agreement, asked = self.borrower.offer(self.there)  # type: ignore[arg-type]
        self._until(lambda: self.borrower.answer(asked))
        assert not isinstance(self.borrower.answer(asked), Refusal)
        self.agreement = agreement
        return agreement

    def _lease(self, number: int, steps: list[Cid]) -> None:
        """Lease, unless the provider is gone; a lease is the same bytes each time."""
        if self.borrower.line is not None and self.agreement is not None:
            needs = [self.need] * len(steps)
            asked = self.borrower.lease(self.agreement, steps, needs, number)
            self._until(lambda: asked in self.borrower.answers)

    def _until(self, is_so: Callable[[], object]) -> None:
        """Let time pass until something is so, or the provider is gone."""
        process = self.there.process if self.there else None
        trader = self.borrower.trader
        until(lambda: is_so() or (process and process.poll() is not None), trader)
        if process and process.poll() is not None:
            until(lambda: self.borrower.line is None, trader)


def trial(folder: Path, moment: str, hit: int) -> bool:
    """Kill a provider at a moment, and see that it forgets nothing; return whether it was."""
    scene = Scene(folder)
    try:
        was_killed = scene.play(moment, hit)
        if not was_killed:
            stop(scene.there)  # type: ignore[arg-type]
            until(lambda: scene.borrower.line is None, scene.borrower.trader)
        scene.go_on()
    finally:
        scene.close()
    return was_killed


def moments(folder: Path) -> dict[str, int]:
    """Return the moments that such a provider comes by, and how often."""
    scene = Scene(folder)
    try:
        scene.play("", 0)
        return stop(scene.there)  # type: ignore[arg-type]
    finally:
        scene.close()
