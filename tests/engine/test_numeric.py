"""Text files of numbers, compared."""

import json
import math
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine import jsonpath
from engine.nearness import Mismatch, Unreadable, apart, near
from engine.numeric import _map, csv_mismatches, json_mismatches, takes, tsv_mismatches

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def first(mismatches, was, now, tolerance):
    """Return the first place where two files part, or None."""
    return next(mismatches(was, now, tolerance), None)


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


@settings(deadline=None)
@given(JSON)
def test_a_json_file_is_near_itself_however_written(value):
    """Spaces and the order of keys do not count."""
    one = json.dumps(value).encode()
    other = json.dumps(value, sort_keys=True, indent=2).encode()

    assert first(json_mismatches, one, other, 1e-9) is None


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
    found = first(json_mismatches, was, now, 1e-6)

    assert found is not None
    assert found.where == where


def test_json_numbers_may_differ_a_little():
    """Within the tolerance an integer and a fraction may be one number."""
    assert first(json_mismatches, b'{"loss": 0.1}', b'{"loss": 0.10000001}', 1e-6) is None
    assert first(json_mismatches, b"[2]", b"[2.0]", 1e-6) is None


@pytest.mark.parametrize("data", [b"{", b"\xff", b"[" * 100_000, b""])
def test_what_is_no_json_is_unreadable(data):
    """Junk, however deep, is compared in another way."""
    with pytest.raises(Unreadable):
        first(json_mismatches, data, data, 1e-6)


def test_cells_are_compared_as_numbers_where_both_are():
    """Text must be the same; numbers may differ a little."""
    assert first(csv_mismatches, b"a,b\n1,2.0\n", b"a,b\n1,2.0000001\n", 1e-6) is None
    assert first(tsv_mismatches, b"x\t1e-3\n", b"x\t0.001\n", 1e-6) is None
    assert first(csv_mismatches, b"a,1_0\n", b"a,10\n", 1e-6) == Mismatch(
        "row 1, column 2", "was '1_0' and is '10'"
    )


def test_a_cell_that_looks_like_a_number_is_text():
    """A separator of Unicode is no space."""
    assert first(csv_mismatches, b"4\x1e", b"4\x1e", 0.1) is None
    assert first(csv_mismatches, b"4\x1e", b"5", 0.1) is not None


def test_rows_and_columns_are_counted():
    """A row or column too many is a difference."""
    assert first(csv_mismatches, b"1\n", b"1\n2\n", 1.0) == Mismatch("row 2", "is new")
    assert first(csv_mismatches, b"1\n", b"1,2\n", 1.0) == Mismatch(
        "row 1", "had 1 columns and has 2"
    )


