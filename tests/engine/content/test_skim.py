"""The links in canonical bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.content.budget import RECORD
from engine.content.canonical import Value, decode, encode
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.skim import skim
from engine.errors import Damaged

CIDS = st.builds(Cid.of, st.sampled_from([RAW, DAG_CBOR]), st.binary(max_size=4))
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**64), 2**64 - 1)
    | st.text(max_size=40)
    | st.binary(max_size=40)
    | CIDS
)
VALUES = st.recursive(
    SCALARS,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(st.text(max_size=30), below),
    max_leaves=20,
)


def slowly(value: Value) -> list[Cid]:
    """Return the links of a value, in reverse order."""
    if isinstance(value, Cid):
        return [value]
    if isinstance(value, dict):
        value = [*value.values()]
    if isinstance(value, list):
        return [cid for one in reversed(value) for cid in slowly(one)]
    return []


@given(VALUES)
def test_all_links_are_found(value: Value) -> None:
    """As many times as they come, the last first."""
    data = encode(value)
    assert skim(data) == slowly(decode(data))


@settings(max_examples=300)
@given(VALUES, st.data())
def test_it_refuses_what_decoding_refuses(value: Value, data: st.DataObject) -> None:
    """And nothing else: of bytes that were cut, changed or lengthened."""
    good = encode(value)
    at = data.draw(st.integers(0, len(good) - 1))
    junk = data.draw(st.binary(max_size=3))
    bad = good[:at] + junk + good[at + data.draw(st.integers(0, 3)) :]
    try:
        expected = slowly(decode(bad))
    except Damaged:
        with pytest.raises(Damaged):
            skim(bad)
    else:
        assert skim(bad) == expected


@given(st.binary(max_size=60))
def test_junk_is_refused_or_read_as_it_is_decoded(junk: bytes) -> None:
    """Nothing else is ever raised."""
    try:
        expected = slowly(decode(junk))
    except Damaged:
        with pytest.raises(Damaged):
            skim(junk)
    else:
        assert skim(junk) == expected


def test_what_is_too_large_or_deep_is_refused() -> None:
    """As when it is decoded."""
    deep = b"\x81" * (RECORD.depth - 1) + b"\x80"
    assert skim(deep) == slowly(decode(deep))
    for bad in (b"\x81" + deep, b"\x58" * (RECORD.size + 1)):
        with pytest.raises(Damaged):
            decode(bad)
        with pytest.raises(Damaged):
            skim(bad)
