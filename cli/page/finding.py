"""Finding out what a home knows of a run besides the run: reruns, who vouches, what was paid."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from cli.evidenceview import known_to, others_of
from cli.page.findings import NOBODY, Again, Findings, Part, Place, Voice, Voucher, Who
from cli.paid import in_words, paid
from cli.partial import parts_of
from cli.vouching import Vouched
from cli.workspace import Workspace
from engine.attestations import machine_of
from engine.content.cid import Cid
from engine.reruns import Where
from engine.run import RunStep
from engine.summary import StepSummary, load_run
from engine.thin import repeatable
from engine.trust.book import TRUST_FILE
from engine.vouches import Vouch, count, vouches
from peers.identity import PeerId

if TYPE_CHECKING:
    from peers.run_receipts import Bill

MAX_RERUNS: Final = 5
MAX_STEPS: Final = 200  # of the latest rerun that are listed
MAX_EARLIER: Final = 20  # of each one before it
MAX_PLACES: Final = 20  # of one rerun
MAX_HEARD: Final = 10_000  # steps whose vouchers are read: each is a signature to be checked
MAX_VOUCHERS: Final = 50
MAX_VOICES: Final = 100
MAX_PAID: Final = 50

_Known = Mapping[str, Who]


def find_out(
    space: Workspace, run: Cid | None, name: str, steps: Sequence[RunStep], bill: "Bill | None"
) -> Findings:
    """Return what is known here of a run that has these steps; `bill`: what its receipts say.

    Raises: Damaged when what this home wrote down is not what was written.
    """
    known = _known(space)
    found = _vouched(space, run, steps[:MAX_HEARD], known)
    found = replace(found, unheard=max(0, len(steps) - MAX_HEARD), cost=_cost(space, name))
    if bill is not None:
        from cli.againview import billed

        whom = sorted(map(str, bill.providers))[:MAX_PAID]
        found = replace(found, receipts=billed(bill), paid=[_who(known, one) for one in whom])
    return found if run is None else _of_run(space, run, known, found)


def _of_run(space: Workspace, run: Cid, known: _Known, found: Findings) -> Findings:
    """Return it with what is known by the CID of the run."""
    reruns = space.reruns.of(run)
    again = []
    for at, one in enumerate(reruns[:MAX_RERUNS]):
        places = [_place(known, where) for where in space.reruns.places(one, MAX_PLACES)]
        steps = space.reruns.steps(one, MAX_EARLIER if at else MAX_STEPS)
        again.append(Again(one, space.reruns.counts(one), places, steps))
    older, worse = max(0, len(reruns) - MAX_RERUNS), space.reruns.worse(run)
    return replace(found, again=again, older=older, worse=worse, parts=tuple(_parts(space, run)))


def _place(known: _Known, where: Where) -> Place:
    who = _by(known, where.signer) if where.signer else NOBODY
    return Place(who, where.system, where.sandbox, where.steps)


def _parts(space: Workspace, run: Cid) -> Iterator[Part]:
    parts = parts_of(space, run).values()
    possible = len(repeatable(space.store, load_run(space.store, run))) if parts else 0
    for thin in parts:
        yield Part(len(thin.picks), possible, thin.seed)


def _vouched(
    space: Workspace, run: Cid | None, steps: Sequence[RunStep], known: _Known
) -> Findings:
    """Return who vouches for what, as far as it is here."""
    summaries = [_summary(space, step) for step in steps if step.result]
    keys = {step.key for step in summaries if step.key}
    told = defaultdict[str, list[Vouch]](list)
    for one in vouches(space.store, summaries, others_of(space, keys, run)):
        told[one.id].append(one)
    vouchers = _vouchers((one for each in told.values() for one in each), known)
    checks = _checks(space, keys)
    voices = [
        Voice(*count(step, told[step.id]), checks.get((step.key, step.result), ""))
        for step in summaries
    ]
    voices.sort(key=lambda one: (not one.differ, not one.check))
    return Findings(
        vouchers=vouchers[:MAX_VOUCHERS],
        more_vouchers=max(0, len(vouchers) - MAX_VOUCHERS),
        voices=voices[:MAX_VOICES],
        more_voices=max(0, len(voices) - MAX_VOICES),
    )


def _summary(space: Workspace, step: RunStep) -> StepSummary:
    """Return what vouches are asked for by; of a part of a run, attestations are not all here."""
    here = tuple(cid for cid in step.attestations if space.store.has(cid))
    return StepSummary(step.name, step.index, step.status, step.step, step.result, here, 0, {})


def _vouchers(told: Iterator[Vouch], known: _Known) -> list[Voucher]:
    counted = Counter[tuple[Who, str, str, bool]]()
    for one in told:
        if one.holds:
            machine = machine_of(one.said)
            who = _by(known, one.signer) if one.signer else NOBODY
            counted[who, machine.name if machine else "", one.said.sandbox, one.agrees] += 1
    found = dict.fromkeys(key[:3] for key, _ in counted.most_common())
    return [Voucher(*key, counted[*key, True], counted[*key, False]) for key in found]


def _checks(space: Workspace, keys: set[Cid]) -> dict[tuple[Cid | None, Cid | None], str]:
    """Return what checks of results came to; looking at a run makes no file."""
    if not (space.home / TRUST_FILE).exists():
        return {}
    found = space.trust.found(list(keys))
    return {(one.key, one.result): Vouched((), one.finding, one.evidence).why for one in found}


def _known(space: Workspace) -> _Known:
    found = known_to(space).items()
    return {str(peer): Who(str(peer), how, name or "") for peer, (how, name) in found}


def _by(known: _Known, signer: str) -> Who:
    return _who(known, str(PeerId(bytes.fromhex(signer))))


def _who(known: _Known, peer: str) -> Who:
    return known.get(peer, Who(peer, "", ""))


def _cost(space: Workspace, name: str) -> str:
    found = paid(space.home, name) if name else None
    return in_words(found) if found is not None else ""
