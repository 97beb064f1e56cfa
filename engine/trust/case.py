"""Case: one step whose result is looked into."""

from concurrent.futures import Future
from dataclasses import dataclass as mutable
from dataclasses import field

from engine.rows import Name
from engine.runner import Order, Report
from engine.trust.weighing import Ask, Demand, Ran


@mutable(slots=True)
class Case:
    """One step of a run, from when it is started until its result is believed."""

    name: Name
    order: Order
    end: "Future[Report]"
    demand: Demand = field(default_factory=lambda: Demand(1))
    reports: list[Report] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    lacking: set[Ask] = field(default_factory=set)
    excused: list[bytes] = field(default_factory=list)  # peers that ran it into a limit of theirs
    is_unsure: bool = False  # two results could not be held against each other: nobody is blamed
    is_cancelled: bool = False

    @property
    def signers(self) -> tuple[bytes, ...]:
        """Whose word there is already."""
        return tuple(dict.fromkeys(report.signer for report in self.reports if report.signer))

    @property
    def shown(self) -> str:
        """The instance's name, for a person."""
        return self.name[0] if self.name[1] == 0 else f"{self.name[0]}[{self.name[1]}]"
