"""Derivation: a .drv file, Nix's recipe for store paths, parsed and printed. Pure.

The format is ATerm's text, which has one canonical form here: what does not print back to the
same bytes is refused. A .drv may hold any bytes (a builder's script is in it), so they are kept
as text with surrogate escapes. How output paths follow from a derivation is in outputs.py.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Final, NoReturn, TypeVar

from engine.errors import Refused
from engine.nix.storepath import StorePath, text_path
from engine.values import dataclass

_OTHER: Final = "have Nix make it: name its source by {nix} or {flake}"
MAX_BYTES: Final = 16 * 1024 * 1024  # a script is in it whole; nixpkgs' longest is under 1 MiB

_V = TypeVar("_V")
_STRING: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPED: Final = re.compile(r'["\\\n\r\t]')
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_LETTERS: Final = {"n": "\n", "r": "\r", "t": "\t"}
_PRINTED: Final = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


@dataclass(frozen=True, slots=True)
class Output:
    """One output. Algorithm and digest are set only where its content is fixed beforehand."""

    path: str
    algorithm: str = ""  # "", or as "sha256" (of a file), "r:sha256" (of a NAR)
    digest: str = ""  # hexadecimal


@dataclass(frozen=True, slots=True)
class Derivation:
    """A recipe: what it needs, what it runs, what it makes. Dicts print sorted by key."""

    outputs: dict[str, Output]
    inputs: dict[str, tuple[str, ...]]  # .drv path, or its hash modulo -> names of its outputs
    sources: tuple[str, ...]
    system: str
    builder: str
    arguments: tuple[str, ...]
    variables: dict[str, str]


def parse(data: bytes) -> Derivation:
    """Read a .drv file.

    Raises: Refused when it is not one in canonical form, or of a kind that is still experimental.
    """
    if len(data) > MAX_BYTES:
        raise Refused(f"a derivation of {len(data)} bytes is over {MAX_BYTES}", fix=_OTHER)
    if data.startswith(b"DrvWithVersion("):
        raise Refused("a dynamic derivation, which Tallystick does not read", fix=_OTHER)
    derivation = _Reader(data.decode("utf-8", "surrogateescape")).derivation()
    if show(derivation) != data:
        raise Refused("a derivation that is not in canonical form", fix=_OTHER)
    return derivation


def show(derivation: Derivation) -> bytes:
    """Print a derivation exactly as Nix does."""
    fields = (
        _list(
            _tuple(name, output.path, output.algorithm, output.digest)
            for name, output in _sorted(derivation.outputs)
        ),
        _list(
            f"({_quote(path)},{_list(map(_quote, names))})"
            for path, names in _sorted(derivation.inputs)
        ),
        _list(map(_quote, derivation.sources)),
        _quote(derivation.system),
        _quote(derivation.builder),
        _list(map(_quote, derivation.arguments)),
        _list(_tuple(*pair) for pair in _sorted(derivation.variables)),
    )
    return f"Derive({','.join(fields)})".encode("utf-8", "surrogateescape")


def drv_path(name: str, derivation: Derivation) -> StorePath:
    """Return where Nix keeps this derivation, `name` without its ".drv"."""
    references = map(StorePath.parse, {*derivation.sources, *derivation.inputs})
    return text_path(f"{name}.drv", show(derivation), references)


def _sorted(mapping: Mapping[str, _V]) -> list[tuple[str, _V]]:
    """Sort by the keys' bytes, as Nix does."""
    return sorted(mapping.items(), key=lambda item: item[0].encode("utf-8", "surrogateescape"))


def _list(items: Iterable[str]) -> str:
    return f"[{','.join(items)}]"


def _tuple(*fields: str) -> str:
    return f"({','.join(map(_quote, fields))})"


def _quote(text: str) -> str:
    return '"' + _ESCAPED.sub(lambda match: _PRINTED[match[0]], text) + '"'


def _unquote(text: str) -> str:
    return (
        _ESCAPE.sub(lambda match: _LETTERS.get(match[1], match[1]), text) if "\\" in text else text
    )


class _Reader:
    """Reads the text from left to right; the grammar is fixed, so there is no look-ahead."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def derivation(self) -> Derivation:
        """Read all of it."""
        self._expect("Derive(")
        outputs = dict(self._list(self._output))
        self._expect(",")
        inputs = dict(self._list(self._input))
        self._expect(",")
        sources = self._strings()
        self._expect(",")
        system = self._string()
        self._expect(",")
        builder = self._string()
        self._expect(",")
        arguments = self._strings()
        self._expect(",")
        variables = dict(self._list(self._variable))
        self._expect(")")
        if self._at != len(self._text):
            self._refuse("the end")
        return Derivation(outputs, inputs, sources, system, builder, arguments, variables)

    def _output(self) -> tuple[str, Output]:
        name, path, algorithm, digest = self._fields(4)
        return name, Output(path, algorithm, digest)

    def _input(self) -> tuple[str, tuple[str, ...]]:
        self._expect("(")
        path = self._string()
        self._expect(",")
        names = self._strings()
        self._expect(")")
        return path, names

    def _variable(self) -> tuple[str, str]:
        name, value = self._fields(2)
        return name, value

    def _fields(self, count: int) -> list[str]:
        self._expect("(")
        fields = [self._string()]
        for _ in range(count - 1):
            self._expect(",")
            fields.append(self._string())
        self._expect(")")
        return fields

    def _strings(self) -> tuple[str, ...]:
        return tuple(self._list(self._string))

    def _list(self, item: Callable[[], _V]) -> list[_V]:
        self._expect("[")
        items: list[_V] = []
        while not self._skip("]"):
            if items:
                self._expect(",")
            items.append(item())
        return items

    def _string(self) -> str:
        match = _STRING.match(self._text, self._at)
        if match is None:
            self._refuse("a string")
        self._at = match.end()
        return _unquote(match[1])

    def _skip(self, text: str) -> bool:
        found = self._text.startswith(text, self._at)
        self._at += len(text) * found
        return found

    def _expect(self, text: str) -> None:
        if not self._skip(text):
            self._refuse(f"'{text}'")

    def _refuse(self, expected: str) -> NoReturn:
        what = f"not a derivation: expected {expected} at character {self._at}"
        raise Refused(what, fix=_OTHER)
