"""Names of runs."""

import re
from hashlib import blake2b

from hypothesis import given
from hypothesis import strategies as st

from engine.words import two_words


@given(st.binary(min_size=8, max_size=10))
def test_a_name_is_two_words(token):
    """Any token gives a name that can be typed."""
    assert re.fullmatch(r"[a-z]+-[a-z]+", two_words(token))


def test_tokens_give_many_names():
    """A thousand tokens seldom share a name."""
    names = {two_words(blake2b(bytes((a, b))).digest()) for a in range(10) for b in range(100)}

    assert len(names) > 800
