"""Draft: what is about to be published, from what was said and the version before."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

from cli.prepare import Prepared
from cli.pricing import Priced
from engine.checks import Check, parse, placed
from engine.errors import Refused
from engine.workflow.names import did_you_mean, some_of
from peers import royalty
from peers.identity import BEGINS, PeerId
from peers.resource import Author, Edition, Opened, Resource, complaint

_HELP: Final = "'tally publish --help' says more"


class Last(NamedTuple):
    """The version before, under the same name and by the same key."""

    edition: Edition
    resource: Resource | None  # None: it is not here any more


class Said(NamedTuple):
    """What was said on the command line; None, and no authors or checks: nothing."""

    title: str | None
    description: str | None
    licence: str | None
    authors: tuple[str, ...]
    checks: tuple[str, ...]


def authors_of(said: Said, before: Resource | None, own: PeerId) -> tuple[Author, ...]:
    """Return who made it: as said, or as of the version before, or this peer alone.

    Raises: Refused when this peer, which signs, is none of them.
    """
    found = tuple(_author(word, own) for word in said.authors)
    found = found or (before.authors if before else (Author(own.key, "", 1),))
    if all(author.public_key != own.key for author in found):
        fix = f"add --author NAME/{own}"
        raise Refused("an Open Resource is signed by one of the authors that it names", fix=fix)
    return found


def payees(authors: Sequence[Author]) -> list[royalty.Author]:
    """Return authors as a royalty manifest names them."""
    return [royalty.Author(author.public_key, author.weight) for author in authors]


def draft(
    said: Said,
    last: Last | None,
    authors: tuple[Author, ...],
    origin: Sequence[Opened],
    prepared: Prepared,
    price: Priced,
) -> Resource:
    """Return a resource as version 1, or as the version after `last`; without a run, or a time.

    Raises: Refused when what is said of it cannot be.
    """
    was, workflow = last.resource if last else None, prepared.workflow
    description = _or(said.description, was.description if was else None, workflow.description)
    found = Resource(
        name=workflow.name,
        version=last.edition.version + 1 if last else 1,
        previous=last.edition.release.raw if last else None,
        title=_or(said.title, was.title if was else None, workflow.name).strip(),
        description=description.strip(),
        licence=_or(said.licence, was.licence if was else None, _licence(origin)).strip(),
        authors=authors,
        workflow=prepared.workflow_cid,
        lock=prepared.lock_cid,
        parameters=dict(prepared.params.values),
        example=None,
        royalty=price.own.cid,
        royalties=price.parents,
        parents=_parents(was, origin),
        checks=_checks(said, was, prepared),
        made_ms=0,
    )
    if why := complaint(found):
        raise Refused(f"this cannot be published: {why}", fix=_HELP)
    return found


def is_news(found: Resource, before: Resource) -> bool:
    """Return whether a draft says something else than the version before.

    Another run of the same is no news; the first one is.
    """
    same = replace(found, version=before.version, previous=before.previous, made_ms=before.made_ms)
    if before.example is not None or found.example is None:
        same = replace(same, example=before.example)
    return same != before


def _or(said: str | None, was: str | None, otherwise: str) -> str:
    return next((text for text in (said, was) if text is not None), otherwise)


def _licence(origin: Sequence[Opened]) -> str:
    return origin[0].resource.licence if origin else ""


def _parents(was: Resource | None, origin: Sequence[Opened]) -> tuple[bytes, ...]:
    return tuple(one.cid.raw for one in origin) or (was.parents if was else ())


def _checks(said: Said, was: Resource | None, prepared: Prepared) -> tuple[Check, ...]:
    if not said.checks and was:
        known = prepared.workflow.outputs
        return tuple(check for check in was.checks if placed(check, known))
    checks = tuple(parse(text) for text in said.checks if text)
    for check in checks:
        if placed(check, prepared.workflow.outputs) is None:
            names = prepared.workflow.outputs
            fix = did_you_mean(check.output, names, f"it has: {some_of(names)}")
            raise Refused(f"the workflow has no output '{check.output}'", where=str(check), fix=fix)
    return checks


def _author(word: str, own: PeerId) -> Author:
    """Read NAME[/PEER][=WEIGHT]; a PEER may stand alone, a NAME alone is that of this peer."""
    who, _, weight = word.rpartition("=") if "=" in word else (word, "", "1")
    if not weight.isdecimal():
        raise Refused(f"{weight!r} is no weight", where=word, fix="write a whole number, as 2")
    name, slash, peer = who.rpartition("/")
    if not slash and not who.startswith(BEGINS):
        name, peer = who, ""
    return Author((PeerId.parse(peer) if peer else own).key, name.strip(), int(weight))
