"""The peers that run a run's steps: the conversation with the node of this home, for one run."""

from collections.abc import Iterator, Mapping, Set
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from cli.report import note
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.content.cid import Cid
from engine.content.weight import weight
from engine.nix.records import CLOSURE
from engine.rows import Name
from engine.runner import Order
from engine.values import dataclass
from peers.control_client import connect
from peers.remote import Brief, RemoteSlots
from peers.work_messages import Need

# Peers come and go, so that a plan does not count what they lend: the node has a queue, and one
# that is never empty. A step that nobody could run is lost there.
ELSEWHERE: Final = Capacity(slots=2_000, cpus=2**31, memory=2**62)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the steps of a run besides their records."""

    carriers: Mapping[Cid, Cid]  # Closure -> Environment
    cpus: Mapping[str, int]  # by step
    usual_ms: Mapping[str, int]  # by step
    fresh: Set[str]  # steps that are to run whatever is known of them


def check_peers(home: Path) -> None:
    """Look whether a node runs in a home, before anything is begun.

    Raises: Unavailable when none does.
    """
    connect(home).close()


@contextmanager
def open_remote(space: Workspace, run: str, known: Known) -> Iterator[RemoteSlots]:
    """Have steps run by peers.

    Raises: Unavailable when no node runs in this home.
    """
    client = connect(space.home)
    client.call("run", run)
    slots = RemoteSlots(client, space.store, _Briefs(space, known), note)
    try:
        yield slots
    finally:
        slots.close()


class _Briefs:
    """Says of a step what those who run it elsewhere need to know. For one thread."""

    def __init__(self, space: Workspace, known: Known) -> None:
        self._store = space.store
        self._known = known
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
            name[0] in known.fresh,
        )
        inputs = ((cid, self._weight(cid)) for cid in step.inputs.values())
        sizes = ((environment, self._environment(step.closure)), *inputs)
        return Brief(need, known.usual_ms.get(name[0]), sizes)

    def _weight(self, cid: Cid) -> int:
        if cid not in self._weights:
            self._weights[cid] = weight(self._store.get, cid)
        return self._weights[cid]

    def _environment(self, closure: Cid) -> int:
        if closure not in self._weights:
            paths = CLOSURE.decode(self._store.get(closure)).paths
            self._weights[closure] = sum(path.nar_size for path in paths)
        return self._weights[closure]
