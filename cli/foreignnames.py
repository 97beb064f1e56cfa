"""Foreign names: what others call content on IPFS, as a word here: 'Qm…', 'bafybei…', 'ipfs://…'."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from cli.workspace import Workspace
from engine.content.cid import TEXT, Cid
from engine.content.foreign_cid import ForeignCid
from engine.errors import NotHere, Refused

V0_TEXT: Final = 46  # characters of a CIDv0

_FIXED: Final = ("ipfs://", "/ipfs/")
_MOVING: Final = ("ipns://", "/ipns/")
_WEB: Final = ("http://", "https://")
_LIKE: Final = re.compile(r"(?:Qm|ba[fg])[0-9A-Za-z]*")
_LONG: Final = 20  # characters: a name that is as long, and like a CID, was to be one
_CID: Final = re.compile(r"Qm[1-9A-HJ-NP-Za-km-z]{44}|ba[a-z2-7]{5,}|[BFKfkuz][0-9A-Za-z_-]{48,}")


def parted(text: str) -> tuple[str, str]:
    """Return the CID or run that a reference begins with, and the path after it.

    Raises: Refused for a name that may move, and for a URL.
    """
    if text.startswith((*_MOVING, *_WEB)):
        ForeignCid.parse(text)  # says why not
    for prefix in _FIXED:
        text = text.removeprefix(prefix)
    head, _, rest = text.rstrip("/").partition("/")
    return head, rest


def foreign_cid(text: str) -> ForeignCid | None:
    """Return what others call some content; None when it is no CID, or one of ours.

    Raises: as any_cid.
    """
    name = any_cid(text)
    return None if name is None or name.is_ours else name


def any_cid(text: str) -> ForeignCid | None:
    """Return the CID of content that a text is, or None when it is none.

    Raises: Refused for one whose content cannot be checked, with what to do.
    """
    check_whole(text)
    if not text.startswith((*_FIXED, *_MOVING)) and not _CID.fullmatch(text):
        return None
    return ForeignCid.of_content(text)


def check_whole(text: str, least: int = _LONG) -> None:
    """Look whether a word of at least so many characters that is like a CID is one.

    Raises: Refused for one that lacks a character, or has one too many or a wrong one.
    """
    if len(text) < least or not _LIKE.fullmatch(text):
        return
    try:
        ForeignCid.parse(text)
    except Refused as error:
        if not error.what.startswith("not a CID"):  # it is one, which is not read here
            raise
    else:
        return
    whole = V0_TEXT if text.startswith("Qm") else TEXT
    fix = f"copy it again: such a CID has {whole} characters, and this has {len(text)}"
    if len(text) == whole:
        fix = "copy it again: a character of it is wrong"
    raise Refused("this is like a CID, and is none", where=text, fix=fix)


@contextmanager
def as_written(text: str) -> Iterator[None]:
    """Have content that is not here called as a person called it."""
    try:
        yield
    except NotHere as error:
        head, _ = parted(text)
        if (name := any_cid(head)) is not None:
            error.what = error.what.replace(str(name), head)
            error.where = error.where.replace(str(name), head)
        raise


def find_foreign(space: Workspace, name: ForeignCid) -> Cid:
    """Return by what content of others is read here: a CID of ours, if it has one.

    What has a name as stores and peers know it is read as it is, for as much as is wanted of it.

    Raises: as Foreign.bring.
    """
    return space.foreign.known(name) or name.cid or space.foreign.bring(name)
