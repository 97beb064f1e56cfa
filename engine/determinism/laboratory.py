"""Laboratory: a recorded step is run under one set of conditions after another, until it is clear.

Neither the memo nor a journal hears of it. What came out is held in memory, and kept in the store
only where it is not the same, so that it can be looked at.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from engine import outcomes
from engine.compare import differ, pairs
from engine.content.blocks import Block, BlockStore
from engine.content.cid import Cid
from engine.content.reader import Get, read
from engine.determinism.conditions import FIRST, SECOND, Conditions, Moment
from engine.determinism.diagnosis import diagnose, undecided
from engine.determinism.examined import Examined
from engine.determinism.facts import Facts, listing, open_seeds, overridden
from engine.determinism.finding import Finding
from engine.determinism.hints import fits, hint
from engine.determinism.standing import processors
from engine.determinism.varied import Means, Varied
from engine.errors import Refused
from engine.host import Host
from engine.jobs import script_of
from engine.localrunner import LocalRunner
from engine.opinion import Asked, Opinion
from engine.rerun import Recorded
from engine.rows import Name
from engine.runner import Order, Report
from engine.sandbox.base import LogSink
from engine.step import Result, Step
from engine.values import dataclass, replace
from engine.verdict import StepVerdict, judge, to_compare

_MOST: Final = 1024 * 1024  # bytes of a file that is looked at for hints
PAUSE_S: Final = 1.1  # so that the times of files are others, which nobody can set for all programs
_PATIENCE: Final = 10  # how much longer a run may take than the first two
_LEAST_MS: Final = 60_000

Static = Callable[[Cid], tuple[str, ...]]  # of a closure, its programs without a loader
Told = Callable[[str, int, Conditions], None]  # the step, the number of the run, and under what
Ask = Callable[[Sequence[Asked]], Mapping[Name, Opinion]]  # of comparators, by what is `called`


@dataclass(frozen=True, slots=True)
class Seen:
    """What came out of one run."""

    result: Result
    note: str  # why it failed, in words


class _Uncompared(Exception):
    """A comparator has no verdict on outputs, and nothing else is known to differ."""


class Laboratory:
    """Examines steps, one at a time. For one thread."""

    def __init__(
        self,
        store: BlockStore,
        host: Host,
        means: Means,
        static: Static,
        logs: LogSink,
        ask: Ask,
    ) -> None:
        """Take what steps are run with.

        `static` gives the static programs of a closure, `ask` has outputs compared by programs.
        """
        self._store = store
        self._host = host
        self._means = means
        self._static = static
        self._logs = logs
        self._ask = ask
        self._opinions: dict[tuple[str, Cid, Cid], Opinion] = {}  # of this step, by output
        self._made: dict[Cid, bytes] = {}
        self._longest_ms = 0

    def examine(self, step: Recorded, pairs: int, told: Told, failed_before: str = "") -> Examined:
        """Run a step until it is known whether its result varies, and with what.

        `failed_before` is why it failed when it was recorded, if it did.

        Raises: Unavailable when this machine cannot run it; Damaged when what is recorded is not
        all right.
        """
        self._made, self._opinions, self._longest_ms = {}, {}, 0
        facts = facts_of(self._host, self._static, step.order.step)
        seen: list[Seen] = []
        failures: list[str] = []  # by run under comparison; "" for those that succeeded
        verdicts: list[StepVerdict] = []

        def same(one: Seen, other: Seen) -> bool:
            verdicts.append(self._compare(step, one, other))
            if _uncompared(verdicts[-1]):
                raise _Uncompared
            return bool(one.note and other.note) or not _is_apart(verdicts[-1])

        trials = diagnose(facts, same, lambda one: bool(one.note), pairs)
        try:
            conditions = next(trials)
            while True:
                told(step.id, len(seen) + 1, conditions)
                self._await(conditions.moment)
                seen.append(self._run(step, conditions, facts))
                if conditions in (FIRST, SECOND):
                    failures.append(seen[-1].note)
                conditions = trials.send(seen[-1])
        except StopIteration as ended:
            finding: Finding = ended.value
        except _Uncompared:
            finding = undecided(facts, len(seen), differs=any(map(_is_apart, verdicts)))
        verdict = _least_alike(verdicts, differs=finding.differs)
        uncompared = _uncompared(verdict)
        was = verdict if uncompared else self._compare(step, Seen(step.was, failed_before), seen[0])
        return Examined(
            step.id,
            finding,
            facts,
            verdict,
            None if _uncompared(was) else not _is_apart(was),
            self._hints(verdict, [one.cause for one in finding.causes]),
            tuple(filter(None, failures)),
            len(failures),
            failed_before,
            uncompared,
        )

    def _await(self, moment: Moment) -> None:
        """Wait for when a run is to begin."""
        if moment == "a second later":
            self._means.sleep(PAUSE_S)
        elif moment == "as a second begins":
            self._means.sleep(1 - self._means.clock.now_ms() % 1000 / 1000)

    def _hints(self, verdict: StepVerdict, causes: Collection[str]) -> dict[str, str]:
        """Return what the differences of outputs look like, where that goes with the causes."""
        found = {}
        for name, output in verdict.outputs.items():
            if output.difference is not None and output.was is not None and output.now is not None:
                found[name] = hint_of(self._get, output.was, output.now, output.difference.path)
        return {name: words for name, words in found.items() if words and fits(words, causes)}

    def _run(self, step: Recorded, conditions: Conditions, facts: Facts) -> Seen:
        runner = LocalRunner(self._host, Varied(self._means, conditions, facts))
        try:
            report = runner.run(self._bounded(step.order), self._logs)
        except Refused as error:  # what it makes cannot be kept, this time
            return Seen(Result(step.order.key, 1, {}), outcomes.words(error))
        finally:
            runner.close()
        self._longest_ms = max(self._longest_ms, report.attestation.wall_ms)
        self._made |= {block.cid: block.data for block in report.blocks}
        return Seen(report.result, _why_failed(report))

    def _bounded(self, order: Order) -> Order:
        """Return an order that ends a step which waits for a clock that stands still."""
        if not self._longest_ms:
            return order
        most = max(_LEAST_MS, _PATIENCE * self._longest_ms)
        return replace(order, limits=replace(order.limits, wall_ms=min(most, order.limits.wall_ms)))

    def _compare(self, step: Recorded, one: Seen, other: Seen) -> StepVerdict:
        note = other.note or one.note
        was, now = one.result, other.result
        opinions = {} if note else self._opined(step, was, now)
        verdict = judge(step.id, was, now, step.declared, self._get, note, opinions)
        if _is_apart(verdict):
            self._keep()
        return verdict

    def _opined(self, step: Recorded, was: Result, now: Result) -> dict[str, Opinion]:
        """Return what programs say of the outputs that they compare; no two are compared twice."""
        found = to_compare(was, now, step.declared)
        asked = [Asked(step.name, *one) for one in found]
        new = [one for one in asked if _pair(one) not in self._opinions]
        if new:
            self._keep()  # what compares them reads them from the store
            heard = self._ask(new)
            self._opinions |= {_pair(one): heard[one.called] for one in new}
        return {one.output: self._opinions[_pair(one)] for one in asked}

    @property
    def _get(self) -> Get:
        return lambda cid: self._made[cid] if cid in self._made else self._store.get(cid)

    def _keep(self) -> None:
        """Keep what was made: it differs, and somebody will want to look at it."""
        self._store.put([Block(cid, data) for cid, data in self._made.items()])
        self._made = {}


def facts_of(host: Host, static: Static, step: Step) -> Facts:
    """Return what is known of a step before it is run."""
    script = script_of(host.store, step)
    text = script.decode(errors="replace") if script is not None else " ".join(step.command)
    return Facts(
        seeds=open_seeds(step.variables),
        overridden=overridden(step.variables),
        static=listing(text, static(step.closure)),
        processors=processors(),
    )


def hint_of(get: Get, was: Cid, now: Cid, path: str) -> str:
    """Return what the difference of two trees at a path looks like."""
    entries = ((old, new) for at, old, new in pairs(get, was, now) if at == path)
    old, new = next(entries, (None, None))
    if old is None or new is None or not differ(old, new) or max(old.size, new.size) > _MOST:
        return ""
    return hint(*(b"".join(read(get, one.cid)) for one in (old, new)))


def _pair(asked: Asked) -> tuple[str, Cid, Cid]:
    return asked.output, asked.was, asked.now


def _is_apart(verdict: StepVerdict) -> bool:
    return verdict.verdict in ("differs", "failed") and not _uncompared(verdict)


def _uncompared(verdict: StepVerdict) -> str:
    """Return why a comparator has no verdict on a step of which nothing else is known to differ."""
    outputs = verdict.outputs.values()
    failed = [one for one in outputs if one.opinion is not None and one.opinion.failed]
    others = [one for one in outputs if one not in failed]
    if not failed or any(one.verdict in ("differs", "failed") for one in others):
        return ""
    return failed[0].opinion.failed if failed[0].opinion else ""


def _least_alike(verdicts: Sequence[StepVerdict], *, differs: bool) -> StepVerdict:
    """Return the first of the worst verdicts; those of mere controls do not count."""
    counting = [one for one in verdicts if differs or not _is_apart(one)] or verdicts
    return max(counting, key=_rank)


def _rank(verdict: StepVerdict) -> int:
    if _is_apart(verdict):
        return 3
    return 2 if _uncompared(verdict) else int(verdict.verdict == "equivalent")


def _why_failed(report: Report) -> str:
    return "" if report.succeeded else outcomes.why_failed(report)
