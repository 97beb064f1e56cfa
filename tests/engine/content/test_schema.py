"""schema: records are the canonical form of their fields, and nothing else is read as one."""

from dataclasses import dataclass, fields, is_dataclass, replace
from typing import NewType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.content import canonical
from engine.content.budget import MAX_ITEMS, MAX_SIZE
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.schema import Record, kind_of
from engine.errors import Damaged, Refused

Renamed = NewType("Renamed", Cid)


@dataclass(frozen=True, slots=True)
class Inner:
    """A dataclass in a record; its fields may have any name."""

    a: int
    zz: bool


@dataclass(frozen=True, slots=True)
class Sample:
    """Every type that a record may have."""

    whole: int
    truth: bool
    text: str
    payload: bytes
    link: Cid
    renamed: Renamed
    maybe: str | None
    inner: Inner
    names: tuple[str, ...]
    inners: tuple[Inner, ...]
    texts: dict[str, str]
    nested: dict[str, tuple[Cid, ...]]


SAMPLE = Record("tallystick/sample/1", Sample)
LINK = Cid.of(RAW, b"a")
EXAMPLE = Sample(
    whole=-7,
    truth=True,
    text="é",
    payload=b"\0",
    link=LINK,
    renamed=Renamed(LINK),
    maybe=None,
    inner=Inner(1, False),
    names=("b", "a"),
    inners=(Inner(2, True),),
    texts={"b": "1", "aa": "2", "a": "3"},
    nested={"x": (LINK,), "y": ()},
)

INTEGERS = st.integers(-(2**64), 2**64 - 1)
CIDS = st.builds(Cid.of, st.just(RAW), st.binary(max_size=4))
INNERS = st.builds(Inner, INTEGERS, st.booleans())
SAMPLES = st.builds(
    Sample,
    whole=INTEGERS,
    truth=st.booleans(),
    text=st.text(),
    payload=st.binary(),
    link=CIDS,
    renamed=CIDS,
    maybe=st.none() | st.text(),
    inner=INNERS,
    names=st.lists(st.text(max_size=30), max_size=3).map(tuple),
    inners=st.lists(INNERS, max_size=3).map(tuple),
    texts=st.dictionaries(st.text(max_size=30), st.text(max_size=30), max_size=4),
    nested=st.dictionaries(st.text(max_size=3), st.lists(CIDS, max_size=2).map(tuple), max_size=2),
)


def as_value(value: object) -> canonical.Value:
    """Return a record's value as the general encoder has it."""
    if isinstance(value, tuple):
        return [as_value(item) for item in value]
    if isinstance(value, dict):
        return {key: as_value(item) for key, item in value.items()}
    if is_dataclass(value) and not isinstance(value, Cid):
        return {field.name: as_value(getattr(value, field.name)) for field in fields(value)}
    return value


def spelled(**changes: canonical.Value) -> bytes:
    """Return the canonical bytes of EXAMPLE with some fields changed or added."""
    return canonical.encode({"kind": SAMPLE.kind, **as_value(EXAMPLE), **changes})


@given(SAMPLES)
def test_bytes_are_the_canonical_form(value):
    """A record's bytes are those of the map of its kind and its fields, and decode to it."""
    data = SAMPLE.encode(value)
    assert data == canonical.encode({"kind": SAMPLE.kind, **as_value(value)})
    assert SAMPLE.decode(data) == value


@st.composite
def nearly_records(draw: st.DrawFn) -> bytes:
    """Draw a record with a byte or two changed, added or left out."""
    data = bytearray(SAMPLE.encode(EXAMPLE))
    for _ in range(draw(st.integers(1, 2))):
        start = draw(st.integers(0, len(data)))
        data[start : start + draw(st.integers(0, 2))] = draw(st.binary(max_size=2))
    return bytes(data)


@settings(max_examples=500)
@given(st.binary(max_size=60) | nearly_records())
def test_other_bytes_are_damaged(data):
    """Any bytes are Damaged, or they are the bytes of what they decode to."""
    try:
        value = SAMPLE.decode(data)
    except Damaged:
        return
    assert SAMPLE.encode(value) == data


