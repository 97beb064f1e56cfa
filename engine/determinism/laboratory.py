"""Laboratory: a recorded step is run under one set of conditions after another, until it is clear.

Neither the memo nor a journal hears of it. What came out is held in memory, and kept in the store
only where it is not the same, so that it can be looked at.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
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
from engine.determinism.likeness import is_apart, least_alike, uncompared
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


class _Runs:
    """What the runs of one step gave, and what came of comparing them."""

    def __init__(self, compare: Callable[[Seen, Seen], StepVerdict]) -> None:
        self.seen: list[Seen] = []
        self.failures: list[str] = []  # by run under comparison; "" for those that succeeded
        self.verdicts: list[StepVerdict] = []
        self._compare = compare

    def add(self, seen: Seen, conditions: Conditions) -> None:
        self.seen.append(seen)
        if conditions in (FIRST, SECOND):
            self.failures.append(seen.note)

    def are_same(self, one: Seen, other: Seen) -> bool:
        """Return whether two runs gave the same, or both failed.

        Raises: _Uncompared when that is not known.
        """
        verdict = self._compare(one, other)
        self.verdicts.append(verdict)
        if uncompared(verdict):
            raise _Uncompared
        return bool(one.note and other.note) or not is_apart(verdict)


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
        runs = _Runs(partial(self._compare, step))
        finding = self._search(step, facts, runs, pairs, told)
        verdict = least_alike(runs.verdicts, differs=finding.differs)
        why = uncompared(verdict)
        before = Seen(step.was, failed_before)
        was = verdict if why else self._compare(step, before, runs.seen[0])
        return Examined(
            id=step.id,
            finding=finding,
            facts=facts,
            verdict=verdict,
            as_recorded=None if uncompared(was) else not is_apart(was),
            hints=self._hints(verdict, [one.cause for one in finding.causes]),
            failures=tuple(filter(None, runs.failures)),
            compared=len(runs.failures),
            failed_before=failed_before,
            uncompared=why,
        )

    def _search(
        self, step: Recorded, facts: Facts, runs: "_Runs", pairs: int, told: Told
    ) -> Finding:
        """Run a step under whatever conditions are asked for, until there is a finding."""
        trials = diagnose(facts, runs.are_same, lambda one: bool(one.note), pairs)
        try:
            conditions = next(trials)
            while True:
                told(step.id, len(runs.seen) + 1, conditions)
                self._await(conditions.moment)
                runs.add(self._run(step, conditions, facts), conditions)
                conditions = trials.send(runs.seen[-1])
        except StopIteration as ended:
            found: Finding = ended.value
            return found
        except _Uncompared:
            differs = any(map(is_apart, runs.verdicts))
            return undecided(facts, len(runs.seen), differs=differs)

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
        if is_apart(verdict):
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


def _why_failed(report: Report) -> str:
    return "" if report.succeeded else outcomes.why_failed(report)
