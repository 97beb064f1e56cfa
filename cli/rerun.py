"""`tally rerun`: run a recorded run again and compare."""

import random
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

import click

from cli.options import common, ipfs_node
from cli.report import emit_json, emit_table, note, printable
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import NoSandbox, Refused, Unavailable

if TYPE_CHECKING:
    from cli.prepare import Where
    from engine.checks import Judged
    from engine.rerun import Recorded
    from engine.verdict import StepVerdict
    from peers.resource import Opened
    from peers.run_receipts import Bill


@click.command()
@click.argument("what", metavar="RUN|FILE.car|RESOURCE")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("--step", metavar="S", help="Only this step, or one instance of it (train[1]).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N, drawn at random.")
@click.option("--chain", is_flag=True, help="Feed what the rerun gives on, and report drift.")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("-j", "--jobs", metavar="N", help="Steps that run at the same time.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@click.option("--endorse", is_flag=True, help="Tell other peers what came of it.")
@ipfs_node
@common
def rerun(
    settings: Settings,
    what: str,
    offline: bool,
    step: str | None,
    sample: int | None,
    chain: bool,
    on: "Where",
    endorse: bool,
) -> None:
    """Run every step of RUN again, without reuse, and compare with what is recorded.

    Each step gets its recorded inputs, so that verdicts do not depend on one another. Nothing is
    evaluated: all that is needed is in the store or in FILE.car, or comes from elsewhere. RESOURCE
    stands for the run of its author; its checks are made, too.
    """
    from cli.endorsing import tell_others
    from cli.rerunnable import find
    from engine.verdict import of_run

    _check(chain=chain, endorse=endorse, is_partial=bool(step or sample))
    if on == "peers":
        from cli.elsewhere import check_peers

        check_peers(settings.home)
    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        run, bill, release = find(space, what)
        if endorse and release is None:
            fix = "name an Open Resource: 'tally rerun NAME --endorse'"
            raise Refused("others are told of Open Resources only", fix=fix)
        if bill is not None:
            note(_billed(bill))
        try:
            within = release.cid if release else run
            verdicts, total = _verdicts(space, settings, run, step, sample, on, within, chain=chain)
            checks = _checked(space, run, verdicts, release)
        except NoSandbox:
            raise
        except Unavailable as error:
            made = f"is made again by 'tally run {run}'"
            error.fix = f"{error.fix}; what a gc took, or stayed with peers, {made}"
            raise
        if endorse and release is not None:
            tell_others(space, settings, release, run, of_run(verdicts))
    _emit(settings, run, verdicts, total, bill, checks, at_random=step is None)
    if checks:
        from cli.checked import must_hold

        must_hold(checks)


def _check(*, chain: bool, endorse: bool, is_partial: bool) -> None:
    """Look whether options go with one another.

    Raises: Refused when they do not.
    """
    if chain and is_partial:
        raise Refused("--chain runs all steps", fix="leave out --step and --sample")
    if endorse and is_partial:
        what = "a rerun of some steps says nothing of the whole"
        raise Refused(what, fix="leave out --step and --sample, or --endorse")


def _checked(
    space: Workspace, run: Cid, verdicts: Sequence["StepVerdict"], release: "Opened | None"
) -> list["Judged"]:
    """Make the checks of an Open Resource on what came out now."""
    if release is None or not release.resource.checks:
        return []
    from cli.checked import judge_all
    from cli.repeat import outputs_now

    get = partial(space.sources.get, within=release.cid)  # of what was not run again
    outputs = outputs_now(space, run, verdicts)
    return judge_all(get, release.resource.checks, outputs)


def _billed(bill: "Bill") -> str:
    """Return what was paid for a run, in words."""
    from peers.credits import show

    steps, peers = len(bill.steps), len(bill.providers)
    whom = "one peer" if peers == 1 else f"{peers} peers"
    what = "one step" if steps == 1 else f"{steps} steps"
    text = f"its receipts hold: {show(bill.amount)} paid to {whom}, for {what}"
    text += ", in this run or, of a result that it reused, in an earlier one"
    return text + ("; what authors got besides is not in it" if bill.royalties else "")


def _verdicts(
    space: Workspace,
    settings: Settings,
    run: Cid,
    step: str | None,
    sample: int | None,
    on: "Where",
    within: Cid,
    *,
    chain: bool,
) -> tuple[Sequence["StepVerdict"], int]:
    """Return the verdicts, and how many steps could have been run again."""
    from cli.repeat import bring, check_own, repeat, repeat_chain
    from engine.rerun import choose, recorded_steps
    from engine.summary import load_run

    space.store.hold([run])  # a gc would take what only steps read
    record = load_run(space.store, run)
    steps = recorded_steps(space.store, record)
    if within != run:
        check_own(space, within, record)
    if not steps:
        fix = "name a run of which a step was done: 'tally runs' lists them"
        raise Refused("no step of this run gave a result", where=str(run), fix=fix)
    if chain:
        return repeat_chain(space, settings, run, steps, on), len(steps)
    chosen: Sequence[Recorded] = choose(steps, step) if step else steps
    if sample is not None and sample < len(chosen):
        drawn = set(random.SystemRandom().sample(range(len(chosen)), sample))
        chosen = [one for at, one in enumerate(chosen) if at in drawn]
    bring(space, within, record, chosen)
    return repeat(space, settings, record, chosen, on, within), len(steps)


def _emit(
    settings: Settings,
    run: Cid,
    verdicts: Sequence["StepVerdict"],
    total: int,
    bill: "Bill | None",
    checks: Sequence["Judged"],
    *,
    at_random: bool,
) -> None:
    """Print the verdicts, and what those of some steps, drawn at random, prove of the others.

    Raises: Differs, StepFailed unless everything holds.
    """
    from cli.checked import checks_json, tell_checks
    from cli.verdictview import details, require, rows, step_json
    from engine.verdict import can_be_wrong, of_run

    verdict = of_run(verdicts)
    if settings.json:
        emit_json(
            {
                "run": str(run),
                "verdict": verdict,
                "steps": [step_json(one) for one in verdicts],
                "of": total,
                "receipts": _bill_as_json(bill),
                "checks": checks_json(checks),
            }
        )
    else:
        emit_table(
            [row for one in verdicts for row in rows(one)],
            ("step", "verdict", "output", "was", "is"),
        )
        for line in details(verdicts):
            click.echo(printable(line))
        click.echo(f"{verdict} {run}")
    identical = sum(one.verdict == "identical" for one in verdicts)
    if at_random and len(verdicts) < total and identical == len(verdicts):
        bound = can_be_wrong(identical, total)
        note(f"{identical} of {total} identical: under {bound} % can be wrong, at 95 % confidence")
    tell_checks(checks)
    require(verdict, verdicts)


def _bill_as_json(bill: "Bill | None") -> dict[str, object] | None:
    if bill is None:
        return None
    peers = sorted(map(str, bill.providers))
    amount = {"unit": "microcredit", "amount": bill.amount}
    manifests = sorted(map(str, bill.royalties))
    about = {"steps": len(bill.steps), "peers": peers, "royalties": manifests}
    return {"count": bill.receipts, **amount, **about}
