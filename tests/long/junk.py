"""junk: bytes that are nearly right, or not at all, for every decoder, by Hypothesis."""

import random
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from tests.long.decoders import TABLE, Decoder
from tests.long.suite import Field, Suite

EXAMPLES: Final = 500  # of each decoder: 20 000 in all
_EDITS: Final = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 2**16), st.binary(max_size=9)), max_size=6
)


def spoil(data: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    """Return bytes with some edits made: each says what, about where, and with what."""
    for kind, where, piece in edits:
        at = where % (len(data) + 1)
        end = min(len(data), at + 1 + where % 13)
        if kind == 0:
            data = (
                data[:at]
                + bytes(byte ^ 1 << where % 8 for byte in data[at : at + 1])
                + data[at + 1 :]
            )
        elif kind == 1:
            data = data[:at] + piece + data[at:]
        elif kind == 2:
            data = data[:at] + data[end:]
        elif kind == 3:
            data = data[:at] + piece + data[at + len(piece) :]
        elif kind == 4:
            data = data[:at] + data[at:end] * (2 + where % 50) + data[end:]
        else:
            data = data[:at]
    return data


def try_junk(decoder: Decoder, examples: int, number: int) -> None:
    """Feed a decoder; `number` decides with what.

    Raises: what the decoder may not, with the smallest input for which it does.
    """

    @seed(number)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(
        st.one_of(st.binary(max_size=200), st.builds(spoil, st.sampled_from(decoder.seeds), _EDITS))
    )
    def feed(data: bytes) -> None:
        decoder(data)

    feed()


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Feed one decoder."""
    decoder = TABLE[number % len(TABLE)]
    try_junk(decoder, EXAMPLES, chance.randrange(2**32))
    return f"{decoder.name}: {EXAMPLES} inputs"


SUITE = Suite("junk", f"malformed input, {EXAMPLES} for each decoder", len(TABLE), trial)
