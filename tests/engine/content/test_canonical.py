"""canonical: one byte string for each value, and no value for any other byte string."""

import dag_cbor
import pytest
from dag_cbor.ipld import IPLDKind
from hypothesis import given, settings
from hypothesis import strategies as st
from multiformats import CID

from engine.content.budget import MAX_DEPTH, MAX_ITEMS, MAX_SIZE, Budget
from engine.content.canonical import Value, decode, encode, links
from engine.content.cid import DAG_CBOR, DAG_PB, RAW, Cid
from engine.errors import Damaged, Refused

LINK = Cid.of(RAW, b"a")
CIDS = st.builds(Cid.of, st.sampled_from((RAW, DAG_PB, DAG_CBOR)), st.binary(max_size=4))
INTEGERS = st.integers(-(2**64), 2**64 - 1) | st.sampled_from(
    [
        sign * (2**bits + by)
        for bits in (5, 8, 16, 32, 63)
        for by in (-9, -8, -1, 0)
        for sign in (1, -1)
    ]
)
SCALARS = st.none() | st.booleans() | INTEGERS | st.text() | st.binary() | CIDS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(st.text(max_size=30), inner),
    max_leaves=12,
)


def theirs(value: Value) -> IPLDKind:
    """Return a value as the dag-cbor package has it."""
    if isinstance(value, Cid):
        return CID.decode(value.raw)
    if isinstance(value, list):
        return [theirs(item) for item in value]
    if isinstance(value, dict):
        return {key: theirs(item) for key, item in value.items()}
    return value


@given(VALUES)
def test_bytes_are_those_of_the_oracle(value):
    """The bytes of a value are those that the dag-cbor package writes."""
    assert encode(value) == dag_cbor.encode(theirs(value))


@given(VALUES)
def test_decode_undoes_encode(value):
    """Decoding gives the same value back, to the type: a bool is not an int."""
    assert repr(sorted_maps(decode(encode(value)))) == repr(sorted_maps(value))


def sorted_maps(value: Value) -> Value:
    """Return a value with its maps in one order, so that their text can be compared."""
    if isinstance(value, list):
        return [sorted_maps(item) for item in value]
    if isinstance(value, dict):
        return {key: sorted_maps(value[key]) for key in sorted(value)}
    return value


@st.composite
def nearly_canonical(draw: st.DrawFn) -> bytes:
    """Draw canonical bytes with a byte or two changed, added or left out."""
    data = bytearray(encode(draw(VALUES)))
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


@settings(max_examples=400)
@given(st.binary(max_size=60) | nearly_canonical())
def test_other_bytes_are_damaged(data):
    """Any bytes are Damaged, or they are the canonical form of what they decode to."""
    try:
        value = decode(data)
    except Damaged:
        return
    assert encode(value) == data
    assert dag_cbor.decode(data) == theirs(value)


@settings(max_examples=400)
@given(nearly_canonical())
def test_what_the_oracle_reads_is_read(data):
    """Whatever the dag-cbor package reads is read, but for floats and names that we refuse."""
    try:
        expected = dag_cbor.decode(data)
    except Exception:  # the oracle has no family of errors
        return
    if not holds_foreign(expected):
        assert theirs(decode(data)) == expected


def holds_foreign(value: IPLDKind) -> bool:
    """Return whether there is something in a value that Tallystick has no type for."""
    if isinstance(value, list | dict):
        return any(map(holds_foreign, value.values() if isinstance(value, dict) else value))
    if isinstance(value, CID):
        try:
            Cid.from_bytes(bytes(value))
        except Refused:
            return True
    return isinstance(value, float)


