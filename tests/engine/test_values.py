"""A value is what the standard library's frozen dataclass with slots would be."""

import copy
import dataclasses
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from engine.values import dataclass, replace

STANDARD = dataclasses.dataclass(frozen=True, slots=True)
OURS = dataclass(frozen=True, slots=True)


def bare() -> type:
    """Return a class, not yet a value."""

    class Bare:
        """No field."""

    return Bare


def pair() -> type:
    """Return a class, not yet a value."""

    class Pair:
        """A field that must be given, and two that need not be."""

        x: float
        y: tuple[int, ...] = (1, 2)
        z: list[int] = dataclasses.field(default_factory=list)

        @property
        def first(self) -> float:
            """The first field."""
            return self.x

    return Pair


def veiled() -> type:
    """Return a class with fields that are not shown, or do not count."""

    class Veiled:
        """A secret, and a note."""

        name: str
        secret: bytes = dataclasses.field(repr=False)
        note: str = dataclasses.field(default="", compare=False)

    return Veiled


def checked() -> type:
    """Return a class, not yet a value."""

    class Checked:
        """A field that is looked at."""

        x: int

        def __post_init__(self) -> None:
            """Refuse what is below zero."""
            if self.x < 0:
                raise ValueError("below zero")

    return Checked


@OURS
class Kept:
    """At the top of a module, where pickle finds it."""

    x: int
    y: str = "y"


CASES: list[tuple[Callable[[], type], tuple[Any, ...], dict[str, Any]]] = [
    (bare, (), {}),
    (pair, (1.5,), {}),
    (pair, (float("nan"), (3,)), {"z": [1]}),
    (pair, (), {"x": 0, "z": []}),
    (checked, (7,), {}),
    (veiled, ("a", b"secret"), {"note": "b"}),
]


@pytest.mark.parametrize(("make", "args", "kwargs"), CASES)
def test_it_shows_and_compares_itself_as_the_standard_one(
    make: Callable[[], type], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    """The same arguments give the same text, fields, equality and hash."""
    ours: Any = OURS(make())
    standard: Any = STANDARD(make())
    one, other = ours(*args, **kwargs), standard(*args, **kwargs)
    assert repr(one) == repr(other)
    assert dataclasses.asdict(one) == dataclasses.asdict(other)
    assert (one == ours(*args, **kwargs)) == (other == standard(*args, **kwargs))
    assert one != other
    assert ours.__match_args__ == standard.__match_args__
    assert ours.__slots__ == standard.__slots__
    assert ours.__doc__ == standard.__doc__
    if make is not pair:  # a list has no hash
        assert hash(one) == hash(other)


@pytest.mark.parametrize("args", [(), (1, (), [], 4)])
def test_it_takes_no_other_arguments(args: tuple[Any, ...]) -> None:
    """What a call lacks or has too much of is a TypeError in the same words."""
    said = []
    for made in (OURS(pair()), STANDARD(pair())):
        with pytest.raises(TypeError) as caught:
            made(*args)
        said.append(str(caught.value))
    assert said[0] == said[1]


def test_what_does_not_count_makes_no_difference() -> None:
    """Equality and hash look at the fields that are compared."""
    cls: Any = OURS(veiled())
    assert cls("a", b"b", "c") == cls("a", b"b", "d")
    assert hash(cls("a", b"b", "c")) == hash(cls("a", b"b", "d"))
    assert cls("a", b"b") != cls("a", b"c")
    assert "secret" not in repr(cls("a", b"b"))


def test_a_field_of_another_kind_is_refused() -> None:
    """A field that no call gives would be left empty without a word."""

    class Odd:
        """Not a value."""

        x: int = dataclasses.field(init=False)

    with pytest.raises(TypeError, match="default, repr and compare"):
        OURS(Odd)


def test_a_default_that_is_made_is_made_each_time() -> None:
    """Two values do not share a list."""
    cls: Any = OURS(pair())
    assert cls(1).z is not cls(1).z


def test_it_is_frozen_and_has_no_other_attribute() -> None:
    """Nothing can be set, changed or removed."""
    value: Any = OURS(pair())(1)
    for name in ("x", "new"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, 2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        del value.x
    assert not hasattr(value, "__dict__")


def test_a_value_is_checked_and_replaced() -> None:
    """`__post_init__` sees every value, also one made of another."""
    value: Any = OURS(checked())(1)
    assert dataclasses.replace(value, x=2).x == 2
    with pytest.raises(ValueError, match="below zero"):
        dataclasses.replace(value, x=-1)


def test_it_can_be_matched_copied_and_pickled() -> None:
    """Patterns take its fields in order; a copy of any kind is equal."""
    value = Kept(1, y="z")
    match value:
        case Kept(x, y):
            assert (x, y) == (1, "z")
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):  # noqa: S301
        assert other == value


def test_one_inherits_the_fields_of_another() -> None:
    """Fields of a base come first, and have their slot there."""

    @dataclass(frozen=True, slots=True)
    class Longer(Kept):
        z: int = 3

    assert repr(Longer(1)).endswith("Longer(x=1, y='y', z=3)")
    assert Longer.__slots__ == ("z",)
    assert Longer(1) != Kept(1)


@pytest.mark.parametrize(
    "kind", [{"frozen": False, "slots": True}, {"frozen": True, "slots": False}]
)
def test_other_kinds_are_the_standard_library_s(kind: dict[str, bool]) -> None:
    """A class that is not a value is refused."""
    with pytest.raises(TypeError, match="dataclasses"):
        dataclass(**kind)  # type: ignore[call-overload]


def test_a_value_is_made_of_another() -> None:
    """Some fields are changed, the others stay, and what is no field is a mistake."""
    value: Any = OURS(pair())(1)
    assert replace(value, y=(3,), x=2) == type(value)(2, (3,))
    assert replace(value) == value
    assert replace(OURS(checked())(1), x=2).x == 2  # type: ignore[type-var]
    with pytest.raises(TypeError, match="no field 'colour'"):
        replace(value, colour=2)
    with pytest.raises(ValueError, match="below zero"):
        replace(OURS(checked())(1), x=-1)  # type: ignore[type-var]
