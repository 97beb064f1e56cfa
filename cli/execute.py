"""One run, put together and driven to its end: the wiring of the engine's parts."""

import gc
import secrets
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from cli.crews import Known, open_crew
from cli.doubted import doubted, until_believed
from cli.interrupt import interruptible
from cli.prepare import How, Prepared
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.durable import reached
from engine.execution import Desk
from engine.inquiry import Inquiry
from engine.lookup import Lookup
from engine.memo import UNSIGNED, known_results, own_results
from engine.memo import Policy as Choice
from engine.plan import Plan
from engine.plan_events import Status
from engine.presence import Presence
from engine.products import Products, left_over
from engine.progress import Watch
from engine.recorder import Recorder
from engine.rows import RunRow, StepRow
from engine.runblocks import run_blocks
from engine.scheduler import Scheduler
from engine.trust.policy import ANY, AUDIT, LEAST, Policy, parse
from engine.values import replace
from engine.workflow.lock import LOCK

if TYPE_CHECKING:
    from engine.comparing import Make


class Executed(NamedTuple):
    """How a run ended, what became of its steps, and what they gave."""

    status: Status
    rows: list[StepRow]
    products: Products


def begin(space: Workspace, prepared: Prepared) -> RunRow:
    """Enter a run in the journal, or find the interrupted one that it goes on with."""
    return space.journal.begin(prepared.new, secrets.token_bytes(16), SystemClock().now_ms())


def execute(
    space: Workspace,
    settings: Settings,
    prepared: Prepared,
    row: RunRow,
    watch: Watch,
    how: How,
) -> Executed:
    """Run a run to its end and record it.

    Raises: Unavailable, Damaged when this machine cannot go on; the run is then to be continued.
    """
    before = None if how.forced else space.repeats.marks()
    spent = partial(_spent, space, prepared, row)
    at_first = spent()  # by commands before: each has a maximum of its own

    def go_through() -> tuple[Status, Products]:
        left = _left(settings, spent() - at_first)
        return _go_through(space, left, prepared, row, watch, how)

    status, products = until_believed(space, row, go_through)
    rows = space.journal.steps(row.id)
    _end(space, prepared, row, status, rows)
    if before is not None and all(one.status == "reused" for one in rows):
        space.repeats.remember(prepared.new.work, row.id, before)
    return Executed(status, rows, products)


def _go_through(
    space: Workspace,
    settings: Settings,
    prepared: Prepared,
    row: RunRow,
    watch: Watch,
    how: How,
) -> tuple[Status, Products]:
    """Do what is still to be done of a run; return how that ended, and what its steps gave."""
    old = [(one.step, one.index) for one in doubted(space, space.journal.steps(row.id))]
    space.journal.retry(row.id, old)
    earlier = {(one.step, one.index): one for one in space.journal.steps(row.id)}
    with ExitStack() as closing:
        policy = policy_of(settings, prepared)
        asked = inquiry(space, prepared, how, earlier, policy)
        known = _known(space, prepared, how, asked, policy or ANY)
        crew, capacity = closing.enter_context(
            open_crew(space, settings, prepared.on, row.name, known)
        )
        recorder = Recorder(space.store, space.database)
        closing.callback(recorder.close)
        scheduler = Scheduler(
            row.id,
            Plan(prepared.groups, capacity, keep_going=how.keep_going),
            asked,
            Desk(space.store, space.memo, space.claims, space.journal, recorder, SystemClock()),
            crew,
            watch,
        )
        gc.freeze()  # what there is by now stays: to look through it takes as long as many steps
        with interruptible(scheduler.cancel):
            status = scheduler.run()
    if earlier:
        left = left_over(space.journal.steps(row.id), asked.products)
        space.journal.forget_steps(row.id, left)
    return status, asked.products


def _spent(space: Workspace, prepared: Prepared, row: RunRow) -> int:
    """Return what a run has cost so far, in micro-credits."""
    if prepared.on != "peers":
        return 0
    from cli.paid import settled  # most runs cost nothing

    cost = settled(space.home, row.name)
    return cost.amount if cost is not None else 0


