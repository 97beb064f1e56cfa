"""The program `tally` of a peer that lies about a share of its steps, which comes first.

>>> ("python", "-m", "tests.fakes.liar", "0.1", "peer", "start")  # doctest: +SKIP

It runs each step, and then hands back something else, well-formed and signed: what only who runs
the step again can see. Which steps it lies about follows from their keys.
"""

import sys
from dataclasses import replace
from hashlib import blake2b

from cli.start import entry
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.localrunner import LocalRunner
from engine.memo import UNSIGNED
from engine.runner import Order, Report
from engine.sandbox.base import LogSink
from engine.step import ATTESTATION, RESULT

LIE = b"a lie " * 2_000  # more than what travels along with a result


def lies_about(key: Cid, share: float) -> bool:
    """Return whether a step is one of those."""
    return int.from_bytes(blake2b(key.raw, digest_size=4).digest(), "big") < share * 2**32


def lie(order: Order, report: Report) -> Report:
    """Return another result of a step, as whoever ran it would report it."""
    made = Block(Cid.of(RAW, LIE), LIE)
    outputs = dict.fromkeys(report.result.outputs, made.cid)
    result = replace(report.result, outputs=outputs)
    told = RESULT.block(result)
    attestation = replace(report.attestation, result=told.cid)
    word = ATTESTATION.block(attestation)
    own = {report.result_cid, report.attestation_cid}
    kept = tuple(block for block in report.blocks if block.cid not in own)
    return replace(
        report,
        result=result,
        result_cid=told.cid,
        attestation=attestation,
        attestation_cid=word.cid,
        signed=None,
        signer=UNSIGNED,
        blocks=(*kept, made, told, word),
    )


def become(share: float) -> None:
    """Have every sandbox of this process lie about a share of the steps."""
    honest = LocalRunner.run

    def run(self: LocalRunner, order: Order, logs: LogSink) -> Report:
        report = honest(self, order, logs)
        return lie(order, report) if lies_about(order.key, share) and report.succeeded else report

    LocalRunner.run = run  # type: ignore[method-assign]


if __name__ == "__main__":
    become(float(sys.argv.pop(1)))
    entry()
