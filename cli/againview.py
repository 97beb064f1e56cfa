"""How a rerun is printed, and what it comes to: the verdict on each step and on all of them."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from cli.checked import checks_json, tell_checks
from cli.report import emit_json, emit_table, note, printable
from cli.sampling import Sampled, in_words, sample_json
from cli.verdictview import details, require, rows, step_json
from engine.content.cid import Cid
from engine.values import dataclass
from engine.verdict import StepVerdict, of_run

if TYPE_CHECKING:
    from engine.checks import Judged
    from peers.run_receipts import Bill


@dataclass(frozen=True, slots=True)
class Again:
    """What came of a rerun."""

    run: Cid
    verdicts: Sequence[StepVerdict]
    total: int  # steps that could have been run again
    checks: Sequence["Judged"]
    bill: "Bill | None"
    sampled: Sampled

    @property
    def verdict(self) -> str:
        """The verdict on all of it."""
        return of_run(self.verdicts)


def emit_again(again: Again, *, as_json: bool) -> None:
    """Print the verdicts, and what those of a sample prove of the others.

    Raises: Differs, StepFailed unless everything holds.
    """
    if as_json:
        emit_json(_as_json(again))
    else:
        emit_table(
            [row for one in again.verdicts for row in rows(one)],
            ("step", "verdict", "output", "was", "is"),
        )
        for line in details(again.verdicts):
            click.echo(printable(line))
        click.echo(f"{again.verdict} {again.run}")
    if said := in_words(again.sampled, again.verdicts):
        note(said)
    tell_checks(again.checks)
    require(again.verdict, again.verdicts)


def billed(bill: "Bill") -> str:
    """Return what was paid for a run, in words."""
    from peers.credits import show

    steps, peers = len(bill.steps), len(bill.providers)
    whom = "one peer" if peers == 1 else f"{peers} peers"
    what = "one step" if steps == 1 else f"{steps} steps"
    text = f"its receipts hold: {show(bill.amount)} paid to {whom}, for {what}"
    text += ", in this run or, of a result that it reused, in an earlier one"
    return text + ("; what authors got besides is not in it" if bill.royalties else "")


def _as_json(again: Again) -> dict[str, object]:
    return {
        "run": str(again.run),
        "verdict": again.verdict,
        "steps": [step_json(one) for one in again.verdicts],
        "of": again.total,
        "sample": sample_json(again.sampled, again.verdicts),
        "receipts": _bill_json(again.bill),
        "checks": checks_json(again.checks),
    }


def _bill_json(bill: "Bill | None") -> dict[str, object] | None:
    if bill is None:
        return None
    peers = sorted(map(str, bill.providers))
    amount = {"unit": "microcredit", "amount": bill.amount}
    manifests = sorted(map(str, bill.royalties))
    about = {"steps": len(bill.steps), "peers": peers, "royalties": manifests}
    return {"count": bill.receipts, **amount, **about}