@settings(deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_junk_never_breaks_the_readers(was, now):
    """Any bytes are either compared or unreadable."""
    for compare in (json_mismatches, csv_mismatches, tsv_mismatches):
        try:
            compare(was, now, 0.1)
        except Unreadable:
            continue


def test_a_long_list_is_compared_in_the_memory_of_its_items():
    """Places are made as they are looked at: all of them at once would take ten times as much."""
    data = b"[" + b"0," * 300_000 + b"0]"
    first(json_mismatches, b"[0]", b"[0]", 1.0)
    tracemalloc.start()
    try:
        assert first(json_mismatches, data, data, 1.0) is None
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


def test_every_mismatch_is_found():
    """All of them, in order, each with how far two numbers are apart."""
    was = b'{"a": [1, 2.5, "x"], "b": 1, "d": true}'
    now = b'{"a": [1, 2.75, "y", 9], "c": 1, "d": 1}'

    assert [(one.where, one.what, one.deviation) for one in json_mismatches(was, now, 0.0)] == [
        ("$.b", "is gone", None),
        ("$.c", "is new", None),
        ("$.a", "had 3 items and has 4", None),
        ("$.a[1]", "was 2.5 and is 2.75", 0.25),
        ("$.a[2]", "was 'x' and is 'y'", None),
        ("$.d", "was True and is 1", None),
    ]


def test_every_cell_that_differs_is_found():
    """Rows and columns that are only in one of them, too."""
    found = list(csv_mismatches(b"a,1\nb,2\n", b"a,1.5\nc,2,3\nd,4\n", 0.0))

    assert [(one.where, one.what, one.deviation) for one in found] == [
        ("row 1, column 2", "was '1' and is '1.5'", 0.5),
        ("row 2", "had 2 columns and has 3", None),
        ("row 2, column 1", "was 'b' and is 'c'", None),
        ("row 3", "is new", None),
    ]


def test_what_is_not_finite_is_no_distance_away():
    """Neither infinity nor not a number; nor is what is farther than a float holds."""
    assert apart(1.0, math.inf) is None
    assert apart(math.nan, 1.0) is None
    assert apart(10**400, math.nan) is None
    assert apart(10**400, 1) is None
    assert apart(1e308, -1e308) is None
    assert apart(True, 1) is None


def test_how_far_is_absolute_and_relative():
    """Relative to the larger of the two; exact where no float holds a whole number."""
    assert apart(1, 2.5) == (1.5, 0.6)
    assert apart(0.0, -0.0) == (0.0, 0.0)
    assert apart(2**53, 2**53 + 1) == (1.0, 1 / (2**53 + 1))
    assert apart(10**400, 10**400 + 1) == (1.0, 0.0)


def test_huge_whole_numbers_are_compared_exactly():
    """Under no tolerance two of them are two, and under one they may be near."""
    assert not near(2**53, 2**53 + 1, 0.0)
    assert not near(10**400, 10**400 + 1, 0.0)
    assert near(10**400, 10**400 + 1, 1e-9)
    assert not near(10**400, math.inf, 0.5)
    assert not near(10**400, math.nan, 0.5)
    assert near(2**60, float(2**60), 0.0)
    found = first(json_mismatches, b"[9007199254740993]", b"[9007199254740992]", 0.0)
    assert found.deviation == 1.0
    assert first(csv_mismatches, b"9007199254740993", b"9007199254740992", 0.0) is not None


def test_zero_has_no_sign_in_a_text():
    """-0.0 is 0.0, and not a number is itself."""
    assert first(json_mismatches, b"[-0.0, NaN]", b"[0, NaN]", 1e-9) is None
    assert first(csv_mismatches, b"-0.0,nan,-inf", b"0,NaN,-Inf", 1e-9) is None
    assert first(csv_mismatches, b"inf", b"-inf", 1e9) is not None


def test_a_key_twice_makes_json_unreadable():
    """Readers differ in which one counts, so that every byte does."""
    with pytest.raises(Unreadable):
        first(json_mismatches, b'{"a": 1, "a": 2}', b'{"a": 3, "a": 2}', 1e-6)
    with pytest.raises(Unreadable):
        first(json_mismatches, b'[{"b": 1}]', b'[{"b": {"a": 1, "a": 1}}]', 1e-6)


def test_a_number_that_no_float_holds_is_none():
    """1e400 and 1e500 are not both infinity."""
    with pytest.raises(Unreadable):
        first(json_mismatches, b"[1e400]", b"[1e500]", 1e-6)
    assert first(csv_mismatches, b"1e400", b"1e500", 1e-6) is not None
    assert first(csv_mismatches, b"1e400", b"1e400", 1e-6) is None


def test_a_byte_order_mark_is_no_spelling():
    """What is after it is compared as without; one file with and one without differ."""
    mark = b"\xef\xbb\xbf"
    for compare, was, now in (
        (json_mismatches, b"[1.0]", b"[1.0000001]"),
        (csv_mismatches, b"1.0,a", b"1.0000001,a"),
    ):
        assert first(compare, mark + was, mark + now, 1e-6) is None
        assert first(compare, mark + was, was, 1e-6).where == "byte 0"


def test_json_is_utf_8():
    """Another encoding is compared byte by byte."""
    with pytest.raises(Unreadable):
        first(json_mismatches, "[1]".encode("utf-16"), b"[1]", 1e-6)


def test_quotes_and_line_ends_are_spelling():
    """A cell is what it says; a comma or a line end in quotes is a part of it."""
    was = b'name,x\r\n"a, b",1.0\r\n"two\nlines","say ""x"""\r\n'
    now = b'"name","x"\n"a, b","1.0000001"\n"two\nlines","say ""x"""\n'

    assert first(csv_mismatches, was, now, 1e-6) is None
    assert first(csv_mismatches, b'"1,0"', b"1,0", 1e-6) is not None
    assert first(tsv_mismatches, b"a,b\t1", b"a,b\t1.0", 1e-6) is None


def test_shapes_must_agree():
    """A list is no map, text is no number, null is nothing else, an empty row is a row."""
    for was, now in ((b"[]", b"{}"), (b'"1"', b"1"), (b"null", b"0"), (b"[[]]", b"[0]")):
        assert first(json_mismatches, was, now, 9.0) is not None
    assert first(csv_mismatches, b"1\n\n2\n", b"1\n2\n", 0.0) is not None


def test_a_place_is_named_so_that_it_can_be_found():
    """A key that is more than a name is in quotes; what was and is are there as values."""
    (found,) = json_mismatches(b'{"a.b": {"": [1]}}', b'{"a.b": {"": [3]}}', 0.0)

    assert found.where == '$["a.b"][""][0]'
    assert (found.was, found.now, found.apart) == ("1", "3", (2.0, 2 / 3))


def test_a_long_way_is_said_as_far_as_it_is_short():
    """Its beginning, and the last step; also from far down, where nothing was said before."""
    was, now = (
        b'{"%s":' % (b"k" * 80) * 900 + number + b"}" * 900 for number in (b"[0,1]", b"[0,2]")
    )
    (found,) = json_mismatches(was, now, 0.0)
    assert found.where.startswith("$.kkk")
    assert found.where.endswith("k…[1]")
    assert len(found.where) < 500


def test_a_way_is_not_said_for_what_is_the_same(monkeypatch):
    """However many items there are, only those that differ have a path."""
    said = []
    monkeypatch.setattr(jsonpath, "_step", lambda key: said.append(key) or "")
    was, now = ({"a": {"b": [0] * 1_000 + [last]}} for last in (1, 2))
    assert len(list(json_mismatches(json.dumps(was).encode(), json.dumps(now).encode(), 0.0))) == 1
    assert said == ["a", "b", 1_000]


@pytest.mark.parametrize(
    "item",
    [
        lambda _: "[]",
        lambda _: "{}",
        lambda _: "[[0]]",
        lambda _: '{"a":[]}',
        lambda _: "1.5",
        lambda at: f"{at}",
        lambda at: f'"{at}"',
        lambda at: f'{{"{at}":{at}}}',
        lambda _: '"\U0001f600é"',
    ],
)
def test_json_takes_no_more_than_is_said_before_it_is_read(item):
    """What it says in few bytes, too: it is known before there are objects of it."""
    text = f"[{','.join(item(at) for at in range(20_000))}]"
    assert _peak(lambda: json.loads(text)) < takes(text)
    keys = f"{{{','.join(f'{json.dumps(str(at))}:{item(at)}' for at in range(20_000))}}}"
    assert _peak(lambda: json.loads(keys, object_pairs_hook=_map)) < takes(keys)


def _peak(work):
    """Return how many bytes there are at most while it works, with what it returns."""
    tracemalloc.start()
    try:
        kept = work()
        assert kept
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_json_that_would_take_gigabytes_is_unreadable():
    """Fifteen megabytes of empty lists, as of empty maps."""
    for item in (b"[],", b"{},"):
        with pytest.raises(Unreadable):
            first(json_mismatches, b"[" + item * 5_500_000 + b"1]", b"[1]", 0.0)


@pytest.mark.parametrize(
    "row",
    [
        b"," * 1_000_000,
        (b'"\n"' + b"," * 1_000) * 1_000,
        b"%s," % (b"a" * 100_000) * 170,
    ],
)
def test_a_row_ends(row):
    """Of so many columns, or so long, is none that somebody wrote; those before it are compared."""
    was, now = (b"1,2\n" + row + last for last in (b"1\n", b"2\n"))
    with pytest.raises(Unreadable):
        first(csv_mismatches, was, now, 0.0)
    assert first(csv_mismatches, b"1,3\n" + row, now, 0.0).where == "row 1, column 2"


def test_a_table_is_read_row_by_row():
    """Two are compared in the memory of two rows; what one row had is not counted for others."""
    data = b"0,0,0,0,0,0,0,0,0,0,0\r\n" * 100_001
    assert _peak(lambda: [first(csv_mismatches, data, data, 0.0)]) < 1_000_000
    late = b"1,2\n" * 100_000 + b"\xff"
    with pytest.raises(Unreadable):
        first(csv_mismatches, late, late, 0.0)
