"""Outputs: the files a step declares and how each is verified, from a node to a record. Pure."""

import re
from collections.abc import Callable
from typing import Final

from engine.errors import Refused
from engine.workflow.fields import kind, map_of, placed, refused, text_of
from engine.workflow.model import Comparator, OutputFile, Verify
from engine.workflow.nodes import Node, Scalar
from engine.workflow.paths import inside
from engine.workflow.placeholders import KINDS

EXACT: Final = Verify("exact", None)
NOT_VERIFIED: Final = Verify("none", None)

_WORDS: Final = {"exact": EXACT, "none": NOT_VERIFIED}
_FIX: Final = "write exact, none, {tolerance: 1e-6} or {compare: {run: COMMAND}}"
_PLACEHOLDER: Final = re.compile(rf"\{{({'|'.join(KINDS)})\.")


def read_output(node: Node, what: str, read_comparator: Callable[[Node], Comparator]) -> OutputFile:
    """Read one output: a path, or a map with `path` and `verify`.

    Raises: Refused, with the place.
    """
    if isinstance(node, Scalar):
        return OutputFile(placed(_path, text_of(node, what), node.mark), EXACT)
    table = map_of(node, what, ("path", "verify"))
    path = table.fields.get("path")
    if path is None:
        raise refused(f"{what} has no path", node.mark, "add 'path'")
    verify = table.fields.get("verify")
    return OutputFile(
        placed(_path, text_of(path.node, f"'path' of {what}"), path.node.mark),
        _verify(verify.node, what, read_comparator) if verify else EXACT,
    )


def _path(text: str) -> str:
    if _PLACEHOLDER.search(text):
        fix = "each instance has its own /out: a fixed path will do"
        raise Refused(f"a placeholder in an output path: {text[:80]!r}", fix=fix)
    return inside(text)


def _verify(node: Node, what: str, read_comparator: Callable[[Node], Comparator]) -> Verify:
    if isinstance(node, Scalar):
        text = text_of(node, f"'verify' of {what}")
        if text not in _WORDS:
            raise refused(f"unknown verify {text[:40]!r}", node.mark, _FIX)
        return _WORDS[text]
    fields = map_of(node, f"'verify' of {what}", ("tolerance", "compare")).fields
    if len(fields) != 1:
        raise refused(f"'verify' of {what} is not one rule", node.mark, _FIX)
    if "compare" in fields:
        return Verify("compare", None, read_comparator(fields["compare"].node))
    return Verify("tolerance", _tolerance(fields["tolerance"].node, f"'tolerance' of {what}"))


def _tolerance(node: Node, what: str) -> str:
    value = node.value if isinstance(node, Scalar) else None
    if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
        return repr(float(value))
    number = isinstance(value, int | float) and not isinstance(value, bool)
    shown = value if number else kind(node)
    raise refused(f"{what} cannot be {shown}", node.mark, "write a number above 0, as 1e-6")
