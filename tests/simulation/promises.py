"""Promises: what must hold in a world whatever happens, looked at as it happens.

N1  what was acknowledged is there, after every restart and at the end
N2  every run that was submitted ends, within a bound after the last trouble
N3  a step has one recorded result, and is handed to nobody once that is acknowledged
N4  nothing is recorded, and nothing runs, that no run asked for
N5  no wrong bytes are kept, and no wrong result is believed
"""

from collections.abc import Iterable

from engine.content.cid import Cid
from engine.content.links import reachable
from peers.agreement import Said
from peers.identity import PeerId
from tests.simulation import work
from tests.simulation.disk import Disk


class Broken(AssertionError):
    """A promise does not hold."""


class Promises:
    """Those of one world."""

    def __init__(self, honest: Iterable[PeerId]) -> None:
        self.honest = set(honest)
        self.forgers: set[PeerId] = set()
        self.wanted: set[Cid] = set()  # steps that runs asked for
        self.recorded: dict[tuple[PeerId, Cid], Said] = {}
        self.runs: dict[tuple[PeerId, int], str] = {}  # "" while it goes on
        self.blames = 0
        self.executed = 0

    def submitted(self, who: PeerId, run: int) -> None:
        """A run was acknowledged."""
        self.runs[who, run] = ""

    def ended(self, who: PeerId, run: int, status: str) -> None:
        """A run is over."""
        _hold((who, run) in self.runs, "N4: a run ended that nobody submitted")
        self.runs[who, run] = status

    def asked(self, step: Cid) -> None:
        """A run wants a step."""
        self.wanted.add(step)

    def handed(self, who: PeerId, steps: Iterable[Cid]) -> None:
        """Steps are handed to a provider."""
        for step in steps:
            _hold(step in self.wanted, "N4: a step is handed over, and nobody asked for it", step)
            done = (who, step) in self.recorded and not work.exit_code(step)
            _hold(not done, "N3: a step is handed over, and its result is acknowledged", step)

    def runs_step(self, step: Cid) -> None:
        """A provider runs a step."""
        self.executed += 1
        _hold(step in self.wanted, "N4: a step runs, and nobody asked for it", step)

    def acknowledged(self, who: PeerId, said: Said, by: PeerId) -> None:
        """A result is recorded, and the run was told so."""
        _hold(by not in self.forgers, "N5: a batch is believed that its provider did not sign")
        _hold(
            said.step in self.wanted, "N4: a step has a result, and nobody asked for it", said.step
        )
        _hold(said.result == work.result(said.step).cid, "N5: a step has a wrong result", said.step)
        held = self.recorded.get((who, said.step))
        again = held is not None and not work.exit_code(said.step)
        _hold(not again, "N3: a step is recorded twice", said.step)
        self.recorded[who, said.step] = said

    def blamed(self, who: PeerId, whom: PeerId, why: str) -> None:
        """A peer says that another broke the protocol."""
        self.blames += 1
        _hold(whom not in self.honest, f"an honest peer is blamed: {why}")

    def look(self, who: PeerId, disk: Disk) -> None:
        """Look at what one has on its disk."""
        for cid, data in disk.blocks.items():
            _hold(cid.matches(data), "N5: wrong bytes are kept", cid)
        memo = disk.tables.get("memo", {})
        for (whose, step), said in self.recorded.items():
            if whose == who:
                is_kept = memo.get(step) == said or work.exit_code(step)  # who failed may run again
                _hold(is_kept, "N1: the result of a step is lost", step)
                _whole(disk, said)

    def end(self) -> None:
        """Look whether all has ended."""
        left = [run for run, status in self.runs.items() if not status]
        _hold(not left, f"N2: {len(left)} of {len(self.runs)} runs do not end")


def _whole(disk: Disk, said: Said) -> None:
    try:
        for cid in reachable(disk.blocks.__getitem__, (said.result, said.attestation)):
            _hold(cid in disk.blocks, "N1: a block of a result is lost", cid)
    except KeyError as error:
        raise Broken(f"N1: {error.args[0]} of {said.step} is lost") from None


def _hold(holds: bool, otherwise: str, about: Cid | str = "") -> None:
    if not holds:
        raise Broken(f"{otherwise}: {about}" if about else otherwise)
