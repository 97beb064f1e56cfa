"""Machine: a market as Hypothesis drives it: what fails is made as short as it can be.

>>> run(examples=500, steps=50, seed=1)                                  # doctest: +SKIP
"""

from contextlib import ExitStack

from hypothesis import HealthCheck, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from tests.simulation.credit.deeds import DEEDS
from tests.simulation.credit.invariants import look
from tests.simulation.credit.market import Market
from tests.simulation.credit.outcome import end
from tests.simulation.credit.story import NAMES, REAL
from tests.simulation.hashed import hashed


class Ledgers(RuleBasedStateMachine):
    """Three to six peers, one of whom cheats."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()
        self._market: Market | None = None

    @initialize(size=st.integers(3, 6), real=st.integers(1, REAL))
    def begin(self, size: int, real: int) -> None:
        """Have so many peers; one market in some has real signatures."""
        if real != REAL:
            self._stack.enter_context(hashed())
        self._market = Market(size, are_signed=real == REAL)

    @rule(
        name=st.sampled_from(NAMES),
        one=st.integers(0, 63),
        two=st.integers(0, 63),
        number=st.integers(0, 4095),
    )
    def happen(self, name: str, one: int, two: int, number: int) -> None:
        """Have something happen, and look at what followed."""
        market, self._market = self._market, None  # what has failed is not gone on with
        assert market is not None
        market.do(lambda: DEEDS[name](market, one, two, number))
        look(market)
        self._market = market

    def teardown(self) -> None:
        """Settle all, and look at everything."""
        with self._stack:
            if self._market is not None:
                end(self._market)


def run(*, examples: int, steps: int, seed: int | None = None) -> None:
    """Have so many markets, in each of which so much happens: the same for the same seed.

    Raises: Broken, with the shortest story that was found.
    """
    machine = type("Ledgers", (Ledgers,), {})
    if seed is not None:
        seeded(seed)(machine)
    is_known = {} if seed is None else {"database": None}
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **is_known,
        ),
    )
