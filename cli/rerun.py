"""`tally rerun`: run a recorded run again and compare."""

from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import common, ipfs_node
from cli.report import human_size, note
from cli.sampling import Wanted
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.errors import NoSandbox, Refused, Unavailable
from engine.values import dataclass

if TYPE_CHECKING:
    from cli.againview import Again
    from cli.prepare import Where
    from cli.rerunnable import Rerunnable
    from cli.sampling import Sampled
    from engine.bundlerecords import BundleRecords
    from engine.checks import Judged
    from engine.verdict import StepVerdict
    from peers.resource import Opened


@dataclass(frozen=True, slots=True)
class _How:
    """Which steps are run again, and how."""

    wanted: Wanted
    chain: bool
    on: "Where"

    @property
    def is_partial(self) -> bool:
        """Whether some steps may be left out."""
        return bool(self.wanted.steps) or self.wanted.is_sample


@click.command()
@click.argument("what", metavar="RUN|FILE.car|RESOURCE")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("--step", metavar="S", help="Only this step, or one instance of it (train[1]).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N, drawn at random.")
@click.option("--budget", metavar="TIME", help="Only as many, drawn at random, as took so long.")
@click.option("--seed", metavar="TEXT", help="What a sample is drawn with, or was.")
@click.option("--chain", is_flag=True, help="Feed what the rerun gives on, and report drift.")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("-j", "--jobs", metavar="N", help="Steps that run at the same time.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@click.option("--endorse", is_flag=True, help="Tell other peers what came of it.")
@click.option(
    "--report", type=click.Path(path_type=Path), metavar="FILE.html", help="A page of it."
)
@ipfs_node
@common
def rerun(
    settings: Settings,
    what: str,
    offline: bool,
    step: str | None,
    sample: int | None,
    budget: str | None,
    seed: str | None,
    chain: bool,
    on: "Where",
    endorse: bool,
    report: Path | None,
) -> None:
    """Run every step of RUN again, without reuse, and compare with what is recorded.

    Each step gets its recorded inputs, so that verdicts do not depend on one another. Nothing is
    evaluated: all that is needed is in the store or in FILE.car, or comes from elsewhere. RESOURCE
    stands for the run of its author; its checks are made, too. Of a thin FILE.car, the steps that
    are in it run again: they prove something of the others when you gave the --seed for them.
    """
    from cli.againview import emit_again
    from cli.checked import must_hold
    from cli.elsewhere import check_peers
    from cli.page.file import page_file

    how = _How(Wanted((step,) if step else (), sample, budget, seed), chain, on)
    _check(how, endorse=endorse)
    if on == "peers":
        check_peers(settings.home)
    online = None if offline else settings
    file = nullcontext() if report is None else page_file(report)
    with file as page, Workspace(settings.home, writing=True, online=online) as space:
        again = _run_again(space, settings, what, how, endorse=endorse)
        if page is not None:
            size = page.write(_page(space, again))
    if report is not None:
        note(f"{report}: {human_size(size)}")
    emit_again(again, as_json=settings.json)
    must_hold(again.checks)


def _page(space: Workspace, again: "Again") -> bytes:
    """Return the page of the run, with this rerun on it, whatever came of it."""
    from cli.page.gather import gather
    from cli.page.render import render

    return render(gather(space, str(again.run), again.bill)).encode()


def _check(how: _How, *, endorse: bool) -> None:
    """Look whether options go with one another.

    Raises: Refused when they do not.
    """
    if how.chain and how.is_partial:
        raise _no_chain()
    if endorse and how.is_partial:
        what = "a rerun of some steps says nothing of the whole"
        raise Refused(what, fix="leave out --step, --sample and --budget, or --endorse")


def _no_chain() -> Refused:
    fix = "leave out --step, --sample and --budget, and take no thin bundle"
    return Refused("--chain runs all steps", fix=fix)


def _look(how: _How, records: "BundleRecords") -> None:
    """Look whether a thin bundle is what was asked for, before anything of it is stored.

    Raises: Refused when it is not.
    """
    from cli.sampling import check_given
    from engine.thin import THIN, is_thin

    root = records.roots[0]
    if records.has(root) and is_thin(records, root):
        if how.chain:
            raise _no_chain()
        check_given(THIN.decode(records.get(root)), how.wanted)


def _run_again(
    space: Workspace, settings: Settings, what: str, how: _How, *, endorse: bool
) -> "Again":
    """Find what is to be run again, do that, and tell others of it with `endorse`.

    Raises: Refused, Unavailable, Damaged when it cannot be.
    """
    from cli.againview import Again, billed
    from cli.endorsing import tell_others
    from cli.keeping import keep
    from cli.rerunnable import find

    began_ms = SystemClock().now_ms()
    found = find(space, what, partial(_look, how))
    if endorse and found.release is None:
        fix = "name an Open Resource: 'tally rerun NAME --endorse'"
        raise Refused("others are told of Open Resources only", fix=fix)
    if found.bill is not None:
        note(billed(found.bill))
    verdicts, sampled, total, checks = _compared(space, settings, found, how)
    again = Again(found.run, verdicts, total, checks, found.bill, sampled)
    keep(space, again, began_ms, is_chain=how.chain)
    if endorse and found.release is not None:
        tell_others(space, settings, found.release, found.run, again.verdict)
    return again


def _compared(
    space: Workspace, settings: Settings, found: "Rerunnable", how: _How
) -> tuple[Sequence["StepVerdict"], "Sampled", int, Sequence["Judged"]]:
    """Return the verdicts, on which steps and of how many, and what became of the checks.

    Raises: Unavailable for what is not here, with how it is made again.
    """
    within = found.release.cid if found.release else found.run
    try:
        verdicts, sampled, total = _verdicts(space, settings, found, how, within)
        return verdicts, sampled, total, _checked(space, found.run, verdicts, found.release)
    except NoSandbox:
        raise
    except Unavailable as error:
        made = f"is made again by 'tally run {found.run}'"
        error.fix = f"{error.fix}; what a gc took, or stayed with peers, {made}"
        raise


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


def _verdicts(
    space: Workspace, settings: Settings, found: "Rerunnable", how: _How, within: Cid
) -> tuple[Sequence["StepVerdict"], "Sampled", int]:
    """Return the verdicts, on which steps, and how many could have been run again."""
    from cli.given import hold
    from cli.repeat import bring, check_own, repeat, repeat_chain
    from cli.sampling import draw
    from engine.rerun import recorded_steps
    from engine.summary import load_run
    from engine.thin import repeatable

    run = found.run
    space.store.hold([run])  # a gc would take what only steps read
    record = load_run(space.store, run)
    steps = repeatable(space.store, record)
    if within != run:
        check_own(space, within, record)
    if not steps:
        fix = "name a run of which a step was done: 'tally runs' lists them"
        raise Refused("no step of this run gave a result", where=str(run), fix=fix)
    if how.chain and found.thin is not None:
        raise _no_chain()
    sampled = draw(space.store, run, steps, how.wanted, found.thin)
    drawn = set(sampled.steps)
    chosen = recorded_steps(space.store, record, [one for one in steps if one in drawn])
    if how.chain:
        return repeat_chain(space, settings, run, chosen, how.on), sampled, len(steps)
    bring(space, within, record, chosen)
    hold(space, record, within)
    return repeat(space, settings, record, chosen, how.on, within), sampled, len(steps)
