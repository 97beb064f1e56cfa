"""Diagnosis: what makes a step's result differ, found by controlled experiments. Pure.

It is a generator: it yields the Conditions under which the step is to be run next, is sent what
came out, and returns a Finding. With everything held, a step that still differs cannot be looked
into; else one factor at a time is let go, and those that alone make it differ are its causes.
"""

from collections.abc import Callable, Generator, Sequence
from typing import Final, Generic, TypeVar

from engine.determinism.conditions import (
    FIRST,
    HELD,
    SECOND,
    VARIED,
    Conditions,
    Factor,
    State,
)
from engine.determinism.facts import Facts
from engine.determinism.finding import Cause, Diagnosed, Evidence, Finding
from engine.values import replace

Seen = TypeVar("Seen")  # what came out of one run, whatever that is to the caller
Same = Callable[[Seen, Seen], bool]
Trials = Generator[Conditions, Seen, Seen]

FILE_TIMES: Final = (
    "with everything held it is another a second later: static programs see the time of files"
)
_HELD_RUNS: Final = 3
_NAMES: Final[dict[Factor, Cause]] = {
    "time": "time",
    "random": "random bytes",
    "hashes": "hash order",
    "directories": "directory order",
    "schedule": "threads",
    "machine": "machine",
}
# How often a step is run with one factor let go: chance needs more tries than what is set.
_TRIES: Final[dict[Factor, tuple[State, ...]]] = {
    "time": ("varied", "free"),
    "random": ("free",) * 3,
    "hashes": ("varied", "free"),
    "addresses": ("free",) * 4,
    "memory": ("varied",),
    "directories": ("varied", "free"),
    "processors": ("free",) * 4,
    "schedule": ("varied", "varied", "free"),
    "profile": ("varied",),
    "machine": ("free",),
}


class _Log(Generic[Seen]):
    """What was run so far."""

    def __init__(self, same: "Same[Seen]", failed: Callable[[Seen], bool]) -> None:
        self.same = same
        self.failed = failed
        self.runs = 0
        self.failures = 0

    def run(self, conditions: Conditions) -> "Trials[Seen]":
        self.runs += 1
        seen = yield conditions
        self.failures += self.failed(seen)
        return seen

    def against(
        self, base: Seen, each: Sequence[Conditions]
    ) -> Generator[Conditions, Seen, Evidence]:
        """Run under conditions until something else comes out than `base`."""
        runs = same = 0
        for conditions in each:
            seen = yield from self.run(conditions)
            runs += 1
            if not self.same(base, seen):
                break
            same += 1
        return Evidence(each[0], runs, same)


def diagnose(
    facts: Facts, same: "Same[Seen]", failed: Callable[[Seen], bool], pairs: int = 1
) -> Generator[Conditions, Seen, Finding]:
    """Run a step in pairs, as far apart as may be, and look for the causes when those differ.

    `same` compares what came out of two runs, `failed` says whether the step failed in one.
    """
    log = _Log(same, failed)
    varied = _varied(facts)
    first = yield from log.run(FIRST)
    apart = yield from log.against(first, (SECOND, *(FIRST, SECOND) * (pairs - 1)))
    if apart.same < apart.runs:
        causes, alone = yield from _causes(log, facts)
        return Finding(True, log.runs, varied, causes, alone)
    causes = yield from _by_variables(log, facts, first)
    return Finding(bool(causes), log.runs, varied, causes)


def undecided(facts: Facts, runs: int, *, differs: bool) -> Finding:
    """Return what is found where a comparison failed, after so many runs."""
    why = "what compares its outputs failed before a cause was found"
    causes = (Diagnosed("unknown", (), why),) if differs else ()
    return Finding(differs, runs, _varied(facts), causes)


def _varied(facts: Facts) -> tuple[Factor, ...]:
    own: tuple[Factor, ...] = ("profile",) if facts.overridden else ()
    return tuple(one for one in VARIED if one != "processors" or facts.processors > 1) + own


