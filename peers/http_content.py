"""What is answered to a request for content, from blocks that `get` returns checked. Pure.

Whether the asker may have it was decided before (public.py).
"""

import html
import re
from collections.abc import Iterator
from itertools import islice
from typing import Final
from urllib.parse import quote

from engine.content import car, reader
from engine.content.cid import DAG_CBOR, Cid
from engine.content.dagpb import Link
from engine.content.reader import Get
from engine.errors import Damaged, NotHere, Refused, Unavailable
from peers.http_car import PROBE_CAR, Trail, blocks
from peers.http_reply import IMMUTABLE, NoAnswer, Reply
from peers.http_request import Asked

NOTHING: Final = "there is no such public content here"  # also of what is here and not public

_CAR: Final = "application/vnd.ipld.car; version=1; order=dfs; dups=n"
_CBOR: Final = "application/vnd.ipld.dag-cbor"
_TYPES: Final = {  # what a browser, or curl, should show; a name says nothing certain of content
    "css": "text/css", "csv": "text/csv", "gif": "image/gif", "htm": "text/html",
    "html": "text/html", "jpeg": "image/jpeg", "jpg": "image/jpeg", "json": "application/json",
    "md": "text/markdown", "narinfo": "text/x-nix-narinfo", "pdf": "application/pdf",
    "png": "image/png", "svg": "image/svg+xml", "txt": "text/plain", "webp": "image/webp",
    "yaml": "text/plain", "yml": "text/plain",
}  # fmt: skip
_OTHER: Final = "application/octet-stream"
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)
_LISTED: Final = 256  # entries of a directory in one piece of its page
_PAGE: Final = "<!DOCTYPE html><meta charset=utf-8><title>{0}</title><h1>{0}</h1><ul>\n"


def answer(asked: Asked, get: Get) -> Reply:
    """Return the answer to a request.

    Raises: NoAnswer when there is none: the content is not here, or not as it was.
    """
    try:
        return _answer(asked, get)
    except (NotHere, Refused) as error:
        if isinstance(error, NoAnswer):
            raise
        raise NoAnswer(404, NOTHING) from None
    except (Damaged, Unavailable, OSError):
        raise NoAnswer(500, "this content cannot be read") from None


def _answer(asked: Asked, get: Get) -> Reply:
    if asked.cid is None:
        return _probe(asked)
    trail = Trail(get)
    cid = _find(asked.cid, asked.names, trail.get)
    if asked.form == "car":
        return _car(asked, cid, trail)
    if asked.form == "raw" or cid.codec == DAG_CBOR:
        return _block(asked, cid, get(cid))
    found = reader.stat(get, cid)
    if found.kind == "directory":
        return _listing(asked, cid, reader.each_entry(get, cid))
    if found.kind == "symlink":
        return _whole(asked, f'"{cid}"', "inode/symlink", found.target.encode())
    return _file(asked, cid, found.size, get)


def _find(cid: Cid, names: tuple[str, ...], get: Get) -> Cid:
    for name in names:
        link = reader.lookup(get, cid, name) if cid.codec != DAG_CBOR else None
        if link is None:
            raise NoAnswer(404, NOTHING)
        cid = link.cid
    return cid


def _probe(asked: Asked) -> Reply:
    if asked.names:
        raise NoAnswer(404, NOTHING)
    kinds = {
        "car": (_CAR, PROBE_CAR),
        "raw": ("application/vnd.ipld.raw", b""),
        "file": (_OTHER, b""),
    }
    kind, body = kinds[asked.form]
    return _whole(asked, f'"bafkqaaa.{asked.form}"', kind, body)


def _whole(asked: Asked, tag: str, kind: str, body: bytes, name: str = "") -> Reply:
    headers = _headers(asked, tag, kind, name)
    return _known(asked, tag, headers) or Reply(200, headers, (body,), len(body))


