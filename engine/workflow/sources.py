"""Sources: the `inputs` of a workflow file, from nodes to records. Pure."""

import re
from pathlib import PurePosixPath
from typing import Final

from engine.content.foreign_cid import ForeignCid
from engine.errors import Refused
from engine.workflow.fields import list_of, map_of, placed, refused, text_of
from engine.workflow.model import InputSource
from engine.workflow.nodes import MapNode, Mark, Node, Scalar
from engine.workflow.paths import no_control

INPUT_KEYS: Final = ("path", "cid", "url", "sha256", "ignore", "share")
INPUT_FORMS: Final = ("path", "cid", "url")
SHARES: Final = ("never", "owners", "any")

_CID: Final = re.compile(r"baf[a-z2-7]{56}|Qm[1-9A-HJ-NP-Za-km-z]{44}|ipfs://\S+|/ipfs/\S+")

MAX_LOCATION: Final = 4_095  # bytes of a path or an address: what Linux takes
MAX_PATTERNS: Final = 1_000  # of one input


def read_input(node: Node, what: str) -> InputSource:
    """Read one input: a path, or a map with `path`, `cid` or `url`.

    Raises: Refused, with the place.
    """
    if isinstance(node, Scalar):
        return InputSource(_bare_path(text_of(node, what), node.mark), None, None, None, (), "any")
    table = map_of(node, what, INPUT_KEYS)
    form, value, mark = one_form(table, INPUT_FORMS, what)
    if form == "path":
        value = placed(location, value, mark)
    elif form == "cid":
        value = placed(_content, value, mark)
    return InputSource(
        value if form == "path" else None,
        value if form == "cid" else None,
        placed(_address, value, mark) if form == "url" else None,
        _sha256(table, form == "url", what),
        _ignore(table, form == "path", what),
        _share(table, what),
    )


def one_form(table: MapNode, forms: tuple[str, ...], what: str) -> tuple[str, str, Mark]:
    """Return which of several keys a map has, its text and its place.

    Raises: Refused when it has none of them, or more than one.
    """
    given = [key for key in table.fields if key in forms]
    if len(given) != 1:
        mark = table.fields[given[1]].key_mark if given else table.mark
        problem = (
            f"{what} has both '{given[0]}' and '{given[1]}'" if given else f"{what} says nothing"
        )
        raise refused(problem, mark, f"give exactly one of {', '.join(forms)}")
    node = table.fields[given[0]].node
    return given[0], text_of(node, f"'{given[0]}' of {what}"), node.mark


def _bare_path(text: str, mark: Mark) -> str:
    if _CID.fullmatch(text):
        raise refused("a CID where a path is expected", mark, f"write {{cid: {text}}}")
    if text.startswith(("https://", "http://")):
        fix = "write {url: …, sha256: …}"
        raise refused("an address where a path is expected", mark, fix)
    return placed(location, text, mark)


def _content(text: str) -> str:
    """Return a CID as its author wrote it: what others call their content has no other name."""
    ForeignCid.of_content(text)
    return text


def location(text: str) -> str:
    """Return a path in its shortest form.

    Raises: Refused for one that no file can have.
    """
    if not text.strip() or len(text.encode()) > MAX_LOCATION:
        raise Refused("a path that is empty or too long", fix="give a path from this file")
    return PurePosixPath(no_control(text)).as_posix()


def _address(text: str) -> str:
    if not text.startswith(("https://", "http://")) or len(text) > MAX_LOCATION:
        raise Refused(f"not a web address: {text[:80]!r}", fix="begin it with https://")
    if re.search(r"\s", text):
        raise Refused("a web address with a space in it", fix="write %20")
    return no_control(text)


def _sha256(table: MapNode, expected: bool, what: str) -> str | None:
    field = table.fields.get("sha256")
    if not expected or field is None:
        if expected:
            fix = "add sha256: what sha256sum prints for the file"
            raise refused(f"{what} has a url and no sha256", table.mark, fix)
        if field is not None:
            raise refused(f"{what} has a sha256 and no url", field.key_mark, "remove it")
        return None
    text = text_of(field.node, f"'sha256' of {what}").lower()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        fix = "write what sha256sum prints for the file"
        raise refused("a sha256 that is not 64 hexadecimal digits", field.node.mark, fix)
    return text


def _ignore(table: MapNode, allowed: bool, what: str) -> tuple[str, ...]:
    field = table.fields.get("ignore")
    if field is None:
        return ()
    if not allowed:
        raise refused(f"{what} has 'ignore' and no path", field.key_mark, "remove it")
    nodes = list_of(field.node, f"'ignore' of {what}")
    if len(nodes) > MAX_PATTERNS:
        raise refused(f"more than {MAX_PATTERNS} patterns", field.node.mark, "use fewer, with '*'")
    patterns = {text_of(item, f"a pattern of {what}").strip("/") for item in nodes}
    if "" in patterns:
        raise refused("an empty pattern", field.node.mark, "remove it")
    return tuple(sorted(patterns))


def _share(table: MapNode, what: str) -> str:
    field = table.fields.get("share")
    if field is None:
        return "any"
    text = text_of(field.node, f"'share' of {what}")
    if text not in SHARES:
        raise refused(f"unknown share {text[:40]!r}", field.node.mark, "write never, owners or any")
    return text
