"""Resource: a workflow that its authors published, and the signature that makes it theirs. Pure.

The Resource says what it is and links to all that is needed to run it, and to pay for it. The
Release (engine/release.py) links to it and signs its exact bytes; its CID is what people hand
around. Earlier versions and parents are named, not linked to: who has one has not all of them.

>>> found = opened(store.get, release)                                   # doctest: +SKIP
>>> found.resource.name, found.resource.version, found.author            # doctest: +SKIP
('digits', 2, PeerId(...))
"""

from collections.abc import Callable
from typing import Final, NamedTuple

from engine import seals
from engine.checks import Check, is_check
from engine.content.blocks import Block
from engine.content.cid import Cid, are_cids
from engine.content.schema import Record, kind_of
from engine.errors import Damaged
from engine.release import RELEASE, Release, read
from engine.release import RESOURCE as KIND
from engine.runner import Signer
from engine.step import Signed
from engine.values import dataclass
from engine.workflow.names import NAME, WORKFLOW_NAME, is_name
from peers.identity import PeerId, is_key
from peers.royalty import MAX_AUTHORS, MAX_PARENTS, MAX_WEIGHT

MAX_TITLE: Final = 200  # characters: a line
MAX_LICENCE: Final = 100  # characters of an SPDX expression
MAX_NAME: Final = 100  # characters of what an author is called
MAX_DESCRIPTION: Final = 4096  # bytes: a page
MAX_CHECKS: Final = 32  # each reads an output
MAX_VERSION: Final = 1_000_000
MAX_PARAMS: Final = 2_000  # as many as a workflow has
MAX_VALUE: Final = 64 * 1024  # bytes of a param's value, as it is written: more is an input

_BLANKS: Final = {ord("\n"): None, ord("\t"): None}

Get = Callable[[Cid], bytes]


@dataclass(frozen=True, slots=True)
class Author:
    """Somebody who made it."""

    public_key: bytes  # Ed25519, 32 bytes
    name: str  # as they call themselves: nobody has looked whether they are that; may be ""
    weight: int  # their part in it, of all weights


@dataclass(frozen=True, slots=True)
class Resource:
    """A workflow as it was published."""

    name: str  # the workflow's
    version: int  # 1, 2, …
    previous: bytes | None  # the CID of the Release before; no link
    title: str
    description: str
    licence: str  # as SPDX writes it; "" when nobody said
    authors: tuple[Author, ...]
    workflow: Cid
    lock: Cid
    parameters: dict[str, str]  # compact JSON, as in a Run
    example: Cid | None  # a Run of exactly this, that its author made
    royalty: Cid  # the signed manifest by which its authors are paid
    royalties: tuple[Cid, ...]  # the signed manifests of those that share in it
    parents: tuple[bytes, ...]  # CIDs of the Releases that it was made from; no links
    checks: tuple[Check, ...]
    made_ms: int  # since 1970 UTC


class Edition(NamedTuple):
    """One version of somebody's resource, by which it is called."""

    author: PeerId  # who signed
    name: str
    version: int
    release: Cid


class Opened(NamedTuple):
    """A Release that was looked at, with what it is of."""

    cid: Cid
    resource: Resource
    author: PeerId  # who signed

    @property
    def edition(self) -> Edition:
        """What names lead to it."""
        return Edition(self.author, self.resource.name, self.resource.version, self.cid)


def released(resource: Resource, signer: Signer) -> tuple[Block, Block]:
    """Return a Resource and its Release, signed, as blocks."""
    block = RESOURCE.block(resource)
    signature = signer.sign(RESOURCE.kind.encode(), block.data)
    return block, RELEASE.block(Release(block.cid, signer.public_key, signature))


def opened(get: Get, cid: Cid) -> Opened:
    """Read a Release and its Resource.

    Raises: as `get`; Damaged when one is malformed, or none of its authors signed it.
    """
    try:
        release = read(get(cid))
        return Opened(cid, *_checked(release, get(release.resource)))
    except Damaged as damaged:
        damaged.where = damaged.where or str(cid)
        raise


