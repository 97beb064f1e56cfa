"""Trusting: how what peers give is checked in one run: the engine's parts, put together."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from cli.accusing import Accuser
from cli.crews import Known, capacity_of, open_slots
from cli.doubted import some_steps
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.comparing import Comparing
from engine.crew import Crew
from engine.machine import class_in
from engine.memo import UNSIGNED
from engine.progress import Progress
from engine.trust.agreement import Agreement
from engine.trust.checks import Checks, Means
from engine.trust.crew import CheckingCrew

if TYPE_CHECKING:
    from engine.comparing import Make
    from engine.workflow.model import Workflow


@contextmanager
def open_checking(
    space: Workspace,
    settings: Settings,
    known: Known,
    peers: Crew,
    accused: Callable[[bytes], None],
) -> Iterator[Crew]:
    """Have what peers give checked, by this machine or by other peers.

    `accused` is told the key of each that gave a wrong result.
    """
    fits = _fits(settings, known.workflow)
    jobs = max(1, min((settings.memory // size for size in fits.values() if size), default=1))
    from cli.laboratories import open_varied  # as seldom as somebody lies

    with (
        open_slots(space, known.carriers, min(settings.jobs, jobs)) as own,
        open_varied(space, known.carriers) as varied,
    ):
        outputs = {name: step.outputs for name, step in known.workflow.steps.items()}
        compare = cast("Make", known.compare)  # a run that is checked has it
        comparing = Comparing(space.store, own, compare, _show_nothing)
        agreement = Agreement(space.store, outputs, comparing)
        if free := agreement.free():
            steps = some_steps(free)
            note(f"by their own 'verify' any result of {steps} will do: nobody checks them")
        means = Means(
            book=space.trust,
            workflow=known.workflow_cid,
            agreement=agreement,
            owners=space.trust.owners(),
            machine_of=lambda report: class_in(report.attestation.system),
            fits=lambda name: name[0] in fits,
            accuse=Accuser(space, known, accused),
            tell=note,
            clock=SystemClock(),
            called=_called,
        )
        crew = CheckingCrew(peers, own, varied, Checks(known.policy, means))
        try:
            yield crew
        finally:
            crew.close()


def _called(signer: bytes) -> str:
    from peers.identity import PeerId

    return "this machine" if signer == UNSIGNED else str(PeerId(signer))


def _show_nothing(event: Progress) -> None:
    """Show nothing of what a comparator prints: it is logged."""


def _fits(settings: Settings, workflow: "Workflow") -> dict[str, int]:
    """Return the memory of each step that this machine could run, in bytes."""
    lent = capacity_of(settings)
    asked = {name: step.resources for name, step in workflow.steps.items()}
    return {
        name: wants.memory
        for name, wants in asked.items()
        if wants.cpus <= lent.cpus and wants.memory <= lent.memory
    }
