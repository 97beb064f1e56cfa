"""`tally rerun`: run a recorded run again and compare."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.options import common
from cli.report import emit_json, emit_table, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Differs, NoSandbox, Refused, StepFailed, Unavailable

_FIND_OUT: Final = "make it deterministic, or say with 'verify' how near is near enough"

if TYPE_CHECKING:
    from cli.prepare import Where
    from engine.compare import Difference
    from engine.rerun import Recorded
    from engine.verdict import StepVerdict
    from peers.run_receipts import Bill


@click.command()
@click.argument("what", metavar="RUN|FILE.car")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("--step", metavar="S", help="Only this step, or one instance of it (train[1]).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Only N, drawn at random.")
@click.option("--chain", is_flag=True, help="Feed what the rerun gives on, and report drift.")
@click.option("--on", type=click.Choice(["local", "peers"]), default="local", show_default=True)
@click.option("-j", "--jobs", metavar="N", help="Steps that run at the same time.")
@click.option("--max-cost", metavar="C", help="Credits to spend at most, on peers.")
@common
def rerun(
    settings: Settings,
    what: str,
    offline: bool,
    step: str | None,
    sample: int | None,
    chain: bool,
    on: "Where",
) -> int:
    """Run every step of RUN again, without reuse, and compare with what is recorded.

    Each step gets its recorded inputs, so that verdicts do not depend on one another. Nothing is
    evaluated: all that is needed is in the store or in FILE.car, or comes from elsewhere.
    """
    if on == "peers":
        from cli.elsewhere import check_peers

        check_peers(settings.home)
    if chain and (step or sample):
        raise Refused("--chain runs all steps", fix="leave out --step and --sample")
    online = None if offline else settings
    with Workspace(settings.home, writing=True, online=online) as space:
        run, bill = _find(space, what)
        if bill is not None:
            note(_billed(bill))
        try:
            verdicts, total = _verdicts(space, settings, run, step, sample, on, chain=chain)
        except NoSandbox:
            raise
        except Unavailable as error:
            made = f"is made again by 'tally run {run}'"
            error.fix = f"{error.fix}; what a gc took, or stayed with peers, {made}"
            raise
    return _emit(settings, run, verdicts, total, bill, at_random=step is None)


def _find(space: Workspace, text: str) -> "tuple[Cid, Bill | None]":
    """Return the Run that `text` names; a file is imported, and the receipts in it looked at."""
    from cli.names import is_run, whole_cid

    path = Path(text)
    if path.suffix == ".car" or path.is_file():
        return _imported(space, path)
    cid = whole_cid(text)
    if cid is not None and is_run(space, cid):
        return cid, None
    found = space.journal.find(text)
    if found.run is None:
        raise Refused(f"run '{found.name}' has not ended", fix="wait, or cancel it")
    return found.run, None


def _imported(space: Workspace, path: Path) -> "tuple[Cid, Bill | None]":
    from cli.bundlefile import read_bundle
    from engine.bundle import run_in

    roots = read_bundle(space, path)
    run = run_in(space.store, roots)
    if len(roots) == 1:
        return run, None
    from peers.run_bill import bill_of

    return run, bill_of(space.store, run, roots)


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
    *,
    chain: bool,
) -> tuple[Sequence["StepVerdict"], int]:
    """Return the verdicts, and how many steps could have been run again."""
    from cli.repeat import bring, repeat, repeat_chain
    from engine.rerun import choose, recorded_steps
    from engine.summary import load_run

    space.store.hold([run])  # a gc would take what only steps read
    record = load_run(space.store, run)
    steps = recorded_steps(space.store, record)
    if not steps:
        fix = "name a run of which a step was done: 'tally runs' lists them"
        raise Refused("no step of this run gave a result", where=str(run), fix=fix)
    if chain:
        return repeat_chain(space, settings, run, steps, on), len(steps)
    chosen: Sequence[Recorded] = choose(steps, step) if step else steps
    if sample is not None and sample < len(chosen):
        drawn = set(random.SystemRandom().sample(range(len(chosen)), sample))
        chosen = [one for at, one in enumerate(chosen) if at in drawn]
    bring(space, run, record, chosen)
    return repeat(space, settings, run, chosen, on), len(steps)


def _emit(
    settings: Settings,
    run: Cid,
    verdicts: Sequence["StepVerdict"],
    total: int,
    bill: "Bill | None",
    *,
    at_random: bool,
) -> int:
    """Print the verdicts, and what those of some steps, drawn at random, prove of the others.

    Raises: Differs, StepFailed unless everything holds.
    """
    from engine.verdict import can_be_wrong, of_run

    verdict = of_run(verdicts)
    if settings.json:
        emit_json(
            {
                "run": str(run),
                "verdict": verdict,
                "steps": [_as_json(one) for one in verdicts],
                "of": total,
                "receipts": _bill_as_json(bill),
            }
        )
    else:
        emit_table(
            [row for one in verdicts for row in _rows(one)],
            ("step", "verdict", "output", "was", "is"),
        )
        click.echo(f"{verdict} {run}")
    identical = sum(one.verdict == "identical" for one in verdicts)
    if at_random and len(verdicts) < total and identical == len(verdicts):
        bound = can_be_wrong(identical, total)
        note(f"{identical} of {total} identical: under {bound} % can be wrong, at 95 % confidence")
    return _judge(verdict, verdicts)


def _bill_as_json(bill: "Bill | None") -> dict[str, object] | None:
    if bill is None:
        return None
    peers = sorted(map(str, bill.providers))
    amount = {"unit": "microcredit", "amount": bill.amount}
    manifests = sorted(map(str, bill.royalties))
    about = {"steps": len(bill.steps), "peers": peers, "royalties": manifests}
    return {"count": bill.receipts, **amount, **about}


def _judge(verdict: str, verdicts: Sequence["StepVerdict"]) -> int:
    if verdict in ("reproduced", "equivalent"):
        return 0
    bad = next(one for one in verdicts if one.verdict == verdict)
    if verdict == "failed":
        what = f"step '{bad.id}' failed when it was run again"
        fix = "see what it printed, above; run it alone with --step"
        raise StepFailed(what, where=bad.note, fix=fix)
    places = (_place(name, output.difference) for name, output in bad.outputs.items())
    where = next((place for place in places if place), bad.note)
    what = f"step '{bad.id}' gives something else than is recorded"
    raise Differs(what, where=where, fix=_FIND_OUT)


def _place(name: str, found: "Difference | None") -> str:
    """Return where an output differs, in words."""
    if found is None:
        return ""
    return " ".join(part for part in (name, found.path, found.where, found.what) if part)


def _rows(one: "StepVerdict") -> list[tuple[str, ...]]:
    return [
        (one.id, output.verdict, name, str(output.was or "-"), str(output.now or "-"))
        for name, output in one.outputs.items()
    ] or [(one.id, one.verdict, "-", "-", "-")]


def _as_json(one: "StepVerdict") -> dict[str, object]:
    return {
        "id": one.id,
        "verdict": one.verdict,
        "note": one.note,
        "outputs": {
            name: {
                "was": str(output.was) if output.was else None,
                "is": str(output.now) if output.now else None,
                "verdict": output.verdict,
                "difference": _place(name, output.difference) or None,
            }
            for name, output in one.outputs.items()
        },
    }