def is_release(data: bytes) -> bool:
    """Return whether bytes are a Release, or are called that."""
    return kind_of(data) == RELEASE.kind


def printed(resource: Resource) -> str:
    """Return how people call one: "digits@2"."""
    return f"{resource.name}@{resource.version}"


def complaint(resource: Resource) -> str:
    """Return why a resource cannot be; "" when it can."""
    try:
        _check(resource)
    except Damaged as damaged:
        return damaged.what
    return ""


def _checked(release: Release, data: bytes) -> tuple[Resource, PeerId]:
    resource = RESOURCE.decode(data)
    if all(author.public_key != release.public_key for author in resource.authors):
        raise Damaged("an Open Resource is signed by one of the authors that it names")
    if not seals.holds(RESOURCE.kind, Signed(data, release.public_key, release.signature)):
        raise Damaged("the signature of its author does not hold")
    return resource, PeerId(release.public_key)


def _check(resource: Resource) -> None:
    if not is_name(resource.name, WORKFLOW_NAME):
        raise Damaged("its name is none")
    if not 1 <= resource.version <= MAX_VERSION:
        raise Damaged(f"its version is not from 1 to {MAX_VERSION}")
    if (resource.previous is None) != (resource.version == 1):
        raise Damaged("it names the version before it unless it is the first")
    if resource.made_ms < 0:
        raise Damaged("it was made before 1970")
    _check_words(resource)
    _check_authors(resource.authors)
    _check_origin(resource)
    if len(resource.checks) > MAX_CHECKS or not all(map(is_check, resource.checks)):
        raise Damaged(f"it has not up to {MAX_CHECKS} checks")


def _check_words(resource: Resource) -> None:
    if not resource.title:
        raise Damaged("its title is empty")
    lines = (("title", resource.title, MAX_TITLE), ("licence", resource.licence, MAX_LICENCE))
    for what, text, most in lines:
        if not is_line(text, most):
            raise Damaged(f"its {what} is not one line of at most {most} characters")
    if len(resource.description.encode()) > MAX_DESCRIPTION:
        raise Damaged(f"its description has over {MAX_DESCRIPTION} bytes")
    if not resource.description.translate(_BLANKS).isprintable():
        raise Damaged("its description is not plain text")
    _check_params(resource.parameters)


def _check_params(values: dict[str, str]) -> None:
    if len(values) > MAX_PARAMS:
        raise Damaged(f"it has over {MAX_PARAMS} params")
    if not all(is_name(name, NAME) for name in values):
        raise Damaged("a param has no name")
    long = next((name for name, text in values.items() if len(text.encode()) > MAX_VALUE), "")
    if long:
        raise Damaged(f"its param '{long}' has over {MAX_VALUE} bytes: an input can have more")


def is_line(text: str, most: int) -> bool:
    """Return whether some text is one line that can be printed, of at most so many characters."""
    return len(text) <= most and text.isprintable() and text == text.strip()


def _check_authors(authors: tuple[Author, ...]) -> None:
    if not 1 <= len(authors) <= MAX_AUTHORS:
        raise Damaged(f"it has {len(authors)} authors, not 1 to {MAX_AUTHORS}")
    if not all(is_key(author.public_key) for author in authors):
        raise Damaged("the key of an author is none")
    if len({author.public_key for author in authors}) < len(authors):
        raise Damaged("it names one author twice")
    if not all(1 <= author.weight <= MAX_WEIGHT for author in authors):
        raise Damaged(f"the weight of an author is from 1 to {MAX_WEIGHT}")
    if not all(is_line(author.name, MAX_NAME) for author in authors):
        raise Damaged("the name of an author is no line of text, or a long one")


def _check_origin(resource: Resource) -> None:
    if max(len(resource.parents), len(resource.royalties)) > MAX_PARENTS:
        raise Damaged(f"it has over {MAX_PARENTS} parents")
    if len(set(resource.parents)) < len(resource.parents):
        raise Damaged("it names one parent twice")
    before = () if resource.previous is None else (resource.previous,)
    if not are_cids((*before, *resource.parents)):
        raise Damaged("what it was made from has no CID")


RESOURCE: Final = Record(KIND, Resource, _check)