@pytest.mark.parametrize(
    ("fact", "spelled"),
    [
        ("nothing", ""),
        ("a byte too many", "0000"),
        ("0 in two bytes", "1800"),
        ("23 in two bytes", "1817"),
        ("255 in three bytes", "1900ff"),
        ("65535 in five bytes", "1a0000ffff"),
        ("2**32 - 1 in nine bytes", "1b00000000ffffffff"),
        ("-1 in two bytes", "3800"),
        ("the length of a text in two bytes", "780161"),
        ("the length of a list in two bytes", "980101"),
        ("a reserved length", "1c"),
        ("bytes of no stated length", "5f4100ff"),
        ("a text of no stated length", "7f6161ff"),
        ("a list of no stated length", "9f01ff"),
        ("a map of no stated length", "bf616101ff"),
        ("a break alone", "ff"),
        ("keys in the wrong order", "a2616201616101"),
        ("a longer key first", "a262616101616201"),
        ("a key twice", "a2616101616102"),
        ("a key that is a number", "a10101"),
        ("a key that is bytes", "a1416101"),
        ("a key without a value", "a16161"),
        ("a half float", "f90000"),
        ("a float", "fa00000000"),
        ("a double", "fb0000000000000000"),
        ("NaN", "f97e00"),
        ("undefined", "f7"),
        ("a simple value", "e0"),
        ("a simple value in two bytes", "f820"),
        ("true in two bytes", "f815"),
        ("a time", "c000"),
        ("a big integer", "c249010000000000000000"),
        ("a text cut short", "6261"),
        ("an integer cut short", "1901"),
        ("a list cut short", "8201"),
        ("a text that is not UTF-8", "61ff"),
        ("a surrogate", "63eda080"),
        ("an overlong UTF-8 form", "62c0af"),
        ("a link to nothing", "d82a"),
        ("a link without the prefix", "d82a5824" + LINK.raw.hex()),
        ("a link with another prefix", "d82a582501" + LINK.raw.hex()),
        ("a link in text", "d82a6161"),
        ("a link cut short", "d82a582500" + LINK.raw[:-1].hex()),
        ("a link with another hash", "d82a5825000155" + "1620" + "00" * 32),
        ("a link with tag 43", "d82b582500" + LINK.raw.hex()),
        ("a link of version 0", "d82a5823001220" + "00" * 32),
        ("a list of 2**64 - 1 items", "9bffffffffffffffff"),
        ("a map of 2**32 items", "bb0000000100000000"),
        ("bytes of length 2**63", "5b8000000000000000"),
        ("a text of length 2**64 - 1", "7bffffffffffffffff61"),
    ],
)
def test_other_forms_are_damaged(fact, spelled):
    """Forms that DAG-CBOR does not have, or has another spelling for, are Damaged."""
    with pytest.raises(Damaged):
        decode(bytes.fromhex(spelled))


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), 2**64, -(2**64) - 1, "\ud800", {1: 2}, {"\udfff": 1}, {1}, object()],
)
def test_values_without_a_form_are_our_bug(value):
    """A float, an integer over 64 bits, a surrogate and other types are a ValueError."""
    with pytest.raises(ValueError):
        encode([value])


def test_integers_have_the_range_of_dag_cbor():
    """An integer is anything that eight bytes of argument can say."""
    for value in (2**64 - 1, -(2**64), 2**63, -(2**63)):
        assert decode(encode(value)) == value


def test_map_order_in_memory_does_not_matter():
    """Two maps that are equal have the same bytes, whatever was put in first."""
    assert encode({"b": 1, "aa": 2, "a": 3}) == encode({"a": 3, "b": 1, "aa": 2})


def test_tuples_are_lists():
    """A tuple is written as a list is."""
    assert encode((1, (2,))) == encode([1, [2]])


def test_depth_is_bounded():
    """Thirty-two levels are written and read; one more is our bug, or Damaged."""
    deep: Value = []
    for _ in range(MAX_DEPTH - 1):
        deep = [deep]
    assert decode(encode(deep)) == deep
    with pytest.raises(ValueError):
        encode([deep])
    with pytest.raises(Damaged):
        decode(b"\x81" + encode(deep))


@pytest.mark.parametrize("opening", [b"\x81", b"\xa1\x61\x61", b"\xd8\x2a"])
def test_a_deep_pile_does_not_exhaust_the_stack(opening):
    """Half a million opened levels are Damaged, and not a RecursionError."""
    with pytest.raises(Damaged):
        decode(opening * (500_000 // len(opening)))


def test_items_are_bounded():
    """A list may be as long as the budget; over it, writing is Refused and reading is Damaged."""
    full = encode([0] * (MAX_ITEMS - 1))
    assert len(full) > MAX_ITEMS
    assert decode(full) == [0] * (MAX_ITEMS - 1)
    with pytest.raises(Refused):
        encode([0] * MAX_ITEMS)
    with pytest.raises(Damaged):
        decode(b"\x99\xc3\x50" + bytes(MAX_ITEMS))


def test_keys_count_as_items():
    """A map's keys are in the budget too."""
    data = encode({"a": 1, "b": 2})
    assert decode(data, Budget(items=5)) == {"a": 1, "b": 2}
    with pytest.raises(Damaged):
        decode(data, Budget(items=4))


def test_links_count_once():
    """A link is one item, whether counted when writing or when reading."""
    value = [LINK, 0] * 24_000
    assert decode(encode(value)) == value


def test_size_is_bounded():
    """A record of 1 MiB is written and read; a byte more is Refused, or Damaged."""
    full = bytes(MAX_SIZE - 5)
    assert len(encode(full)) == MAX_SIZE
    assert decode(encode(full)) == full
    with pytest.raises(Refused):
        encode(full + b"\0")
    with pytest.raises(Damaged):
        decode(b"\x5a\x00\x0f\xff\xfc" + full + b"\0")


def test_links_finds_every_link():
    """All links of a value are found, however deep, and bytes that look like one are not."""
    other = Cid.of(DAG_PB, b"b")
    data = encode({"a": [LINK, {"b": other}], "raw": other.raw, "again": LINK})
    assert sorted(links(data)) == sorted([LINK, LINK, other])