def _block(asked: Asked, cid: Cid, data: bytes) -> Reply:
    kind = _CBOR if asked.form != "raw" else "application/vnd.ipld.raw"
    return _whole(asked, f'"{cid}.raw"', kind, data, f"{cid}.bin")


def _car(asked: Asked, cid: Cid, trail: Trail) -> Reply:
    trail.get(cid)  # what is not here has an answer of its own
    what = f"{asked.scope}.{'.'.join(map(str, asked.bytes or ()))}"
    tag = f'W/"{asked.cid}.{cid}.{what}.car"'
    headers = _headers(asked, tag, _CAR, f"{cid}.car")
    body = car.pieces([cid], blocks(asked, cid, trail))
    return _known(asked, tag, headers) or Reply(200, headers, body, None)


def _file(asked: Asked, cid: Cid, size: int, get: Get) -> Reply:
    tag = f'"{cid}"'
    suffix = asked.names[-1].rpartition(".")[2].lower() if asked.names else ""
    kind = _TYPES.get(suffix, _OTHER)
    kind += "; charset=utf-8" if kind.startswith("text/") else ""
    headers = (*_headers(asked, tag, kind), ("Accept-Ranges", "bytes"))
    if known := _known(asked, tag, headers):
        return known
    span = _span(asked.range, size)
    if span is None:
        return Reply(200, headers, reader.read(get, cid), size)
    first, length = span
    place = ("Content-Range", f"bytes {first}-{first + length - 1}/{size}")
    return Reply(206, (*headers, place), reader.read(get, cid, first, length), length)


def _span(text: str, size: int) -> tuple[int, int] | None:
    """Return the offset and length of the one range that is asked for; None for all of it.

    Raises: NoAnswer when there is nothing of it.
    """
    match = _RANGE.fullmatch(text.replace(" ", ""))
    if match is None or not (match[1] or match[2]):
        return None  # what is not understood is not asked for (RFC 9110, 14.2)
    if match[1]:
        first = int(match[1])
        last = min(int(match[2]), size - 1) if match[2] else size - 1
        if match[2] and int(match[2]) < first:
            return None
    else:
        first, last = max(0, size - int(match[2])), size - 1
    if first > last:
        where = f"bytes */{size}"
        raise NoAnswer(416, "there is nothing in this range", Content_Range=where)
    return first, last - first + 1


def _listing(asked: Asked, cid: Cid, links: Iterator[Link]) -> Reply:
    tag = f'W/"{cid}.list"'
    headers = _headers(asked, tag, "text/html; charset=utf-8")
    return _known(asked, tag, headers) or Reply(200, headers, _page(asked, links), None)


def _page(asked: Asked, links: Iterator[Link]) -> Iterator[bytes]:
    yield _PAGE.format(html.escape(f"/ipfs/{asked.path}")).encode()
    above = quote(f"/ipfs/{asked.path}")
    while names := [link.name for link in islice(links, _LISTED)]:
        rows = (f'<li><a href="{above}/{quote(name)}">{html.escape(name)}</a>\n' for name in names)
        yield "".join(rows).encode()
    yield b"</ul>\n"


def _headers(asked: Asked, tag: str, kind: str, name: str = "") -> tuple[tuple[str, str], ...]:
    """Return what is said of any content; a `name`: it is for no browser to show."""
    said = [
        ("Content-Type", kind),
        ("Etag", tag),
        ("Cache-Control", IMMUTABLE),
        ("Content-Security-Policy", "sandbox"),  # what is shown runs nothing, and is of no site
        ("X-Ipfs-Path", quote(f"/ipfs/{asked.path}")),
        ("Vary", "Accept"),
    ]
    return (*said, *([("Content-Disposition", f'attachment; filename="{name}"')] if name else []))


def _known(asked: Asked, tag: str, headers: tuple[tuple[str, str], ...]) -> Reply | None:
    """Return the answer to who has it already."""
    weak = tag.removeprefix("W/")
    if any(one == "*" or one.removeprefix("W/") == weak for one in asked.known):
        return Reply(304, headers)
    return None
