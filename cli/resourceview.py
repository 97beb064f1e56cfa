"""How an Open Resource is printed: for people, and for scripts."""

from collections.abc import Iterator, Mapping, Sequence

from cli.boundnames import known
from cli.pricing import called_here, manifest_of, parents_in_words
from cli.report import emit_json, emit_table, note
from cli.resourceparts import parts, parts_json, rows
from cli.resources import author_name, endorsed
from cli.royalties import price_in_words
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from peers.endorsement import Endorsed
from peers.identity import PeerId, tail
from peers.resource import Author, Opened, printed
from peers.royalty import Manifest


def tell_release(found: Opened) -> None:
    """Say what is about to be run, and whose it is."""
    licence = found.resource.licence or "no licence is named"
    who = author_name(found, found.author)
    note(f"{printed(found.resource)}: {found.resource.title}, by {who}; {licence}")


def emit_release(space: Workspace, settings: Settings, found: Opened) -> None:
    """Print an Open Resource, its price, and who says to have run it again.

    Raises: Unavailable when the manifest of its price does not come; Damaged when that is none.
    """
    price, verified = manifest_of(space, found), endorsed(space, found)
    if settings.json:
        return emit_json(_as_json(found, price, verified) | parts_json(parts(space, found)))
    editions = known(space, found.resource.name).offered
    names = {one.release: f"{one.name}@{one.version} of {tail(one.author)}" for one in editions}
    made_of = parts(space, found)
    table = [*_rows(found, names), ("price", price_in_words(price)), *_shared(space, found, price)]
    emit_table([*table, *(rows(made_of) if made_of else ()), *_verified(space, found, verified)])
    if made_of is None:
        note("its workflow is not here and does not come: its steps and inputs are not shown")
    if found.resource.description:
        emit_table([("",), *((line,) for line in found.resource.description.splitlines())])
    return None


def _rows(found: Opened, names: Mapping[Cid, str]) -> Iterator[tuple[str, str]]:
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
    for parent in one.parents:
        yield "made from", _with_name(Cid(parent), names)
    if one.previous is not None:
        yield "before it", f"{one.name}@{one.version - 1}, {Cid(one.previous)}"


def _with_name(release: Cid, names: Mapping[Cid, str]) -> str:
    return f"{names[release]}, {release}" if release in names else str(release)


def _shared(space: Workspace, found: Opened, price: Manifest) -> Iterator[tuple[str, str]]:
    """Yield what the authors of what it was made from get of its price."""
    called = called_here(space, found.resource.parents)
    for line in parents_in_words(price, called, lambda cid: space.sources.get(cid, found.cid)):
        yield "price", line


def _verified(
    space: Workspace, found: Opened, said: Sequence[Endorsed]
) -> Iterator[tuple[str, str]]:
    """Yield who ran it again: those whom the user knows by name, strangers by number."""
    from cli.circle import circle_of
    from cli.foundview import verdicts

    if said:
        yield "rerun", verdicts(said, found.author, circle_of(space.home))


def _as_json(found: Opened, price: Manifest, verified: Sequence[Endorsed]) -> dict[str, object]:
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
        "royalty": {
            "manifest": str(one.royalty),
            "share_basis_points": price.share,
            "per_run": price.per_run,
            "most": price.pool_most,
            "parents": [
                {"manifest": str(each.manifest), "share_basis_points": each.basis_points}
                for each in price.parents
            ],
        },
        "parents": [str(Cid(raw)) for raw in one.parents],
        "checks": [str(check) for check in one.checks],
        "made_ms": one.made_ms,
        "rerun_by": [
            {"peer": str(each.signer), "verdict": each.endorsement.verdict} for each in verified
        ],
    }


def _called(author: Author) -> str:
    peer = str(PeerId(author.public_key))
    return f"{author.name} ({peer})" if author.name else peer
