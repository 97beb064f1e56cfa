"""Rogue: how those sign and say things who cheat: by hand, what honest code would refuse."""

from copy import deepcopy
from typing import Any

from peers.channel import Channel
from peers.entries import Voucher
from peers.entry import write
from peers.identity import PeerId
from peers.ledger import Ledger, follow
from peers.limits import Policy
from peers.payments import Payments
from peers.write_queue import Row
from tests.simulation.consortium.evidence import Evidence
from tests.simulation.consortium.member import Member
from tests.simulation.consortium.till import Till, Wires
from tests.simulation.hashed import Hashed

FORKS, REGRESSES, LEAVES, SILENT = (
    "forks its log",
    "signs less than before",
    "ends agreements without receipts",
    "gives no receipts",
)
TRICKS = (FORKS, LEAVES, REGRESSES, SILENT)
LIES = 0.05  # of its results are wrong
LONGER = 10  # times as long as they ran, it says that steps did


class Rogue(Member):
    """One key of a cheat. It lies about time and results; from some day on it plays its trick."""

    trick = ""  # not yet

    def make_till(self, signer: Hashed, wires: Wires) -> "Crooked":
        """Return its ledger, of which it keeps an early copy."""
        return Crooked(signer, self.number, wires)

    def make_payments(self, policy: Policy) -> Payments:
        """Return what pays, while it pays."""
        return Silent(self, super().make_payments(policy))  # type: ignore[return-value]

    def lies(self) -> bool:
        """Return whether a result is wrong."""
        return self._random.random() < LIES

    def says_ms(self, wall_ms: int) -> int:
        """Return how long it says that a step ran."""
        return LONGER * wall_ms

    def begin(self, trick: str) -> None:
        """Play a trick from now on."""
        self.trick = trick
        if trick == FORKS:
            self.till.restore()  # type: ignore[attr-defined]

    def goes_on(self) -> None:
        """Do once more what its trick is."""
        if self.trick == REGRESSES:
            self.till.regress()  # type: ignore[attr-defined]


class Silent:
    """Payments that stop when their member gives no receipts any more."""

    def __init__(self, member: Rogue, payments: Payments) -> None:
        self._member = member
        self._payments = payments

    def room(self, provider: PeerId, newcomer: int) -> int:
        """Return for how much an agreement may be."""
        return self._payments.room(provider, newcomer)

    def begin(self, *about: Any) -> None:
        """Hear of an agreement."""
        self._payments.begin(*about)

    def bill(self, *about: Any) -> None:
        """Give receipts, or none."""
        if self._member.trick not in {LEAVES, SILENT}:
            self._payments.bill(*about)

    def stopped(self, *about: Any) -> None:
        """Hear of steps that are stopped."""
        self._payments.stopped(*about)

    def claim(self, *about: Any) -> None:
        """Pay for those, or not."""
        if self._member.trick not in {LEAVES, SILENT}:
            self._payments.claim(*about)

    def end(self, *about: Any) -> None:
        """Give no more of them."""
        if self._member.trick != SILENT:
            self._payments.end(*about)

    def tick(self, now_ms: int) -> None:
        """Take the time."""
        if self._member.trick != SILENT:
            self._payments.tick(now_ms)


class Crooked(Till):
    """A ledger whose owner signs what it likes."""

    _copy: tuple[Ledger, Evidence] | None = None

    def save(self) -> None:
        """Keep a copy, to go on from later as if nothing had happened since."""
        self._copy = self.ledger, deepcopy(self._evidence)

    def restore(self) -> None:
        """Go on from the copy, in the same epoch: what is signed next is a fork."""
        if self._copy is not None:
            ledger, self._evidence = self._copy
            self._begin(ledger)
            self._told.clear()
            self._up.clear()

    def regress(self) -> None:
        """Sign a voucher for half of what the last one was for, to each that it owes."""
        for channel in tuple(self.ledger.channels.values()):
            if channel.mine.nonce and channel.peer in self._up:
                self._regress(channel)

    def _regress(self, channel: Channel) -> None:
        side = channel.mine
        body = Voucher(side.nonce + 1, side.total // 2, bytes(32), 1, side.voucher)
        entry = follow(self.ledger, body, channel, self._wires.now_ms())
        written = write(entry, body, self._signer)
        self._wires.tills[channel.peer].said(self.me, [Row(written)])
        self._wires.run()
