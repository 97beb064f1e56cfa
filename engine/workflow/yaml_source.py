"""YAML text to nodes with marks: YAML 1.2, without the parts that hide what a file says. Pure.

Anchors, aliases, tags, duplicate keys, several documents and older YAML versions are refused.
The parser's events are read, not its objects, so depth and size are bounded while reading.
"""

import re
from collections.abc import Iterator
from typing import Any, Final

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
    StreamEndEvent,
)
from yaml.reader import ReaderError

from engine.errors import Refused
from engine.workflow.nodes import MAX_DEPTH, Field, ListNode, MapNode, Mark, Node, Scalar
from engine.workflow.yaml_scalars import plain, whole

MAX_TEXT: Final = 1024 * 1024  # bytes; a workflow is written by a person, a record is as long
MAX_NODES: Final = 150_000  # values; a list of 100 000 seeds fits

_OLD_BREAKS: Final = ("\x85", "\u2028", "\u2029")  # lines end there in YAML 1.1, not in 1.2
_BOM: Final = "\ufeff"  # the parser leaves it out where a line begins
_TAG: Final = re.compile(r"^%TAG\b", re.MULTILINE)  # each is compared with all before it
_FIXES: Final = (  # what the parser complains of -> what to do
    (
        "cannot start any token",
        "indent with spaces, and quote text that begins with @, %, ` or a tab",
    ),
    ("mapping values are not allowed", "check the indentation, or quote text that has ': ' in it"),
    ("found unexpected end of stream", "close the quote"),
    ("expected node content", "close the bracket, brace or quote that is still open"),
    ("expected ',' or", "close the bracket or brace, and check the commas in it"),
    ("expected key", "check the indentation: it must line up with its neighbours"),
    ("expected '-' indicator", "check the indentation: it must line up with its neighbours"),
    ("could not find expected ':'", "write 'key: value', with a space after the colon"),
    ("found a tab character", "indent with spaces; '|2' instead of '|' for text that begins so"),
    ("exceeded maximum nesting depth", "make it flatter"),
    ("invalid Unicode character escape", "half of a character is no text: write all of it"),
    ("expected <document start>", "write 'key: value', with a space after the colon"),
)


def compose(text: str, file: str) -> Node:
    """Return the one document in `text`; `file` is the name that errors show.

    Raises: Refused, with the place, for anything that is not plain YAML 1.2.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_TEXT:
        fix = "keep data in files, as inputs"
        raise Refused(f"more than {MAX_TEXT} bytes of YAML", where=file, fix=fix)
    for character in (*_OLD_BREAKS, _BOM):
        if text.find(character, character == _BOM) >= 0:  # one mark may begin the file
            raise _not_allowed(character, text, file)
    if tag := _TAG.search(text.replace("\r", "\n")):
        raise Refused("a %TAG line", where=_where(tag.start(), text, file), fix="remove it")
    try:
        return _Composer(text, file).document()
    except yaml.MarkedYAMLError as error:
        raise _syntax(error, text, file) from None
    except ReaderError as error:
        raise _not_allowed(chr(error.character), text, file) from None
    except UnicodeEncodeError as error:
        raise _not_allowed(text[error.start], text, file) from None


def _not_allowed(character: str, text: str, file: str) -> Refused:
    where = _where(text.find(character, character == _BOM), text, file)
    what = f"not YAML: the character {character!a} is not allowed"
    return Refused(what, where=where, fix="remove it, or write it as an escape")


def _where(at: int, text: str, file: str) -> str:
    return f"{file}:{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str) -> Refused:
    problem = str(error.problem or error.context or "it cannot be read")
    mark = error.problem_mark or error.context_mark
    where = file if mark is None else f"{file}:{_place(mark.line, mark.column, text)}"
    fix = next((fix for sign, fix in _FIXES if sign in problem), "correct the YAML there")
    return Refused(f"not YAML: {problem}", where=where, fix=fix)


def _place(line: int, column: int, text: str) -> str:
    """Return a line and column, counted from 1; past the end, the end of the last line."""
    lines = text.splitlines() or [""]
    if line >= len(lines):
        line, column = len(lines) - 1, len(lines[-1])
    return f"{line + 1}:{column + 1}"


class _Composer:
    """Turns one stream of events into nodes."""

    def __init__(self, text: str, file: str) -> None:
        self._events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)  # ten times as fast
        self._file = file
        self._left = MAX_NODES

    def document(self) -> Node:
        """Return the only document."""
        node: Node = Scalar(None, "", Mark(self._file, 1, 1))
        documents = 0
        while not isinstance(event := next(self._events), StreamEndEvent):
            if not isinstance(event, DocumentStartEvent):
                continue
            documents += 1
            if documents > 1:
                raise self._refused("a second document", event, "keep one document; remove '---'")
            if event.version not in (None, (1, 2)):
                raise self._refused("another version of YAML", event, "remove the %YAML line")
            node = self._node(next(self._events), 0)
        return node

    def _node(self, event: Any, depth: int) -> Node:  # noqa: ANN401 - the parser's events have no base
        self._plain_only(event)
        self._left -= 1
        if self._left < 0:
            raise self._refused(f"more than {MAX_NODES} values", event, "keep data in files")
        if depth > MAX_DEPTH:
            raise self._refused(f"nested more than {MAX_DEPTH} deep", event, "make it flatter")
        if isinstance(event, ScalarEvent):
            return self._scalar(event)
        if isinstance(event, SequenceStartEvent):
            return ListNode(tuple(self._items(depth)), self._mark(event))
        return self._map(event, depth)

    def _items(self, depth: int) -> Iterator[Node]:
        while not isinstance(event := next(self._events), SequenceEndEvent):
            yield self._node(event, depth + 1)

    def _map(self, start: MappingStartEvent, depth: int) -> MapNode:
        fields: dict[str, Field] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key = self._node(event, depth + 1)
            if not isinstance(key, Scalar) or not isinstance(key.value, str):
                raise self._refused("a key that is not text", event, "quote it")
            if key.value in fields:
                first = fields[key.value].key_mark.line
                fix = f"it is already on line {first}; keep one of them"
                raise self._refused(f"duplicate key {key.value[:80]!r}", event, fix)
            value = self._node(next(self._events), depth + 1)
            if isinstance(value, Scalar) and value.value is None:
                value = Scalar(None, value.written, key.mark)  # "nothing" has no place of its own
            fields[key.value] = Field(key.mark, value)
        return MapNode(fields, self._mark(start))

    def _scalar(self, event: ScalarEvent) -> Scalar:
        mark = self._mark(event)
        quoted = not event.implicit[0]  # or a block
        try:
            text = whole(event.value)
            return Scalar(text if quoted else plain(text), text, mark)
        except Refused as error:
            raise Refused(error.what, where=str(mark), fix=error.fix) from None

    def _plain_only(self, event: Any) -> None:  # noqa: ANN401
        if isinstance(event, AliasEvent) or event.anchor is not None:
            raise self._refused("an anchor or alias", event, "write the value out where it is used")
        if event.tag is not None:
            raise self._refused(f"a tag, {event.tag}", event, "remove it; quote the value for text")

    def _mark(self, event: Any) -> Mark:  # noqa: ANN401
        return Mark(self._file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _refused(self, what: str, event: Any, fix: str) -> Refused:  # noqa: ANN401
        return Refused(what, where=str(self._mark(event)), fix=fix)
