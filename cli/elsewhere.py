"""The peers that run a run's steps: the conversation with the node of this home, for one run."""

from collections.abc import Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from cli.crews import Known, capacity_of, open_slots
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.content.cid import Cid
from engine.content.weight import weight
from engine.crew import Crew
from engine.errors import NotHere
from engine.inquiry import Away, Inquiry
from engine.nix.records import CLOSURE
from engine.parted import Parted
from engine.rows import Name
from engine.runner import Order
from engine.workflow.model import Workflow
from engine.workflow.sharing import sharing
from peers.brief import Brief, Kept, reads
from peers.control_client import connect
from peers.remote import RemoteSlots
from peers.step_messages import Need

# Peers come and go, so that a plan does not count what they lend: the node has a queue, and one
# that is never empty. A step that nobody could run is lost there.
ELSEWHERE: Final = Capacity(slots=2_000, cpus=2**31, memory=2**62)


def check_peers(home: Path) -> None:
    """Look whether a node runs in a home, before anything is begun.

    Raises: Unavailable when none does.
    """
    connect(home).close()


@contextmanager
def open_elsewhere(space: Workspace, settings: Settings, run: str, known: Known) -> Iterator[Crew]:
    """Have steps run by peers, and here those that are not to leave this machine.

    Raises: Unavailable when no node runs in this home; Refused for a step that has to stay and
    needs more than this machine lends.
    """
    shares = sharing(known.workflow)
    stay = {step for step, share in shares.items() if share == "never"}
    with ExitStack() as opened:
        briefs = _Briefs(space, known, shares)
        remote = opened.enter_context(_open_remote(space, run, settings.max_cost, known, briefs))
        crew: Crew = remote
        if known.policy.checks:
            from cli.trusting import open_checking

            checking = open_checking(space, settings, known, remote, remote.accuse)
            crew = opened.enter_context(checking)
        if not stay:
            yield crew
            return
        jobs = _jobs(settings, known.workflow, stay)
        slots = opened.enter_context(open_slots(space, known.carriers, jobs))
        yield Parted(slots, crew, stay.__contains__)


@contextmanager
def _open_remote(
    space: Workspace, run: str, most: int, known: Known, briefs: "_Briefs"
) -> Iterator[RemoteSlots]:
    client = connect(space.home)
    client.call("run", run, most, *known.royalties)
    slots = RemoteSlots(client, space.store, briefs, _Lineage(known.inquiry), note)
    try:
        yield slots
    finally:
        slots.close()


class _Lineage:
    """Says what steps read that was made before, and stayed with peers. For one thread."""

    def __init__(self, inquiry: Inquiry | None) -> None:
        self._inquiry = inquiry
        self._told: set[Name] = set()

    def __call__(self, order: Order) -> list[Kept]:
        """Return what a step reads, and what making that again would read, each once."""
        inquiry = self._inquiry
        if inquiry is None or not inquiry.away:
            return []
        found, reading = [], [order]
        while reading:
            for root in reads(reading.pop()):
                away = inquiry.away.get(root)
                if away is not None and away.made_by not in self._told:
                    self._told.add(away.made_by)
                    found.append(_kept(inquiry, away))
                    reading.append(found[-1].order)
        return found


def _kept(inquiry: Inquiry, away: Away) -> Kept:
    gave = inquiry.products.of(away.made_by) or {}
    roots = tuple(cid for cid in gave.values() if cid in inquiry.away)
    return Kept(away.made_by, inquiry.order(*away.made_by), roots, away.peer)


def _jobs(settings: Settings, workflow: Workflow, stay: Set[str]) -> int:
    """Return how many of the steps that stay may run here at once, whichever they are.

    Raises: Refused for one that needs more than this machine lends.
    """
    lent = capacity_of(settings)
    asked = {step: workflow.steps[step].resources for step in stay}
    for step, wants in asked.items():
        lent.check(step, cpus=wants.cpus, memory=wants.memory)
    most_cpus = max(wants.cpus for wants in asked.values())
    most_memory = max(1, *(wants.memory for wants in asked.values()))
    return max(1, min(lent.slots, lent.cpus // most_cpus, lent.memory // most_memory))


class _Briefs:
    """Says of a step what those who run it elsewhere need to know. For one thread."""

    def __init__(self, space: Workspace, known: Known, shares: Mapping[str, str]) -> None:
        self._store = space.store
        self._known = known
        self._shares = shares
        self._stays = {step: tuple(sorted(outputs)) for step, outputs in known.stays.items()}
        self._usual_ms = known.usual_ms()
        self._weights: dict[Cid, int] = {}

    def __call__(self, name: Name, order: Order) -> Brief:
        """Return it."""
        step, limits, known = order.step, order.limits, self._known
        environment = known.carriers[step.closure]
        need = Need(
            environment,
            limits.memory,
            limits.disk,
            limits.wall_ms,
            known.cpus.get(name[0], 1),
            order.is_again or name[0] in known.fresh,
        )
        inputs = ((cid, self._weight(cid)) for cid in step.inputs.values())
        sizes = ((environment, self._environment(step.closure)), *inputs)
        is_private = self._shares[name[0]] != "any"
        stays = self._stays.get(name[0], ())
        return Brief(need, self._usual_ms.get(name[0]), sizes, is_private, stays)

    def _weight(self, cid: Cid) -> int:
        """Return about how many bytes content takes; 0 for what stayed with a peer, who says it."""
        if cid not in self._weights:
            try:
                self._weights[cid] = weight(self._store.get, cid)
            except NotHere:
                return 0
        return self._weights[cid]

    def _environment(self, closure: Cid) -> int:
        if closure not in self._weights:
            paths = CLOSURE.decode(self._store.get(closure)).paths
            self._weights[closure] = sum(path.nar_size for path in paths)
        return self._weights[closure]