def test_every_end_too_early_is_damaged():
    """A record that is cut short anywhere, or goes on, is Damaged."""
    for record, value in ((SAMPLE, EXAMPLE), (PAYLOAD, Payload(b"ab")), (MANY, Many((1, 256)))):
        data = record.encode(value)
        for end in range(len(data)):
            with pytest.raises(Damaged):
                record.decode(data[:end])
    data = SAMPLE.encode(EXAMPLE)
    with pytest.raises(Damaged, match=f"should end at byte {len(data)}"):
        SAMPLE.decode(data + b"\0")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("whole", True),
        ("whole", "1"),
        ("whole", None),
        ("truth", 1),
        ("text", b"a"),
        ("payload", "a"),
        ("link", LINK.raw),
        ("link", None),
        ("maybe", 0),
        ("inner", {"a": 1}),
        ("inner", {"a": 1, "zz": True, "zzz": 1}),
        ("inner", [1, True]),
        ("names", "ab"),
        ("names", [1]),
        ("texts", []),
        ("texts", {"a": 1}),
        ("nested", {"x": LINK}),
        ("unknown", 1),
        ("zzzzzzzzzzzz", 1),
        ("kind", "tallystick/sample/2"),
        ("kind", "tallystick/sample/1 "),
    ],
)
def test_other_fields_are_damaged(field, value):
    """A field of another type, one more field and another kind are all Damaged."""
    assert SAMPLE.decode(spelled()) == EXAMPLE
    with pytest.raises(Damaged):
        SAMPLE.decode(spelled(**{field: value}))


@pytest.mark.parametrize("name", [field.name for field in fields(Sample)])
def test_a_missing_field_is_damaged(name):
    """Every field is always there: none has a default."""
    value = {"kind": SAMPLE.kind, **as_value(EXAMPLE)}
    del value[name]
    with pytest.raises(Damaged):
        SAMPLE.decode(canonical.encode(value))


def test_another_kind_is_named():
    """Bytes of another kind are Damaged, and the error says what they are."""
    other = Record("tallystick/other/1", Sample)
    with pytest.raises(Damaged, match="not a tallystick/other/1: it is tallystick/sample/1"):
        other.decode(SAMPLE.encode(EXAMPLE))
    with pytest.raises(Damaged, match="it is no record"):
        other.decode(b"hello")