def _left(settings: Settings, spent: int) -> Settings:
    """Return the settings with what is left to be spent: one maximum for all passes."""
    return replace(settings, max_cost=max(0, settings.max_cost - spent)) if spent else settings


def policy_of(settings: Settings, prepared: Prepared) -> Policy | None:
    """Return when results of peers are believed; None for a run that peers take no part in.

    A workflow, which may be a stranger's, can ask for more checks than usual, not for fewer.
    """
    if prepared.on != "peers":
        return None
    if settings.trust:
        return parse(settings.trust)
    asked = parse(prepared.workflow.trust) if prepared.workflow.trust else AUDIT
    is_less = not asked.checks or (asked.least is not None and asked.least < LEAST)
    return AUDIT if is_less else asked


def inquiry(
    space: Workspace,
    prepared: Prepared,
    how: How,
    earlier: Mapping[tuple[str, int], StepRow],
    policy: Policy | None,
) -> Inquiry:
    """Return what knows the keys of a run's steps, and which results may be reused."""
    presence = Presence(space.store, space.store.hold)
    lookup = Lookup(space.store, space.memo, _choice(space, policy), presence)
    return Inquiry(
        prepared.resolver,
        lookup,
        prepared.groups,
        forced=how.forced,
        earlier=earlier,
        stays=_stays(prepared, how, policy),
    )


def _choice(space: Workspace, policy: Policy | None) -> Choice:
    """Return which known results may be reused: without a policy, those of this machine."""
    if policy is None:
        return own_results(UNSIGNED)
    if not policy.checks:
        return known_results
    from engine.trust.belief import believed  # local runs are started without

    return believed(policy, space.trust, UNSIGNED)


def _stays(prepared: Prepared, how: How, policy: Policy | None) -> dict[str, set[str]]:
    """Return which outputs may stay with the peers that make them, by step."""
    if policy is None or how.keep_intermediates or policy.by_own:  # this machine reads all of it
        return {}
    from engine.workflow.staying import staying_of_peers  # local runs are started without

    here = _fresh(prepared, how) | (_inexact(prepared) if policy.checks else frozenset())
    return staying_of_peers(prepared.workflow, here)


def _inexact(prepared: Prepared) -> frozenset[str]:
    """Return the steps whose outputs have to be here to be held against others."""
    steps = prepared.workflow.steps.items()
    return frozenset(
        name
        for name, step in steps
        if any(one.verify.rule != "exact" for one in step.outputs.values())
    )


def _fresh(prepared: Prepared, how: How) -> frozenset[str]:
    return how.forced | {group.step for group in prepared.groups if not group.reusable}


def _known(space: Workspace, prepared: Prepared, how: How, asked: Inquiry, policy: Policy) -> Known:
    def usual_ms() -> dict[str, int]:
        from engine.estimate import usual  # local runs are started without

        lasted = usual(space.journal.durations(prepared.workflow.name))
        return {step: one.wall_ms for step, one in lasted.items()}

    return Known(
        prepared.workflow,
        prepared.workflow_cid,
        prepared.carriers,
        {group.step: group.cpus for group in prepared.groups},
        _fresh(prepared, how),
        usual_ms,
        asked,
        asked.stays,
        how.royalties,
        policy,
        _comparing(space, prepared) if policy.checks else None,
    )


def _comparing(space: Workspace, prepared: Prepared) -> "Make":
    from cli.comparators import making  # local runs are started without

    lock = LOCK.decode(space.store.get(prepared.lock_cid))
    return making(space, prepared.workflow, prepared.params, lock, prepared.workflow_cid)


def _end(
    space: Workspace, prepared: Prepared, row: RunRow, status: Status, rows: Sequence[StepRow]
) -> None:
    """Make the Run record and enter it in the journal."""
    used = (prepared.workflow_cid, prepared.lock_cid, prepared.params.values)
    blocks = run_blocks(*used, status, prepared.groups, rows)
    space.store.put(blocks)
    reached("run.stored")
    space.journal.end(row.id, status, blocks[-1].cid, SystemClock().now_ms())
