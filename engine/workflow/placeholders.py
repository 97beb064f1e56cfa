"""Placeholders: `{inputs.data}` and the like in `run` and `env`, read once. Pure.

>>> parse_template("echo {params.n} {{}}")
('echo ', Placeholder(kind='params', name='n', listing=False), ' {}')
"""

import re
from typing import Final, TypeAlias

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.names import NAME, did_you_mean

KINDS: Final = ("inputs", "outputs", "params", "scatter", "resources")

_TOKEN: Final = re.compile(r"\{\{|\}\}|\{[^{}]*\}|[{}]")
_INSIDE: Final = re.compile(rf"([a-z]+)\.({NAME})(\.list)?", re.ASCII)
_FIX: Final = "for a brace itself write '{{' or '}}'"


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A place for a value. `listing` is `{inputs.X.list}`: the file with one path a line."""

    kind: str  # one of KINDS
    name: str
    listing: bool

    def __str__(self) -> str:
        return f"{{{self.kind}.{self.name}{'.list' if self.listing else ''}}}"


Template: TypeAlias = tuple[str | Placeholder, ...]  # text between placeholders is never empty


def parse_template(text: str) -> Template:
    """Read a text with placeholders.

    Raises: Refused for a lone brace, or braces around anything that is no placeholder.
    """
    parts: list[str | Placeholder] = []
    literal: list[str] = []
    at = 0
    for token in _TOKEN.finditer(text):
        literal.append(text[at : token.start()])
        at = token.end()
        if token.group() in ("{{", "}}"):
            literal.append(token.group()[0])
            continue
        _flush(literal, parts)
        parts.append(_placeholder(token.group(), text, token.start()))
    literal.append(text[at:])
    _flush(literal, parts)
    return tuple(parts)


def _flush(literal: list[str], parts: list[str | Placeholder]) -> None:
    if joined := "".join(literal):
        parts.append(joined)
    literal.clear()


def _placeholder(token: str, text: str, at: int) -> Placeholder:
    line = text.count("\n", 0, at) + 1
    place = f" (line {line} of the text)" if "\n" in text.rstrip("\n") else ""
    if len(token) == 1:
        raise Refused(f"a single '{token}'{place}", fix=_FIX)
    found = _INSIDE.fullmatch(token[1:-1])
    if found is None:
        raise Refused(f"not a placeholder: {token[:60]!r}{place}", fix=_FIX)
    kind, name, listing = found[1], found[2], found[3] is not None
    if kind not in KINDS:
        raise Refused(f"unknown placeholder {token[:60]!r}{place}", fix=did_you_mean(kind, KINDS))
    if kind == "resources" and name != "cpus":
        raise Refused(f"unknown placeholder {token[:60]!r}{place}", fix="write {resources.cpus}")
    if listing and kind != "inputs":
        raise Refused(f"{token[:60]!r}{place}: only an input has a list", fix="leave out '.list'")
    return Placeholder(kind, name, listing)
