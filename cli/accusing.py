"""Accusing: what is done about a wrong result: evidence for anybody, and no more belief here."""

from collections.abc import Callable

from cli.accusations import EVIDENCE_PIN
from cli.crews import Known
from cli.report import note
from cli.workspace import Workspace
from engine.attestations import record_of
from engine.batch import PROOF
from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.reader import over
from engine.content.schema import kind_of
from engine.runner import Report
from engine.step import RESULT
from engine.trust.case import Case
from engine.trust.wrong import WRONG_RESULT, Word, WrongResult
from peers.identity import PeerId


class Accuser:
    """Makes evidence of wrong results, and believes nothing more of who gave them."""

    def __init__(self, space: Workspace, known: Known, accused: Callable[[bytes], None]) -> None:
        self._space = space
        self._known = known
        self._accused = accused

    def __call__(self, case: Case, at: int) -> Cid:
        """Keep evidence of a wrong result of a case; return what it is named."""
        record, signer = self._record(case, at), case.reports[at].signer
        self._space.store.put([record])
        self._space.store.pins.pin(record.cid, EVIDENCE_PIN)
        self._space.memo.disown(signer)
        self._accused(signer)
        note(f"evidence against {PeerId(signer)}: 'tally verify {record.cid}' looks at it")
        return record.cid

    def _record(self, case: Case, at: int) -> Block:
        claim, gave = case.reports[at], case.ran[at].gave
        others = [one for one, ran in zip(case.reports, case.ran, strict=True) if ran.gave != gave]
        others = [one for one in others if one.signer != claim.signer]
        limits = case.order.limits
        wrong = WrongResult(
            step=case.order.key,
            environment=self._known.carriers[case.order.step.closure],
            cores=self._known.cpus.get(case.name[0], 1),
            memory=limits.memory,
            scratch=limits.disk,
            wall_ms=limits.wall_ms,
            claim=self._word(claim),
            others=tuple(map(self._word, others)),
        )
        return WRONG_RESULT.block(wrong)

    def _word(self, report: Report) -> Word:
        get = over(report.blocks, self._space.store.get)
        signed, path = b"", b""
        if report.signed is not None:
            signed = get(report.signed)
            if kind_of(signed) == PROOF.kind:
                path, signed = signed, get(PROOF.decode(signed).batch)
        said = record_of(report.attestation).encode(report.attestation)
        return Word(signed, path, said, RESULT.encode(report.result))
