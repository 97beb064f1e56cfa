"""Text files of numbers, compared."""

import json
import math
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.numeric import (
    Mismatch,
    Unreadable,
    compare_csv,
    compare_json,
    compare_tsv,
    near,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def test_near_is_relative_or_absolute():
    """Small numbers are compared absolutely, large ones relatively."""
    assert near(0.0, 1e-7, 1e-6)
    assert near(1e9, 1e9 + 100, 1e-6)
    assert not near(1.0, 1.00001, 1e-6)


def test_near_knows_what_is_not_finite():
    """Not a number is near itself; infinity is near nothing but itself."""
    assert near(math.nan, math.nan, 0.1)
    assert near(math.inf, math.inf, 0.1)
    assert not near(math.inf, 1e308, 0.1)
    assert not near(math.nan, 0.0, 0.1)
    assert not near(10**400, 10**400 + 1, 0.1)


@given(JSON)
def test_a_json_file_is_near_itself_however_written(value):
    """Spaces and the order of keys do not count."""
    one = json.dumps(value).encode()
    other = json.dumps(value, sort_keys=True, indent=2).encode()

    assert compare_json(one, other, 1e-9) is None


@pytest.mark.parametrize(
    ("was", "now", "where"),
    [
        (b'{"a": [1, 2.5]}', b'{"a": [1, 2.6]}', "$.a[1]"),
        (b'{"a": 1}', b'{"a": 1, "b": 2}', "$.b"),
        (b"[1]", b"[1, 2]", "$"),
        (b"[true]", b"[1]", "$[0]"),
        (b'["x"]', b'["y"]', "$[0]"),
        (b"[[1, 2], 9]", b"[[1, 3], 8]", "$[0][1]"),
    ],
)
def test_the_first_difference_in_json_is_named(was, now, where):
    """The path leads to what differs."""
    found = compare_json(was, now, 1e-6)

    assert found is not None
    assert found.where == where


def test_json_numbers_may_differ_a_little():
    """Within the tolerance an integer and a fraction may be one number."""
    assert compare_json(b'{"loss": 0.1}', b'{"loss": 0.10000001}', 1e-6) is None
    assert compare_json(b"[2]", b"[2.0]", 1e-6) is None


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b""])
def test_what_is_no_json_is_unreadable(data):
    """Junk, however deep, is compared in another way."""
    with pytest.raises(Unreadable):
        compare_json(data, data, 1e-6)


def test_cells_are_compared_as_numbers_where_both_are():
    """Text must be the same; numbers may differ a little."""
    assert compare_csv(b"a,b\n1,2.0\n", b"a,b\n1,2.0000001\n", 1e-6) is None
    assert compare_tsv(b"x\t1e-3\n", b"x\t0.001\n", 1e-6) is None
    assert compare_csv(b"a,1_0\n", b"a,10\n", 1e-6) == Mismatch(
        "row 1, column 2", "was '1_0' and is '10'"
    )


def test_rows_and_columns_are_counted():
    """A row or column too many is a difference."""
    assert compare_csv(b"1\n", b"1\n2\n", 1.0) == Mismatch("row 2", "is new")
    assert compare_csv(b"1\n", b"1,2\n", 1.0) == Mismatch("row 1", "had 1 columns and has 2")


@given(st.binary(max_size=60), st.binary(max_size=60))
def test_junk_never_breaks_the_readers(was, now):
    """Any bytes are either compared or unreadable."""
    for compare in (compare_json, compare_csv, compare_tsv):
        try:
            compare(was, now, 0.1)
        except Unreadable:
            continue


def test_a_long_list_is_compared_in_the_memory_of_its_items():
    """Places are made as they are looked at: all of them at once would take ten times as much."""
    data = b"[" + b"0," * 300_000 + b"0]"
    compare_json(b"[0]", b"[0]", 1.0)
    tracemalloc.start()
    try:
        assert compare_json(data, data, 1.0) is None
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()
