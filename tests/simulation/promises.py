"""Promises: what must hold in a world whatever happens, looked at as it happens.

N1  what was acknowledged is there, after every restart and at the end
N2  every run that was submitted ends, within a bound after the last trouble; nobody waits for a
    provider that cannot be reached
N3  a step has one recorded result, and is handed to nobody once that is accepted; the batches of an
    agreement have numbers of their own, with none left out
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

LINELESS_MS = 10_000  # 6 s without a line, and a provider is gone
SILENT_MS = 30_000  # a line on which nothing comes ends after 15 s
FETCH_MS = 90_000  # longer than anybody tries to have what came out of a step


class Broken(AssertionError):
    """A promise does not hold."""


class Promises:
    """Those of one world."""

    def __init__(self, honest: Iterable[PeerId]) -> None:
        self.honest = set(honest)
        self.forgers: set[PeerId] = set()
        self.wanted: set[Cid] = set()  # steps that runs asked for
        self.going: set[tuple[PeerId, int]] = set()  # runs that have not ended
        self.recorded: dict[tuple[PeerId, Cid], Said] = {}
        self.runs: dict[tuple[PeerId, int], str] = {}  # "" while it goes on
        self.blames = 0
        self.executed = 0
        self._accepted: dict[PeerId, dict[Cid, Cid]] = {}  # in this life: step -> by what agreement
        self._signed: dict[tuple[Cid, int], Cid] = {}  # agreement, number -> batch of an honest one
        self._counted: dict[tuple[Cid, int], Cid] = {}  # the same of what was taken, of anybody
        self._true: set[tuple[Cid, bytes]] = set()  # blocks that were looked at

    def submitted(self, who: PeerId, run: int) -> None:
        """A run was acknowledged."""
        self.runs[who, run] = ""
        self.going.add((who, run))

    def ended(self, who: PeerId, run: int, status: str) -> None:
        """A run is over."""
        _hold((who, run) in self.runs, "N4: a run ended that nobody submitted")
        self.runs[who, run] = status
        self.going.discard((who, run))

    def crashed(self, who: PeerId) -> None:
        """A peer has lost what it had not saved: it may have accepted what it does not know of."""
        self._accepted.pop(who, None)

    def asked(self, step: Cid) -> None:
        """A run wants a step."""
        self.wanted.add(step)

    def handed(self, who: PeerId, steps: Iterable[Cid]) -> None:
        """Steps are handed to a provider."""
        for step in steps:
            _hold(step in self.wanted, "N4: a step is handed over, and nobody asked for it", step)
            done = (who, step) in self.recorded and not work.exit_code(step)
            _hold(not done, "N3: a step is handed over, and its result is acknowledged", step)
            again = step in self._accepted.get(who, ())
            _hold(not again, "N3: a step is handed over, and its result is accepted", step)

    def waits(self, step: Cid, silent_ms: int, lineless_ms: int, *, is_fetched: bool) -> None:
        """A step is with nobody but providers that could not be reached, or had no line, so long.

        `is_fetched`: what came out of it is known, and being had.
        """
        is_known = lineless_ms < LINELESS_MS and silent_ms < SILENT_MS
        holds = silent_ms < FETCH_MS if is_fetched else is_known
        _hold(holds, "N2: a provider is waited for, and it is gone", step)

    def signed(self, agreement: Cid, number: int, batch: Cid) -> None:
        """An honest provider sends a batch."""
        held = self._signed.setdefault((agreement, number), batch)
        _hold(held == batch, f"N3: two batches have the number {number}", agreement)

    def counted(self, agreement: Cid, number: int, batch: Cid) -> None:
        """A requester takes what a batch says for what may be so."""
        held = self._counted.setdefault((agreement, number), batch)
        _hold(held == batch, f"N3: two batches of the number {number} are taken", agreement)

    def accepted(self, who: PeerId, step: Cid, agreement: Cid) -> None:
        """A requester believes what came out of a step; of one that failed it may be told anew."""
        if not work.exit_code(step):
            self._accepted.setdefault(who, {})[step] = agreement

    def given_back(self, who: PeerId, step: Cid, agreement: Cid) -> None:
        """A requester is told that a step is not done under an agreement."""
        is_done = self._accepted.get(who, {}).get(step) == agreement
        _hold(not is_done, "N3: a step is given back, and its result is accepted", step)

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
            if (cid, data) not in self._true:
                _hold(cid.matches(data), "N5: wrong bytes are kept", cid)
                self._true.add((cid, data))
        memo = disk.tables.get("memo", {})
        for (whose, step), said in self.recorded.items():
            if whose == who:
                is_kept = memo.get(step) == said or work.exit_code(step)  # who failed may run again
                _hold(is_kept, "N1: the result of a step is lost", step)
                _whole(disk, said)

    def end(self) -> None:
        """Look whether all has ended."""
        left = len(self.going)
        _hold(not left, f"N2: {left} of {len(self.runs)} runs do not end")
        last: dict[Cid, int] = {}
        for agreement, number in self._signed:
            last[agreement] = max(number, last.get(agreement, 0))
        for agreement, most in last.items():
            numbers = {number for of, number in self._signed if of == agreement}
            _hold(len(numbers) == most, "N3: the number of a batch is left out", agreement)


def _whole(disk: Disk, said: Said) -> None:
    try:
        for cid in reachable(disk.blocks.__getitem__, (said.result, said.attestation)):
            _hold(cid in disk.blocks, "N1: a block of a result is lost", cid)
    except KeyError as error:
        raise Broken(f"N1: {error.args[0]} of {said.step} is lost") from None


def _hold(holds: bool, otherwise: str, about: Cid | str = "") -> None:
    if not holds:
        raise Broken(f"{otherwise}: {about}" if about else otherwise)
