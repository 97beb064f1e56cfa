"""structure: which annotations have a shape, and which values it takes."""

from dataclasses import dataclass
from typing import NewType, Optional

import pytest

from engine.content.canonical import encode
from engine.content.cid import RAW, Cid
from engine.content.structure import shape_of
from engine.errors import Damaged

LINK = Cid.of(RAW, b"a")


@dataclass(frozen=True, slots=True)
class Point:
    """A dataclass; its fields are not written in the order in which they are declared."""

    far: int
    by: int


@dataclass(frozen=True, slots=True)
class Empty:
    """A dataclass of no fields."""


@pytest.mark.parametrize(
    ("annotation", "value", "plain"),
    [
        (int, -1, -1),
        (bool, True, True),
        (str, "a" * 24, "a" * 24),
        (bytes, b"a" * 300, b"a" * 300),
        (Cid, LINK, LINK),
        (NewType("Key", Cid), LINK, LINK),
        (str | None, None, None),
        (str | None, "", ""),
        (Optional[int], 0, 0),  # noqa: UP045 - annotations of both spellings are read
        (tuple[int, ...], (), []),
        (tuple[tuple[str, ...], ...], (("a",), ()), [["a"], []]),
        (dict[str, bytes], {"b": b"", "a": b"", "aa": b""}, {"a": b"", "aa": b"", "b": b""}),
        (dict[str, Point], {"x": Point(1, 2)}, {"x": {"far": 1, "by": 2}}),
        (Point, Point(far=1, by=2), {"by": 2, "far": 1}),
        (Empty, Empty(), {}),
    ],
)
def test_shapes_write_the_canonical_form(annotation, value, plain):
    """A shape writes what the general encoder does, and reads its value and its end back."""
    shape = shape_of(annotation)
    data = shape.write(value)
    assert data == encode(plain)
    assert shape.read(b"_" + data + b"_", 1) == (value, 1 + len(data))


@pytest.mark.parametrize(
    ("annotation", "value"),
    [
        (int, True),
        (int, 1.0),
        (int, 2**64),
        (int, -(2**64) - 1),
        (bool, 1),
        (str, b""),
        (str, "\ud800"),
        (bytes, bytearray()),
        (bytes, "a"),
        (Cid, LINK.raw),
        (str | None, 1),
        (tuple[str, ...], "ab"),
        (tuple[str, ...], ["a"]),
        (tuple[str, ...], (1,)),
        (dict[str, str], (("a", "b"),)),
        (dict[str, str], {1: "a"}),
        (dict[str, str], {"a": None}),
        (Point, {"far": 1, "by": 2}),
        (Point, Empty()),
    ],
)
def test_a_value_of_another_type_is_our_bug(annotation, value):
    """Writing what is not of the type is a ValueError, even where Python would take it for one."""
    with pytest.raises(ValueError):
        shape_of(annotation).write(value)


@pytest.mark.parametrize(
    ("annotation", "plain"),
    [
        (int, True),
        (int, "1"),
        (bool, 1),
        (bool, None),
        (str, b"a"),
        (bytes, "a"),
        (bytes, LINK),
        (Cid, LINK.raw),
        (tuple[int, ...], {}),
        (tuple[int, ...], ["a"]),
        (dict[str, int], []),
        (dict[str, int], {"a": "a"}),
        (Point, {"far": 1}),
        (Point, {"far": 1, "by": 2, "on": 3}),
        (Point, {"far": 1, "on": 2}),
        (Empty, {"a": 1}),
    ],
)
def test_bytes_of_another_type_are_damaged(annotation, plain):
    """Reading the canonical form of something else is Damaged."""
    with pytest.raises(Damaged):
        shape_of(annotation).read(encode(plain), 0)


@pytest.mark.parametrize(
    ("annotation", "spelled"),
    [
        (dict[str, int], "a2616201616101"),  # keys out of order
        (dict[str, int], "a262616101616201"),  # a longer key first
        (dict[str, int], "a2616101616102"),  # a key twice
        (dict[str, int], "a178016101"),  # the length of a key in two bytes
        (tuple[int, ...], "980101"),  # the length of a list in two bytes
        (int, "1817"),
        (bool, "f6"),
        (str | None, "f7"),
        (Cid, "d82b582500" + LINK.raw.hex()),  # another tag
        (Cid, "d82a582501" + LINK.raw.hex()),  # another multibase
        (Cid, "d82a58250001551620" + "00" * 32),  # another hash
        (Point, "a2636661720162627902"),  # fields in the order of declaration
    ],
)
def test_other_spellings_are_damaged(annotation, spelled):
    """Each value has one spelling: a second one for the same value is Damaged."""
    with pytest.raises(Damaged):
        shape_of(annotation).read(bytes.fromhex(spelled), 0)


@pytest.mark.parametrize(
    "annotation",
    [float, object, list[int], tuple[int, int], tuple, dict, dict[int, str], int | str, set[str]],
)
def test_other_annotations_are_our_bug(annotation):
    """An annotation with no form, or more than one, is a ValueError."""
    with pytest.raises(ValueError):
        shape_of(annotation)