def test_a_record_too_large_is_refused():
    """A record over 1 MiB is Refused, with its kind, and such bytes are Damaged."""
    overhead = len(PAYLOAD.encode(Payload(bytes(MAX_SIZE // 2)))) - MAX_SIZE // 2
    full = Payload(bytes(MAX_SIZE - overhead))
    assert PAYLOAD.decode(PAYLOAD.encode(full)) == full
    with pytest.raises(Refused, match="tallystick/payload/1"):
        PAYLOAD.encode(Payload(full.payload + b"\0"))
    with pytest.raises(Damaged):
        PAYLOAD.decode(PAYLOAD.encode(full) + b"\0")


@dataclass(frozen=True, slots=True)
class Payload:
    """A record of one field."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Many:
    """A record of one list."""

    many: tuple[int, ...]


PAYLOAD = Record("tallystick/payload/1", Payload)
MANY = Record("tallystick/many/1", Many)


def test_a_record_of_too_many_values_is_refused():
    """What a record is written as can be read by the general decoder: the items are bounded too."""
    full = MANY.encode(Many((0,) * (MAX_ITEMS - 5)))
    assert canonical.decode(full) == {"kind": MANY.kind, "many": [0] * (MAX_ITEMS - 5)}
    assert MANY.decode(full).many == (0,) * (MAX_ITEMS - 5)
    with pytest.raises(Refused, match="50000 values in a tallystick/many/1"):
        MANY.encode(Many((0,) * (MAX_ITEMS - 4)))
    count = (MAX_ITEMS - 5).to_bytes(2, "big")
    with pytest.raises(Damaged, match="50000 values"):
        MANY.decode(full.replace(count, (MAX_ITEMS - 4).to_bytes(2, "big")) + b"\0")


def test_a_list_that_lies_about_its_length_is_damaged():
    """A count of 2**64 - 1 in a short record is Damaged at once."""
    data = MANY.encode(Many(()))
    with pytest.raises(Damaged):
        MANY.decode(data[:-1] + b"\x9b" + b"\xff" * 8)


def test_check_is_damaged_at_decode_and_our_bug_at_encode():
    """A rule of a kind is kept both ways, each with the error of its side."""

    def at_least_one(value: Many) -> None:
        if not value.many:
            raise Damaged("it is empty")

    strict = Record("tallystick/many/1", Many, at_least_one)
    with pytest.raises(Damaged, match="not a tallystick/many/1: it is empty"):
        strict.decode(MANY.encode(Many(())))
    with pytest.raises(ValueError, match="it is empty"):
        strict.encode(Many(()))


def test_cid_and_block_name_the_bytes():
    """A record's name is the BLAKE3 dag-cbor CID of its bytes."""
    block = SAMPLE.block(EXAMPLE)
    assert block.data == SAMPLE.encode(EXAMPLE)
    assert block.cid == SAMPLE.cid(EXAMPLE) == Cid.of(DAG_CBOR, block.data)


def test_kind_of_reads_the_kind_alone():
    """The kind is known from how the bytes begin, and of other bytes there is none."""
    data = SAMPLE.encode(EXAMPLE)
    assert kind_of(data) == kind_of(data[:40]) == SAMPLE.kind
    for other in (
        b"",
        b"\xa1",
        data[:20],
        b"\x80",
        canonical.encode({"kinds": 1}),
        b"\xa1dkind\x01",
    ):
        assert kind_of(other) is None


@given(st.binary(max_size=40))
def test_kind_of_takes_any_bytes(data):
    """Asking for the kind of junk never fails."""
    assert kind_of(data) is None or kind_of(data) in data.decode("utf-8", "replace")


@dataclass(frozen=True, slots=True)
class Early:
    """A record whose field would come before its kind."""

    code: int


def test_a_field_before_the_kind_is_our_bug():
    """A record begins with its kind, so a field that sorts before it is a ValueError at import."""
    with pytest.raises(ValueError, match="before its kind"):
        Record("tallystick/wrong/1", Early)


@given(st.integers(-9, 9), st.text(max_size=30), st.dictionaries(st.text(max_size=3), st.text()))
def test_a_mould_gives_what_encoding_gives(whole: int, text: str, texts: dict[str, str]) -> None:
    """Filling in the fields that vary, in any order, gives the bytes of the whole value."""
    fill = SAMPLE.mould(EXAMPLE, ("texts", "whole", "text"))
    like = replace(EXAMPLE, whole=whole, text=text, texts=texts)

    assert fill(texts, whole, text) == SAMPLE.encode(like)


def test_a_mould_takes_no_value_of_another_type() -> None:
    """A value of another type is a bug of the caller, as it is when encoding."""
    with pytest.raises(ValueError, match="where a record has"):
        SAMPLE.mould(EXAMPLE, ("whole",))(True)


def test_a_map_that_is_read_again_is_another() -> None:
    """Whoever changes what it got changes nobody else's; what is cut short is not remembered."""

    @dataclass(frozen=True, slots=True)
    class Texts:
        texts: dict[str, str]

    record = Record("tallystick/texts/1", Texts)
    data = record.encode(Texts({"a": "b", "c": "long"}))
    with pytest.raises(Damaged):
        record.decode(data[:-1])
    with pytest.raises(Damaged):
        record.decode(data[:-1])

    record.decode(data).texts["a"] = "changed"
    record.decode(data).texts["a"] = "changed"

    assert record.decode(data) == Texts({"a": "b", "c": "long"})
