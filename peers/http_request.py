r"""Request: what is asked over HTTP for content, read strictly. Pure.

Only GET and HEAD of /ipfs/CID[/PATH], as https://specs.ipfs.tech/http-gateways/ says, and no
request that has a body.

>>> parse(b"GET /ipfs/bafkqaaa?format=raw HTTP/1.1\r\nHost: here\r\n\r\n").form
'raw'
"""

import re
from typing import Final, Literal, cast
from urllib.parse import parse_qsl, unquote_to_bytes

from engine.content.cid import Cid
from engine.content.names import MAX_DEPTH, impossible
from engine.errors import Refused
from engine.values import dataclass
from peers.http_reply import NoAnswer

Form = Literal["file", "raw", "car"]
Scope = Literal["block", "entity", "all"]
Bytes = tuple[int, int | None]  # the first and the last byte; negative: from the end; None: the end

MAX_HEAD: Final = 16 * 1024  # bytes, up to the empty line: longer than any path that is meant
PROBE: Final = "bafkqaaa"  # the CID of nothing at all, by which clients know a gateway

_LINE: Final = re.compile(rb"([A-Z]{1,10}) (/[!-~]*) HTTP/1\.([01])", re.ASCII)
_HEADER: Final = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([^\0\r\n]*?)[ \t]*", re.ASCII)
_BYTES: Final = re.compile(r"(-?[0-9]{1,18}):(\*|-?[0-9]{1,18})", re.ASCII)
_FORMS: Final[dict[str, Form]] = {
    "application/vnd.ipld.raw": "raw",
    "application/vnd.ipld.car": "car",
}
_MANY: Final = 20  # parameters of a query


@dataclass(frozen=True, slots=True)
class Asked:
    """A request for content."""

    has_body: bool  # whether its answer has one: not of HEAD
    cid: Cid | None  # None for PROBE
    names: tuple[str, ...]  # the path below it
    form: Form
    scope: Scope  # of a CAR
    bytes: Bytes | None  # of the file in a CAR
    range: str  # as the header has it, "" for none
    known: tuple[str, ...]  # what the asker has: tags, or "*"
    is_kept: bool  # whether more may come on the connection
    is_new: bool  # HTTP/1.1, so that a body may come in chunks

    @property
    def path(self) -> str:
        """What was asked for, as people write it."""
        return "/".join((str(self.cid or PROBE), *self.names))


def parse(head: bytes) -> Asked:
    """Read a request up to its empty line.

    Raises: NoAnswer when it is none that can be answered.
    """
    first, *rest = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise NoAnswer(400, "this is no request of HTTP/1.1")
    headers = _headers(rest)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise NoAnswer(400, "a request for content has no body")
    if line[1] not in (b"GET", b"HEAD"):
        raise NoAnswer(405, "content is only read here", Allow="GET, HEAD")
    is_new = line[3] == b"1"
    if is_new and "host" not in headers:
        raise NoAnswer(400, "a request of HTTP/1.1 names its host")
    target, _, query = line[2].decode("ascii").partition("?")
    cid, names = _place(target)
    asked = _query(query)
    form = _form(asked, headers.get("accept", ""))
    return Asked(
        has_body=line[1] == b"GET",
        cid=cid,
        names=names,
        form=form,
        scope=_scope(asked),
        bytes=_bytes(asked),
        range=headers.get("range", "") if "if-range" not in headers else "",
        known=tuple(tag.strip() for tag in headers.get("if-none-match", "").split(",")),
        is_kept=_is_kept(headers.get("connection", ""), is_new=is_new),
        is_new=is_new,
    )


def _headers(lines: list[bytes]) -> dict[str, str]:
    """Read header fields; one that comes twice is a list."""
    found: dict[str, str] = {}
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise NoAnswer(400, "this is no request of HTTP/1.1")
        name, value = match[1].decode("ascii").lower(), match[2].decode("latin-1")
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found


def _place(target: str) -> tuple[Cid | None, tuple[str, ...]]:
    """Read /ipfs/CID[/PATH]."""
    top, _, below = target[1:].partition("/")
    if top != "ipfs" or not below:
        raise NoAnswer(404, "there is /ipfs/CID")
    root, *rest = below.split("/")
    names = tuple(map(_name, filter(None, rest)))
    if len(names) > MAX_DEPTH:
        raise NoAnswer(400, f"a path of over {MAX_DEPTH} names")
    if root == PROBE:
        return None, names
    try:
        return Cid.parse(root), names
    except Refused:
        raise NoAnswer(400, "this is no CID that can be here: raw, dag-pb or dag-cbor") from None


def _name(text: str) -> str:
    try:
        name = unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise NoAnswer(400, "a path that is not UTF-8") from None
    if impossible(name):
        raise NoAnswer(400, "a path with a name that nothing has")
    return name


def _query(text: str) -> dict[str, str]:
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=_MANY))
    except ValueError:
        raise NoAnswer(400, f"over {_MANY} parameters") from None


def _form(asked: dict[str, str], accepted: str) -> Form:
    """Return as what it is to be sent: what the address says, or else the header."""
    said = asked.get("format")
    if said is not None:
        if said not in ("raw", "car"):
            raise NoAnswer(406, "there are the formats raw and car")
        form = cast("Form", said)
    else:
        kinds = (one.split(";")[0].strip().lower() for one in accepted.split(","))
        form = next((_FORMS[kind] for kind in kinds if kind in _FORMS), "file")
    if form == "car" and asked.get("car-version", "1") != "1":
        raise NoAnswer(400, "there is version 1 of CAR")
    return form


def _scope(asked: dict[str, str]) -> Scope:
    said = asked.get("dag-scope", "entity" if "entity-bytes" in asked else "all")
    if said not in ("block", "entity", "all"):
        raise NoAnswer(400, "dag-scope is block, entity or all")
    return cast("Scope", said)


def _bytes(asked: dict[str, str]) -> Bytes | None:
    if "entity-bytes" not in asked:
        return None
    match = _BYTES.fullmatch(asked["entity-bytes"])
    if match is None:
        raise NoAnswer(400, "entity-bytes is FROM:TO")
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _is_kept(connection: str, *, is_new: bool) -> bool:
    words = {word.strip().lower() for word in connection.split(",")}
    return "close" not in words if is_new else "keep-alive" in words
