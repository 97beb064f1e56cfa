"""How an Open Resource is printed: for people, and for scripts."""

from collections.abc import Iterator

from cli.report import emit_json, emit_table, note
from cli.resources import author_name
from cli.settings import Settings
from engine.content.cid import Cid
from peers.identity import PeerId
from peers.resource import Author, Opened, printed


def tell_release(found: Opened) -> None:
    """Say what is about to be run, and whose it is."""
    licence = found.resource.licence or "no licence is named"
    who = author_name(found, found.author)
    note(f"{printed(found.resource)}: {found.resource.title}, by {who}; {licence}")


def emit_release(settings: Settings, found: Opened) -> None:
    """Print an Open Resource."""
    if settings.json:
        return emit_json(_as_json(found))
    emit_table(_rows(found))
    if found.resource.description:
        note(found.resource.description)
    return None


def _rows(found: Opened) -> Iterator[tuple[str, str]]:
    one = found.resource
    yield "resource", str(found.cid)
    yield "name", printed(one)
    yield "title", one.title
    yield "licence", one.licence or "-"
    yield "signed by", str(found.author)
    for author in one.authors:
        yield "author", f"{_called(author)}, weight {author.weight}"
    yield "workflow", str(one.workflow)
    for name, value in one.parameters.items():
        yield "param", f"{name}={value}"
    for check in one.checks:
        yield "check", str(check)
    yield "run", str(one.example or "-")
    yield "royalty", str(one.royalty)
    for parent in one.parents:
        yield "made from", str(Cid(parent))
    if one.previous is not None:
        yield "before it", str(Cid(one.previous))


def _as_json(found: Opened) -> dict[str, object]:
    one = found.resource
    return {
        "resource": str(found.cid),
        "name": one.name,
        "version": one.version,
        "previous": str(Cid(one.previous)) if one.previous else None,
        "title": one.title,
        "description": one.description,
        "licence": one.licence,
        "signer": str(found.author),
        "authors": [
            {"peer": str(PeerId(each.public_key)), "name": each.name, "weight": each.weight}
            for each in one.authors
        ],
        "workflow": str(one.workflow),
        "lock": str(one.lock),
        "params": one.parameters,
        "run": str(one.example) if one.example else None,
        "royalty": str(one.royalty),
        "parents": [str(Cid(raw)) for raw in one.parents],
        "checks": [str(check) for check in one.checks],
        "made_ms": one.made_ms,
    }


def _called(author: Author) -> str:
    peer = str(PeerId(author.public_key))
    return f"{author.name} ({peer})" if author.name else peer
