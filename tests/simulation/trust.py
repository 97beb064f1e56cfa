"""What checking costs, and what it lets through: `python -m tests.simulation.trust [--seeds N]`.

Four providers run steps for one requester, by the real rules (engine/trust) and a clock that nobody
needs. The last lies in a tenth of its steps; in the second table, only after it was right for long.
"""

import argparse
import random
import sys
from typing import Final, NamedTuple

from engine.content.cid import DAG_CBOR, Cid
from engine.trust.draw import drawn, likelihood
from engine.trust.policy import Policy, parse
from engine.trust.weighing import Ask, Demand, Ran, Settled, weigh

PROVIDERS: Final = 4
SHARE: Final = 0.1  # of the liar's steps
RIGHT: Final = 0
SCENES: Final = (
    ("A liar from its first step on", 200, 0),
    ("A liar that was right for its first 500 steps", 4_000, 500),
)
HEAD: Final = (
    "| `--trust` | further executions a step | lies that survive | liars caught | honest accused |",
    "| --- | --- | --- | --- | --- |",
)
RULES: Final = ("any", "audit", "audit:0.2", "2", "2/3", "own")


class Tally(NamedTuple):
    """What came of some steps."""

    steps: int = 0
    executions: int = 0
    lies: int = 0  # that were handed back first
    survived: int = 0  # of those, what was believed
    convicted: int = 0  # liars
    innocent: int = 0  # others who were taken for one: never

    def __add__(self, other: "Tally") -> "Tally":  # type: ignore[override]
        return Tally(*(a + b for a, b in zip(self, other, strict=True)))


class Network:
    """A requester and its providers."""

    def __init__(self, rule: str, seed: int, honest_for: int) -> None:
        """The liar begins when it has run so many steps."""
        self._policy = parse(rule)
        self._chance = random.Random(seed)  # noqa: S311 - the same network for the same seed
        self._secret = self._chance.randbytes(32)
        self._passed = dict.fromkeys(range(PROVIDERS), 0)
        self._there = list(range(PROVIDERS))
        self._honest_for = honest_for
        self._ran = 0  # by the liar
        self._alone: dict[int, list[bool]] = {}  # who gave what nobody else did -> whether he lied

    def step(self, number: int, *, has_own: bool = True) -> Tally:
        """Run a step until it is settled."""
        first = self._chance.choice(self._there)
        ran = [self._run(first)]
        others = [one for one in self._there if one != first]
        self._chance.shuffle(others)
        lacking: set[Ask] = set() if has_own else {"own", "varied"}
        demand = _demand(self._policy, self._is_drawn(first, number))
        while not isinstance(decision := weigh(ran, demand, lacking), Settled):
            if decision != "elsewhere":
                ran.append(Ran(b"me", "m", RIGHT, is_own=True, is_varied=decision == "varied"))
            elif others:
                ran.append(self._run(others.pop()))
            else:
                lacking.add("elsewhere")
        return self._settle(ran, decision)

    def again(self) -> Tally:
        """Have others run what nobody gave but peers that were found out since."""
        gone = [one for one in self._alone if one not in self._there]
        doubted = [is_lie for one in gone for is_lie in self._alone.pop(one)]
        total = Tally(survived=-sum(doubted))
        for number in range(len(doubted)):
            total += self.step(-1 - number)._replace(steps=0)
        return total

    def _settle(self, ran: list[Ran], settled: Settled) -> Tally:
        for at in settled.passed(ran):
            self._passed[ran[at].owner[0]] += 1
        for at in (*settled.wrong, *settled.doubted):
            if not ran[at].is_own:
                self._passed[ran[at].owner[0]] = 0
        wrong = {ran[at].owner[0] for at in settled.wrong}
        self._there = [one for one in self._there if one not in wrong]
        is_lie = ran[0].gave != RIGHT
        is_taken = settled.accepted is not None and ran[settled.accepted].gave != RIGHT
        liar = PROVIDERS - 1
        if len(ran) == 1:
            self._alone.setdefault(ran[0].owner[0], []).append(is_taken)
        return Tally(1, len(ran), is_lie, is_taken, liar in wrong, len(wrong - {liar}))

    def _is_drawn(self, first: int, number: int) -> bool:
        if self._policy.least is None:
            return False
        said = Cid.of(DAG_CBOR, b"%d" % number)
        return drawn(self._secret, said, likelihood(self._passed[first], self._policy.least))

    def _run(self, provider: int) -> Ran:
        gave = RIGHT
        if provider == PROVIDERS - 1:
            self._ran += 1
            if self._ran > self._honest_for and self._chance.random() < SHARE:
                gave = self._chance.randint(1, 2**40)
        return Ran(bytes([provider]), "m", gave)


def _demand(policy: Policy, is_drawn: bool) -> Demand:
    if policy.least is not None:
        return Demand(2 if is_drawn else 1)
    return Demand(policy.owners, policy.by_own, is_strict=policy.checks, most=policy.asked)


def play(rule: str, seeds: int, steps: int, honest_for: int) -> Tally:
    """Run many networks; return what came of all of them."""
    total = Tally()
    for seed in range(seeds):
        network = Network(rule, seed, honest_for)
        for number in range(steps):
            total += network.step(number)
        total += network.again()
    return total


def main() -> None:
    """Print what each rule costs, and lets through."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation.trust", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200)
    seeds: int = parser.parse_args().seeds
    for what, steps, honest_for in SCENES:
        _say(f"{what}: {seeds} networks of {PROVIDERS} providers, {steps} steps each", "", *HEAD)
        for rule in RULES:
            found = play(rule, seeds, steps, honest_for)
            more = found.executions / found.steps - 1
            let = f"{found.survived / max(1, found.lies):.1%} of {found.lies}"
            caught = f"{found.convicted / seeds:.0%}"
            _say(f"| `{rule}` | {more:.3f} | {let} | {caught} | {found.innocent} |")
        _say("")


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