def _by_variables(
    log: "_Log[Seen]", facts: Facts, first: Seen
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Look at what only another processor would show: kernels that the step lets be chosen."""
    if not facts.overridden:
        return ()
    found = yield from log.against(first, (FIRST.freed("profile", "varied"),))
    if found.same == found.runs:
        return ()
    return (yield from _unless_printed(log, found, FIRST))


def _unless_printed(
    log: "_Log[Seen]", found: Evidence, around: Conditions
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Return that the processor matters, unless the step only shows what the variables say."""
    pinned = yield from log.run(around.freed("profile", "held"))
    control = yield from log.against(pinned, (around.freed("profile", "respelled"),))
    if control.same < control.runs:
        return ()
    return (Diagnosed("CPU dispatch", (control, found), ""),)


def _causes(
    log: "_Log[Seen]", facts: Facts
) -> Generator[Conditions, Seen, tuple[tuple[Diagnosed, ...], bool | None]]:
    base = yield from log.run(replace(HELD, moment="as a second begins"))
    if log.failed(base):
        why = "it fails when everything is held"
        return (Diagnosed("unknown", (), why),), None
    held = (yield from log.against(base, (HELD,) * (_HELD_RUNS - 1))).and_first()
    if held.same < held.runs:
        return (yield from _unheld(log, facts, held)), None
    later = yield from log.against(base, (replace(HELD, moment="a second later"),))
    if later.same < later.runs:
        return (yield from _drifting(log, facts, base, held, later)), None
    found: list[Diagnosed] = []
    for factor in _candidates(facts):
        freed = [HELD.freed(factor, state) for state in _TRIES[factor]]
        evidence = yield from log.against(base, freed)
        if evidence.same == evidence.runs:
            continue
        again = yield from log.against(base, (HELD,) * max(2, evidence.runs))
        held = replace(held, runs=held.runs + again.runs, same=held.same + again.same)
        if held.same < held.runs:  # it was not the factor: this happens of itself
            return (yield from _unheld(log, facts, held)), None
        found += yield from _named(log, factor, held, evidence)
    if not found:
        why = _unknown("it differs only when several things vary at once, or seldom", facts)
        return (Diagnosed("unknown", (held,), why),), None
    return tuple(found), (yield from _is_all(log, found))


def _drifting(
    log: "_Log[Seen]",
    facts: Facts,
    base: Seen,
    held: Evidence,
    later: Evidence,
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Say whether a step is another for good when time has gone on, or once, of itself."""
    fresh = yield from log.run(replace(HELD, moment="as a second begins"))
    again = (yield from log.against(fresh, (HELD,))).and_first()
    if log.same(base, fresh) or again.same < again.runs:
        return (yield from _unheld(log, facts, held))
    return (Diagnosed("time", (held, later, again), FILE_TIMES),)


def _candidates(facts: Facts) -> tuple[Factor, ...]:
    given: dict[Factor, bool] = {
        "hashes": bool(facts.seeds),
        "processors": facts.processors > 1,
        "profile": bool(facts.overridden),
        "memory": False,  # looked at when addresses matter
    }
    return tuple(factor for factor in _TRIES if given.get(factor, True))


def _named(
    log: "_Log[Seen]", factor: Factor, held: Evidence, evidence: Evidence
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Return what a factor that makes a step differ stands for."""
    if factor == "profile":
        return (yield from _unless_printed(log, evidence, HELD))
    if factor == "addresses":
        return (yield from _in_memory(log, held, evidence))
    if factor == "processors":
        return (yield from _parallel(log, held, evidence))
    return (Diagnosed(_NAMES[factor], (held, evidence), ""),)


def _in_memory(
    log: "_Log[Seen]", held: Evidence, evidence: Evidence
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Say whether it is addresses that matter, or what nobody wrote to."""
    base = yield from log.run(HELD.freed("memory", "held"))
    filled = yield from log.against(base, (HELD.freed("memory", "varied"),))
    if filled.same < filled.runs:
        return (Diagnosed("uninitialised bytes", (held, evidence, filled), ""),)
    return (Diagnosed("addresses", (held, evidence), ""),)


def _parallel(
    log: "_Log[Seen]", held: Evidence, evidence: Evidence
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Say whether several processors give one result, which is another, or a race."""
    free = HELD.freed("processors", "free")
    base = yield from log.run(free)
    again = (yield from log.against(base, (free,) * _HELD_RUNS)).and_first()
    steady = again.same == again.runs
    cause: Cause = "processor count" if steady else "threads"
    return (Diagnosed(cause, (held, evidence, again), ""),)


def _is_all(log: "_Log[Seen]", found: Sequence[Diagnosed]) -> Generator[Conditions, Seen, bool]:
    """Look whether a step is the same whatever varies, when what was found is held."""
    first, second = FIRST, SECOND
    for one in found:
        for factor in _FACTORS_OF[one.cause]:
            first, second = first.freed(factor, "held"), second.freed(factor, "held")
    base = yield from log.run(first)
    evidence = yield from log.against(base, (second, first, second))
    return evidence.same == evidence.runs


_FACTORS_OF: Final[dict[Cause, tuple[Factor, ...]]] = {
    "time": ("time",),
    "random bytes": ("random",),
    "hash order": ("hashes",),
    "threads": ("processors", "schedule"),
    "processor count": ("processors",),
    "CPU dispatch": ("profile",),
    "addresses": ("addresses",),
    "uninitialised bytes": ("addresses", "memory"),
    "directory order": ("directories",),
    "machine": ("machine",),
    "unknown": (),
}


def _unheld(
    log: "_Log[Seen]", facts: Facts, held: Evidence
) -> Generator[Conditions, Seen, tuple[Diagnosed, ...]]:
    """Say what may be of a step that differs with everything held: it is threads, or unknown.

    Runs that fall into two seconds differ where a static program sees the times of files.
    """
    if facts.static and (yield from _by_the_second(log)):
        later = Evidence(replace(HELD, moment="a second later"), 1, 0)
        return (Diagnosed("time", (held, later), FILE_TIMES),)
    alone = replace(HELD, threads=False)
    fails_anyway = log.failures > 0
    base = yield from log.run(alone)
    if log.failed(base) and not fails_anyway:
        why = "it differs with everything else held, and fails when it may have no second thread"
        return (Diagnosed("threads", (held,), why),)
    return (Diagnosed("unknown", (held,), _unknown("it differs even with everything held", facts)),)


def _by_the_second(log: "_Log[Seen]") -> Generator[Conditions, Seen, bool]:
    """Return whether runs of the same second are the same, and those of others are not."""
    firsts = []
    for _ in range(2):
        firsts.append((yield from log.run(replace(HELD, moment="as a second begins"))))
        again = yield from log.against(firsts[-1], (HELD,))
        if again.same < again.runs:
            return False
    return not log.same(*firsts)


def _unknown(what: str, facts: Facts) -> str:
    """Return what is known of a cause that is not, and what may be behind it."""
    if not facts.static:
        return what
    programs = ", ".join(facts.static)
    return f"{what}; static programs see real file times and orders of directories: {programs}"
