"""Outcomes: what became of an instance, as the rows that the journal keeps."""

from engine.errors import TallyError
from engine.exits import failed_by
from engine.lookup import Hit
from engine.rows import Name, StepRow
from engine.runner import Order, Report


def of_report(name: Name, report: Report) -> StepRow:
    """Return the row of an instance that was run."""
    attestation = report.attestation
    return StepRow(
        step=name[0],
        index=name[1],
        status="ran" if report.succeeded else "failed",
        key=report.result.step,
        result=report.result_cid,
        attestation=report.attestation_cid,
        signed=report.signed,
        wall_ms=attestation.wall_ms,
        stdout=attestation.stdout,
        stderr=attestation.stderr,
        note="" if report.succeeded else why_failed(report),
    )


def of_hit(name: Name, hit: Hit) -> StepRow:
    """Return the row of an instance whose result was reused."""
    proof = (hit.result, hit.attestation, hit.signed)
    return StepRow(*name, "reused", hit.key, *proof, 0, None, None, "")


def of_error(name: Name, order: Order | None, error: TallyError) -> StepRow:
    """Return the row of an instance that could not be run."""
    key = order.key if order else None
    return StepRow(*name, "failed", key, None, None, None, 0, None, None, words(error))


def skipped(name: Name, note: str) -> StepRow:
    """Return the row of an instance that did not run."""
    return StepRow(*name, "skipped", None, None, None, None, 0, None, None, note)


def why_failed(report: Report) -> str:
    """Say why a step failed."""
    words = failed_by(report.attestation.reason, report.result.exit_code)
    return f"{words}: {report.detail}" if report.detail else words


def words(failure: TallyError | str) -> str:
    """Return a failure in words: what it is, where, what to do."""
    if isinstance(failure, str):
        return failure
    return "; ".join(part for part in (failure.what, failure.where, failure.fix) if part)
