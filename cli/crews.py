"""Who runs the steps of a run: slots of this machine, peers, or both; how many are started."""

import os
import threading
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from typing import TYPE_CHECKING

from cli.prepare import Where
from cli.settings import Settings
from cli.workspace import Workspace
from engine.admission import Capacity
from engine.content.cid import Cid
from engine.crew import Crew
from engine.inquiry import Inquiry
from engine.lazyrunner import LazyRunner
from engine.runner import Runner
from engine.slots import Slots
from engine.trust.policy import ANY, Policy
from engine.values import dataclass
from engine.workflow.model import Workflow

if TYPE_CHECKING:
    from engine.comparing import Make
    from engine.host import Host


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of the steps of a run besides their records."""

    workflow: Workflow
    workflow_cid: Cid
    carriers: dict[Cid, Cid]  # Closure -> Environment
    cpus: Mapping[str, int]  # by step
    fresh: Set[str]  # steps that are to run whatever is known of them
    usual_ms: Callable[[], Mapping[str, int]]  # how long they take, by step
    inquiry: Inquiry | None = None  # of what was done before and stayed with peers
    stays: Mapping[str, Set[str]] = field(default_factory=dict)  # outputs that may, by step
    royalties: tuple[tuple[bytes, ...], tuple[bytes, ...]] = ((), ())  # manifests, their parents
    policy: Policy = ANY  # when what peers give is believed
    compare: "Make | None" = None  # makes the steps that compare outputs


@contextmanager
def open_crew(
    space: Workspace, settings: Settings, on: Where, run: str, known: Known
) -> Iterator[tuple[Crew, Capacity]]:
    """Open who runs the steps of a run.

    Raises: Unavailable when peers are to and no node runs in this home; Refused for a step that
    is not to leave this machine and needs more than it lends.
    """
    if on == "local":
        with open_slots(space, known.carriers, settings.jobs) as slots:
            yield slots, replace(capacity_of(settings), ahead=settings.jobs)
        return
    from cli.elsewhere import ELSEWHERE, open_elsewhere

    with open_elsewhere(space, settings, run, known) as crew:
        yield crew, ELSEWHERE


def capacity_of(settings: Settings) -> Capacity:
    """Return what this machine lends to running steps."""
    return Capacity(settings.jobs, max(settings.jobs, os.cpu_count() or 1), settings.memory)


@contextmanager
def open_slots(space: Workspace, carriers: dict[Cid, Cid], jobs: int) -> Iterator[Slots]:
    """Open as many slots as steps may run at once; each makes its sandbox when a step comes."""
    opening = threading.Lock()
    with ExitStack() as opened:
        hosts: list[Host] = []

        def make() -> Runner:
            from cli.sandboxes import open_host, runner

            with opening:
                if not hosts:
                    hosts.append(opened.enter_context(open_host(space, carriers)))
            return runner(space, hosts[0])

        slots = Slots([LazyRunner(make) for _ in range(jobs)])
        try:
            yield slots
        finally:
            slots.close()
