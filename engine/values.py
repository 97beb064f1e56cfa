"""Values: dataclasses that are cheap to define.

The standard library compiles eight functions for a frozen dataclass; a command that defines a
hundred of them spends a third of its start on that. Here one is compiled, the others are shared:
five times as fast (docs/adr/0093). What a value can do is the same.

>>> @dataclass(frozen=True, slots=True)
... class Point:
...     x: int
...     y: int = 0
>>> Point(1)
Point(x=1, y=0)
"""

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING, Field, FrozenInstanceError
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, NoReturn

if TYPE_CHECKING:  # so that type checkers know what it makes
    from dataclasses import dataclass as dataclass
    from dataclasses import replace as replace
else:

    def replace(value: object, **changes: object) -> object:
        """Return a value with some fields changed, as dataclasses.replace does, but fast."""
        return value.__replace__(**changes)

    def dataclass(*, frozen: bool, slots: bool) -> Callable[[type], type]:
        """Return what makes a class a frozen dataclass with slots; there is no other kind here."""
        if not (frozen and slots):
            raise TypeError("a value is frozen and has slots: take dataclasses.dataclass")
        return _define


_COLLECT: Final = dataclasses.dataclass(init=False, repr=False, eq=False, match_args=False)
_LEFT: Final = ("__dict__", "__weakref__")  # of a class without slots


def _define(cls: type) -> type:
    cls.__doc__ = cls.__doc__ or cls.__name__  # it is dear to make one of the signature
    fields = dataclasses.fields(_COLLECT(cls))
    if any(not field.init or field.kw_only or field.hash is not None for field in fields):
        raise TypeError("of a value's field no more can be said than its default, repr and compare")
    names = tuple(field.name for field in fields)
    inherited = {slot for base in cls.__mro__[1:] for slot in getattr(base, "__slots__", ())}
    members = {name: what for name, what in vars(cls).items() if name not in (*names, *_LEFT)}
    made = type(cls)(
        cls.__name__,
        cls.__bases__,
        {
            **_SHARED,
            **_compared(tuple(field.name for field in fields if field.compare)),
            "__replace__": _replacing(names),
            "__repr__": _shown(tuple(field.name for field in fields if field.repr)),
            **members,
            "__qualname__": cls.__qualname__,
            "__slots__": tuple(name for name in names if name not in inherited),
            "__match_args__": names,
        },
    )
    made.__init__ = _initialiser(made, fields)  # type: ignore[misc]
    return made


def _initialiser(cls: type, fields: tuple[Field[Any], ...]) -> Callable[..., None]:
    """Compile `__init__`: it fills the slots, which nothing else can."""
    known: dict[str, Any] = {"_MISSING": MISSING}
    arguments, lines = ["self"], []
    for field in fields:
        name, value = field.name, field.name
        known[f"_set_{name}"] = getattr(cls, name).__set__
        if field.default is not MISSING:
            known[f"_default_{name}"] = field.default
            arguments.append(f"{name}=_default_{name}")
        elif field.default_factory is not MISSING:
            known[f"_make_{name}"] = field.default_factory
            arguments.append(f"{name}=_MISSING")
            value = f"_make_{name}() if {name} is _MISSING else {name}"
        else:
            arguments.append(name)
        lines.append(f" _set_{name}(self, {value})")
    if hasattr(cls, "__post_init__"):
        lines.append(" self.__post_init__()")
    exec(f"def __init__({', '.join(arguments)}):\n" + "\n".join(lines or [" pass"]), known)  # noqa: S102
    made: Callable[..., None] = known["__init__"]
    made.__qualname__ = f"{cls.__qualname__}.__init__"
    return made


def _compared(names: tuple[str, ...]) -> dict[str, Any]:
    """Return how values are compared: with others of their class."""
    values = _values(names)

    def equal(self: object, other: object) -> object:
        if other.__class__ is not self.__class__:
            return NotImplemented
        return values(self) == values(other)

    return {"__eq__": equal, "__hash__": lambda self: hash(values(self))}


def _replacing(names: tuple[str, ...]) -> Callable[..., object]:
    """Return how values are made of others of their class."""
    places = {name: at for at, name in enumerate(names)}
    values = attrgetter(*names, "__class__")  # several, so that it gives a tuple

    def other(self: object, **changes: object) -> object:
        *found, cls = values(self)
        for name, value in changes.items():
            if name not in places:
                raise TypeError(f"{cls.__name__} has no field {name!r}")
            found[places[name]] = value
        return cls(*found)

    return other


def _shown(names: tuple[str, ...]) -> Callable[[object], str]:
    """Return how values show themselves: as the call that makes them."""

    def text(self: object) -> str:
        shown = (f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({', '.join(shown)})"

    return text


def _values(names: tuple[str, ...]) -> Callable[[object], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda value: tuple(getattr(value, name) for name in names)


def _refuse(self: object, name: str, *_: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot change field {name!r} of a {type(self).__name__}")


def _get_state(self: Any) -> list[Any]:  # noqa: ANN401
    return [getattr(self, name) for name in self.__match_args__]


def _set_state(self: Any, state: list[Any]) -> None:  # noqa: ANN401
    for name, value in zip(self.__match_args__, state, strict=True):
        object.__setattr__(self, name, value)


_SHARED: Final = {
    "__setattr__": _refuse,
    "__delattr__": _refuse,
    "__getstate__": _get_state,
    "__setstate__": _set_state,
}
