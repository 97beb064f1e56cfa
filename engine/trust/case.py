"""Case: one step whose result is looked into; Checks: by which rules, and what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass as mutable
from dataclasses import field
from typing import Final

from engine.clock import Clock
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import Get
from engine.errors import NoSandbox, TallyError
from engine.memo import UNSIGNED
from engine.rows import Name
from engine.runner import Order, Report
from engine.trust.book import Found, TrustBook, recipe_of
from engine.trust.draw import drawn, likelihood
from engine.trust.policy import Policy
from engine.trust.weighing import Ask, Demand, Ran, Settled, weigh
from engine.values import dataclass
from engine.verdict import judge
from engine.workflow.model import OutputFile

FORGET_MS: Final = 30_000  # after which it is asked again whether anybody else is there

_VARIES: Final = "it gave something else under other conditions"


@mutable(slots=True)
class Case:
    """One step of a run, from when it is started until its result is believed."""

    name: Name
    order: Order
    end: "Future[Report]"
    demand: Demand = field(default_factory=lambda: Demand(1))
    reports: list[Report] = field(default_factory=list)
    ran: list[Ran] = field(default_factory=list)
    lacking: set[Ask] = field(default_factory=set)
    is_cancelled: bool = False

    @property
    def signers(self) -> tuple[bytes, ...]:
        """Whose word there is already."""
        return tuple(dict.fromkeys(report.signer for report in self.reports if report.signer))


@dataclass(frozen=True, slots=True)
class Means:
    """What the checks of one run work with."""

    store: BlockStore
    book: TrustBook
    outputs: Mapping[str, Mapping[str, OutputFile]]  # of each step, as they are declared
    owners: Mapping[bytes, str]  # whose machines peers are, by their keys; others are their own
    machine_of: Callable[[Report], str]  # the class of the machine that ran it
    fits: Callable[[Name], bool]  # whether this machine can run a step
    accuse: Callable[[Case, Settled], Cid | None]  # make evidence of a wrong result, durably
    tell: Callable[[str], None]  # a person
    clock: Clock


class Checks:
    """Decides what is checked in one run. For one thread."""

    def __init__(self, policy: Policy, own: bytes, means: Means) -> None:
        """Take by which rule, and the key of this home."""
        self._policy = policy
        self._own = own
        self._means = means
        self._secret = means.book.secret()
        self._found: list[Found] = []  # to be written down
        self._passed: list[bytes] = []
        self._has_own = True  # a sandbox
        self._alone: dict[frozenset[bytes], int] = {}  # when nobody but these was there, in ms

    def take_first(self, case: Case, report: Report) -> bool:
        """Take what was given first; return whether it has to be checked."""
        if not self._policy.checks or self._is_own(report) or self._is_free(case):
            return False
        case.demand = self._demand(report)
        if not self._means.fits(case.name):
            case.lacking |= {"own", "varied"}
        self._add(case, report, is_varied=False)
        return case.demand.owners > 1

    def take(self, case: Case, ask: Ask, report: Report) -> None:
        """Take what a check gave, if it ended by itself: limits are not the step's."""
        if report.attestation.reason:
            case.lacking.add(ask)
        elif ask == "elsewhere" and self._is_known(case, report):
            case.lacking.add(ask)  # its owner has been heard: nobody else is there
        else:
            try:
                self._add(case, report, is_varied=ask == "varied")
            except TallyError:  # what it is to be held against is not here
                case.lacking.add(ask)

    def lack(self, case: Case, ask: Ask, error: TallyError) -> None:
        """Hear that a check cannot be had; others that could not be either do not wait for it."""
        case.lacking.add(ask)
        if isinstance(error, NoSandbox):
            self._has_own = False
        if ask == "elsewhere":
            self._alone[frozenset(self.apart(case))] = self._means.clock.monotonic_ms()

    def apart(self, case: Case) -> tuple[bytes, ...]:
        """Return who is not to check a case: who gave a result, and peers of the same owners."""
        owners = {self._owner(signer) for signer in case.signers}
        likewise = (peer for peer in self._means.owners if self._owner(peer) in owners)
        return tuple(dict.fromkeys((*case.signers, *likewise)))

    def weigh(self, case: Case) -> Ask | Settled:
        """Return what is needed next, or what is to be believed."""
        if not self._has_own:
            case.lacking |= {"own", "varied"}
        since_ms = self._alone.get(frozenset(self.apart(case)))
        if since_ms is not None and self._means.clock.monotonic_ms() - since_ms < FORGET_MS:
            case.lacking.add("elsewhere")
        return weigh(case.ran, case.demand, case.lacking)

    def settle(self, case: Case, settled: Settled) -> None:
        """Take what came of it, and say what a person wants to know."""
        finding = settled.finding
        if finding == "wrong" and self._means.book.is_unsteady(recipe_of(case.order.step)):
            finding = "disputed"  # its like gave now this, now that: nobody is accused of that
        evidence = self._means.accuse(case, settled) if finding == "wrong" else None
        key, wrong = case.order.key, {*settled.wrong}
        found = [
            Found(key, one.result_cid, _of(finding, at in wrong), evidence if at in wrong else None)
            for at, one in enumerate(case.reports)
            if one.succeeded
        ]
        self._found += found
        self._passed += [case.reports[at].signer for at in settled.passed(case.ran)]
        failed = [case.reports[at].signer for at in (*settled.wrong, *settled.doubted)]
        recipe = recipe_of(case.order.step)
        unsteady = [(recipe, _VARIES)] if finding == "nondeterministic" else []
        if failed or unsteady:
            self.write(failed, unsteady)
        if words := _words(case, settled, finding):
            self._means.tell(words)

    def write(
        self, failed: Sequence[bytes] = (), unsteady: Sequence[tuple[bytes, str]] = ()
    ) -> None:
        """Write down what was found, and who failed: what was not when all ends is checked anew."""
        if self._found or failed or unsteady:
            self._means.book.keep(self._found, self._passed, failed, unsteady)
            self._found, self._passed = [], []

    def why(self, case: Case, settled: Settled) -> tuple[str, str, str]:
        """Return why no result of a step is believed: what, where, what to do."""
        owners, asked = case.demand.owners, len({one.owner for one in case.ran})
        name = shown(case.name)
        if len({one.gave for one in case.ran}) > 1:
            what = f"step '{name}' gave different results, and it is not known which is right"
            return what, str(case.order.key), "'tally check-determinism' looks into the step"
        what = f"only {asked} of {owners} owners gave a result of step '{name}'"
        return what, "", "wait for more peers, or ask for less with --trust"

    def _demand(self, report: Report) -> Demand:
        policy = self._policy
        if policy.least is None:
            return Demand(policy.owners, policy.by_own, is_strict=True)
        passed = self._means.book.passed([report.signer]).get(report.signer, 0)
        likely = likelihood(passed, policy.least)
        is_checked = drawn(self._secret, report.attestation_cid, likely)
        return Demand(2 if is_checked else 1)

    def _add(self, case: Case, report: Report, *, is_varied: bool) -> None:
        is_own = self._is_own(report)
        owner = self._own if is_own else self._owner(report.signer)
        gave = self._which(case, report)
        case.reports.append(report)
        case.ran.append(Ran(owner, self._means.machine_of(report), gave, is_own, is_varied))

    def _which(self, case: Case, report: Report) -> int:
        """Return the number of the first result that is the same, or equivalent by its rule."""
        for one, ran in zip(case.reports, case.ran, strict=True):
            if self._agree(case, one, report):
                return ran.gave
        return len(case.ran)

    def _agree(self, case: Case, one: Report, two: Report) -> bool:
        if one.result_cid == two.result_cid:
            return True
        declared = dict(self._means.outputs.get(case.name[0], {}))
        get = _over((one, two), self._means.store)
        verdict = judge("", one.result, two.result, declared, get)
        return verdict.verdict in ("identical", "equivalent")

    def _is_known(self, case: Case, report: Report) -> bool:
        return self._owner(report.signer) in {one.owner for one in case.ran}

    def _owner(self, signer: bytes) -> bytes:
        owner = self._means.owners.get(signer)
        return signer if owner is None else owner.encode()

    def _is_own(self, report: Report) -> bool:
        return report.signer in (UNSIGNED, self._own)

    def _is_free(self, case: Case) -> bool:
        """Return whether any result of a step is as good as any other."""
        outputs = self._means.outputs.get(case.name[0], {})
        return bool(outputs) and all(one.verify.rule == "none" for one in outputs.values())


def shown(name: Name) -> str:
    """Return an instance's name for a person."""
    return name[0] if name[1] == 0 else f"{name[0]}[{name[1]}]"


def _of(finding: str, is_wrong: bool) -> str:
    return finding if finding != "wrong" or is_wrong else "confirmed"


def _words(case: Case, settled: Settled, finding: str) -> str:
    name = shown(case.name)
    if finding == "nondeterministic":
        return f"step '{name}' is not deterministic: run again here, it gave something else"
    if finding == "machine":
        return f"step '{name}' gives something else on another class of machine"
    if finding == "wrong":
        count = len(settled.wrong)
        return f"step '{name}': {count} wrong result{'s' * (count > 1)}, against all others' word"
    if finding == "disputed":
        return f"step '{name}': results differ, and too few peers are there to tell who is right"
    if settled.accepted is not None and case.demand.owners > 1 and finding == "unchecked":
        return f"step '{name}' could not be checked: nobody else is there to run it"
    return ""


def _over(reports: tuple[Report, ...], store: BlockStore) -> Get:
    made = {block.cid: block.data for report in reports for block in report.blocks}

    def get(cid: Cid) -> bytes:
        return made[cid] if cid in made else store.get(cid)

    return get
