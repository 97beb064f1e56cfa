"""Checks: by which rules the results of one run are looked into, and what comes of it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from engine.clock import Clock
from engine.content.cid import Cid
from engine.errors import NoSandbox, TallyError
from engine.memo import UNSIGNED
from engine.rows import Name
from engine.runner import Report
from engine.trust.agreement import Agreement
from engine.trust.book import Found, TrustBook, recipe_of
from engine.trust.case import Case
from engine.trust.draw import drawn, likelihood
from engine.trust.policy import Policy
from engine.trust.weighing import MOST, Ask, Demand, Ran, Settled, weigh
from engine.trust.wording import unbelieved, words
from engine.values import dataclass

FORGET_MS: Final = 30_000  # after which it is asked again whether anybody else is there

_VARIES: Final = "it gave something else under other conditions"


@dataclass(frozen=True, slots=True)
class Means:
    """What the checks of one run work with."""

    book: TrustBook
    workflow: Cid  # whose steps they are: what is found of them is no word on another's
    agreement: Agreement
    owners: Mapping[bytes, str]  # whose machines peers are, by their keys; others are their own
    machine_of: Callable[[Report], str]  # the class of the machine that ran it
    fits: Callable[[Name], bool]  # whether this machine can run a step
    accuse: Callable[[Case, int], Cid]  # make evidence of a wrong result, durably
    tell: Callable[[str], None]  # a person
    clock: Clock
    called: Callable[[bytes], str] = bytes.hex  # what a person calls who signs with a key


class Checks:
    """Decides what is checked in one run. For one thread."""

    def __init__(self, policy: Policy, means: Means) -> None:
        self._policy = policy
        self._means = means
        self._secret = means.book.secret()
        self._found: list[Found] = []  # to be written down
        self._passed: list[bytes] = []
        self._has_own = True  # a sandbox
        self._alone: dict[frozenset[bytes], int] = {}  # when nobody but these was there, in ms

    def take_first(self, case: Case, report: Report) -> bool:
        """Take what was given first; return whether it has to be checked."""
        is_free = self._means.agreement.is_free(case.name[0])
        if not self._policy.checks or report.signer == UNSIGNED or is_free:
            return False
        case.demand = self._demand(case, report)
        if not self._means.fits(case.name):
            case.lacking |= {"own", "varied"}
        self._add(case, report, is_varied=False)
        return case.demand.owners > 1

    def take(self, case: Case, ask: Ask, report: Report) -> None:
        """Take what a check gave, if it ended by itself: limits are not the step's."""
        if report.attestation.reason:
            self._excuse(case, ask, report.signer)
        elif ask == "elsewhere" and self._is_known(case, report):
            case.lacking.add(ask)  # its owner has been heard: nobody else is there
        else:
            self._add(case, report, is_varied=ask == "varied")

    def cancel(self, case: Case) -> None:
        """End what is compared for a case, from any thread."""
        self._means.agreement.cancel(case.name)

    def _excuse(self, case: Case, ask: Ask, signer: bytes) -> None:
        """Ask another peer in place of one that had no room: its word ends no checks."""
        case.excused.append(signer)
        if ask != "elsewhere" or len(case.excused) >= MOST:
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
        return tuple(dict.fromkeys((*case.signers, *case.excused, *likewise)))

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
        recipe = recipe_of(self._means.workflow, case.order.step)
        finding = settled.finding
        is_difference = finding not in ("unchecked", "confirmed")
        if is_difference and case.is_unsure:
            finding = "disputed"  # what could not be compared is nobody's fault
        elif finding == "wrong" and self._means.book.is_unsteady(recipe):
            finding = "disputed"  # its like gave now this, now that: nobody is accused of that
        wrong = settled.wrong if finding == "wrong" else ()
        evidence = {at: self._means.accuse(case, at) for at in wrong}
        self._found += [
            Found(case.order.key, one.result_cid, _of(finding, at in wrong), evidence.get(at))
            for at, one in enumerate(case.reports)
            if one.succeeded
        ]
        self._passed += [case.reports[at].signer for at in settled.passed(case.ran)]
        failed = [case.reports[at].signer for at in (*settled.wrong, *settled.doubted)]
        if case.is_unsure:
            failed = []
        unsteady = [(recipe, _VARIES)] if finding == "nondeterministic" else []
        if failed or unsteady:
            self.write(failed, unsteady)
        if said := words(case, settled, finding):
            self._means.tell(said)

    def write(
        self, failed: Sequence[bytes] = (), unsteady: Sequence[tuple[bytes, str]] = ()
    ) -> None:
        """Write down what was found, and who failed: what was not when all ends is checked anew.

        Raises: Unavailable when it cannot be kept.
        """
        if self._found or failed or unsteady:
            self._means.book.keep(self._found, self._passed, failed, unsteady)
            self._found, self._passed = [], []

    def _demand(self, case: Case, report: Report) -> Demand:
        policy = self._policy
        if policy.least is None:
            return Demand(policy.owners, policy.by_own, is_strict=True, most=policy.asked)
        if self._is_known_wrong(case, report):
            return Demand(2, is_strict=True, is_known_wrong=True)
        passed = self._means.book.passed([report.signer]).get(report.signer, 0)
        likely = likelihood(passed, policy.least)
        return Demand(2 if drawn(self._secret, report.attestation_cid, likely) else 1)

    def _is_known_wrong(self, case: Case, report: Report) -> bool:
        """Return whether what a peer gives is what another was found wrong for."""
        found = self._means.book.found([case.order.key])
        return any(one.result == report.result_cid and one.finding == "wrong" for one in found)

    def unbelieved(self, case: Case) -> TallyError:
        """Return why no result of a case is believed."""
        return unbelieved(case, self._means.called)

    def _add(self, case: Case, report: Report, *, is_varied: bool) -> None:
        is_own = report.signer == UNSIGNED
        gave = self._which(case, report)
        owner, machine = self._owner(report.signer), self._means.machine_of(report)
        case.reports.append(report)
        case.ran.append(Ran(owner, machine, gave, is_own, is_varied))

    def _which(self, case: Case, report: Report) -> int:
        """Return the number of the first result that is the same, or equivalent by its rule."""
        for one, ran in zip(case.reports, case.ran, strict=True):
            same = self._means.agreement.agree(case.name, one, report)
            case.is_unsure |= same is None
            if same:
                return ran.gave
        return len(case.ran)

    def _is_known(self, case: Case, report: Report) -> bool:
        return self._owner(report.signer) in {one.owner for one in case.ran}

    def _owner(self, signer: bytes) -> bytes:
        owner = self._means.owners.get(signer)
        return signer if owner is None else owner.encode()


def _of(finding: str, is_wrong: bool) -> str:
    return finding if finding != "wrong" or is_wrong else "confirmed"
