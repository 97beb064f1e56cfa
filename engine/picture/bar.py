"""Bar: the states of many instances as the parts of one bar. Pure."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.picture.graph import STATES, States

_LEAST: Final = 0.02  # of the bar: one failure in ten thousand is to be seen


class Part(NamedTuple):
    """The instances in one state."""

    state: str
    start: float
    length: float


def parts(states: States, length: float) -> Iterator[Part]:
    """Yield a part for each state, as long as its share of the instances, or the least."""
    present = {state: states[state] for state in STATES if states.get(state)}
    total = sum(present.values())
    wide = {state: max(count / total, _LEAST) for state, count in present.items()}
    scale = length / sum(wide.values(), 0.0) if wide else 0.0
    at = 0.0
    for state, share in wide.items():
        yield Part(state, at, share * scale)
        at += share * scale
