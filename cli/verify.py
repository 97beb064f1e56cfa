"""`tally verify`: look at evidence of a wrong result, and run the step to see who is right."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import click

from cli.accusations import EVIDENCE_PIN, accusations, row_of
from cli.options import common, ipfs_node
from cli.report import emit_json, emit_table, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged, Differs, Refused, StepFailed
from engine.times import utc

if TYPE_CHECKING:
    from engine.content.blocks import BlockStore
    from engine.rerun import Recorded
    from engine.step import Step
    from engine.trust.wrong import Opened, WrongResult
    from engine.verdict import StepVerdict

_NAME: Final = "evidence"  # of the step, whose name nobody wrote down
_FIX: Final = (
    "name a file that was made by 'tally export EVIDENCE FILE.car'; "
    "a run is verified by 'tally rerun RUN'"
)


class Verified(NamedTuple):
    """What came of evidence."""

    evidence: Cid
    wrong: "WrongResult"
    shown: "Opened"
    here: Mapping[str, Cid]  # what the step gave on this machine
    verdict: str
    why: str  # it is not wrong, or that cannot be told


@click.command()
@click.argument("evidence", metavar="[FILE.car|CID]", required=False)
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@ipfs_node
@common
def verify(settings: Settings, evidence: str | None, offline: bool) -> None:
    """Look at evidence of a wrong result, and run its step to see who is right.

    The signatures show whose word it is; what the step gives, this machine finds out: it runs it
    twice, the second time under other conditions. It exits with 0 when the result is wrong, as the
    evidence says, and with 4 when that is not so, or cannot be told here. Without a file or a CID,
    the evidence that this home has is listed.
    """
    if evidence is None:
        return _list(settings)
    with Workspace(settings.home, writing=True, online=None if offline else settings) as space:
        cid = _find(space, evidence)
        found = _verified(space, settings, cid)
        if found.verdict == "wrong":
            space.store.pins.pin(cid, EVIDENCE_PIN)  # from now on this home knows it itself
    _emit(settings, found)
    if found.verdict != "wrong":
        what = f"the evidence does not hold: {found.why}"
        raise Differs(what, where=str(cid), fix="believe the accused no less for it")
    return None


def _list(settings: Settings) -> None:
    """Print all evidence that this home has."""
    with Workspace(settings.home) as space:
        found = accusations(space)
    if settings.json:
        return emit_json({"evidence": [row_of(one) for one in found]})
    if not found:
        note("this home has no evidence of wrong results")
    rows = [
        (
            str(one.evidence),
            str(one.step),
            str(one.accused),
            utc(one.ran_ms),
            "found here" if one.found_here else "imported",
        )
        for one in found
    ]
    return emit_table(rows, ("evidence", "step", "accused", "ran", ""))


def _find(space: Workspace, text: str) -> Cid:
    """Return the evidence that a word stands for: a file is imported, when it has some.

    Nothing but the record itself is fetched for what is no evidence, or forged.
    """
    from cli.bundlefile import read_bundle, refuse_untrue
    from cli.names import whole_cid

    path = Path(text)
    cid = whole_cid(text)
    if path.suffix == ".car" or path.is_file():
        roots = read_bundle(space, path, lambda records: _evidence(records, records.roots, text))
        return _evidence(space.store, roots, text)
    if cid is None:
        raise Refused(f"no file and no CID: {text[:80]}", fix=_FIX)
    if cid.codec == DAG_CBOR:
        space.sources.get(cid)
        refuse_untrue(space.store, cid)
    found = _evidence(space.store, (cid,), text)
    space.sources.have([cid])
    return found


def _evidence(store: "BlockStore", roots: Iterable[Cid], text: str) -> Cid:
    """Return the first root that is evidence.

    Raises: Refused when none is.
    """
    from engine.content.schema import kind_of
    from engine.trust.wrong import WRONG_RESULT

    for root in roots:
        is_here = root.codec == DAG_CBOR and store.has(root)
        if is_here and kind_of(store.get(root)) == WRONG_RESULT.kind:
            return root
    raise Refused("it is no evidence of a wrong result", where=text[:80], fix=_FIX)


def _verified(space: Workspace, settings: Settings, cid: Cid) -> Verified:
    from cli.sandboxes import this_machine
    from engine.trust.wrong import WRONG_RESULT, open_wrong, stands

    wrong = WRONG_RESULT.decode(space.store.get(cid))
    shown = open_wrong(wrong)
    here, varied = _run(space, settings, wrong)
    verdict, why = stands(shown, here, varied, this_machine().name)
    return Verified(cid, wrong, shown, here, verdict, why)


def _run(
    space: Workspace, settings: Settings, wrong: "WrongResult"
) -> tuple[Mapping[str, Cid], Mapping[str, Cid]]:
    """Run the step of some evidence twice; return what it gives, and under other conditions.

    Raises: StepFailed when it fails or is cancelled; Unavailable when this machine cannot run it.
    """
    from cli.crews import capacity_of, open_slots
    from cli.interrupt import interruptible
    from cli.laboratories import open_varied
    from cli.progress import watching
    from cli.steptree import Steps
    from engine.nix.environment import open_environment
    from engine.rerun import Rerun
    from engine.step import STEP

    step = STEP.decode(space.store.get(wrong.step))
    opened = open_environment(space.store, wrong.environment)
    if opened.closure_cid != step.closure:
        raise Damaged("its environment is not that of its step", where=str(wrong.environment))
    capacity = capacity_of(settings)
    capacity.check(_NAME, cpus=wrong.cores, memory=wrong.memory)
    carriers = {step.closure: wrong.environment}
    found: list[StepVerdict] = []
    with (
        watching(Steps({_NAME: 1}, frozenset())) as watch,
        open_slots(space, carriers, 1) as usual,
        open_varied(space, carriers) as varied,
    ):
        for slots in (usual, varied):
            again = Rerun(space.store, slots, capacity, watch)
            with interruptible(again.cancel):
                found += again.run([_recorded(wrong, step)])
    here, then = found
    if here.verdict == "failed":
        raise StepFailed("the step failed here", where=here.note, fix="try another machine")
    return _given(here), _given(then)


def _given(verdict: "StepVerdict") -> Mapping[str, Cid]:
    return {name: one.now for name, one in verdict.outputs.items() if one.now is not None}


def _recorded(wrong: "WrongResult", step: "Step") -> "Recorded":
    from engine.content.blocks import Block
    from engine.rerun import Recorded
    from engine.runner import Order
    from engine.sandbox.base import Limits
    from engine.step import STEP, Result

    limits = Limits(memory=wrong.memory, disk=wrong.scratch, wall_ms=wrong.wall_ms)
    order = Order(wrong.step, step, (Block(wrong.step, STEP.encode(step)),), limits)
    nothing = Result(wrong.step, 0, {})  # what others made need not be here to be held against
    return Recorded(_NAME, (_NAME, 0), order, nothing, {}, wrong.cores)


def _emit(settings: Settings, found: Verified) -> None:
    from peers.identity import PeerId

    accused = str(PeerId(found.shown.claim.signer))
    claimed = found.shown.claim.result.outputs
    theirs = found.shown.others[0].result.outputs
    rows = [
        (name, str(claimed.get(name, "-")), str(theirs.get(name, "-")), str(found.here[name]))
        for name in sorted(found.here)
    ]
    if settings.json:
        outputs = {name: {"claimed": a, "others": b, "here": c} for name, a, b, c in rows}
        words = [str(PeerId(one.signer)) if one.signer else None for one in found.shown.others]
        emit_json(
            {
                "evidence": str(found.evidence),
                "step": str(found.wrong.step),
                "accused": accused,
                "others": words,
                "verdict": found.verdict,
                "why": found.why or None,
                "outputs": outputs,
            }
        )
        return
    emit_table(rows, ("output", "claimed", "others", "here"))
    click.echo(f"{found.verdict}  {accused}  {found.wrong.step}")
    others = [str(PeerId(one.signer)) for one in found.shown.others if one.signer]
    own = len(others) < len(found.shown.others)
    contradict = [*others, *(["whoever made the evidence, by a run of their own"] if own else [])]
    note(f"contradicted by {', '.join(contradict)}")
