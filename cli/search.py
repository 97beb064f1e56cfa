"""`tally search`: which Open Resources this home knows of, and who has verified them."""

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import click

from cli.options import common
from cli.report import emit_json, emit_table, note
from cli.settings import Settings
from engine.clock import SystemClock
from engine.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

    from peers.announcement import Announced
    from peers.catalogue_file import CatalogueFile
    from peers.search import Circle, Found, Query

SHORTEST: Final = 6  # characters of the end of an id: fewer are many peers'


@click.command()
@click.argument("text", metavar="TEXT", nargs=-1)
@click.option("--verified", is_flag=True, help="Only what you, or a peer you named, ran again.")
@click.option("--author", metavar="PEERID", default="", help="Only what this peer announced.")
@click.option("--all-versions", is_flag=True, help="Not only the newest of each.")
@common
def search(
    settings: Settings, text: tuple[str, ...], verified: bool, author: str, all_versions: bool
) -> None:
    """Find Open Resources by words of their name, title and description.

    It looks in what this home knows, and keeps: peers tell each other what is published while they
    run. Without TEXT, all of it is listed. Who verified something is who says so: yourself and who
    you named come first.
    """
    from peers.catalogue_file import CatalogueFile
    from peers.search import Query

    query = Query(" ".join(text), _author(author), verified, all_versions)
    if not CatalogueFile.is_here(settings.home):
        return _search(settings, query, None)
    with CatalogueFile(settings.home) as file:
        return _search(settings, query, file)


def _search(settings: Settings, query: "Query", file: "CatalogueFile | None") -> None:
    from cli.circle import circle_of
    from cli.unannounced import unannounced
    from peers.search import find

    now_ms = SystemClock().now_ms()
    announced = file.claims(now_ms) if file else []
    announced += unannounced(settings.home, announced)
    circle = circle_of(settings.home) if announced else None
    said = partial(file.endorsements, now_ms=now_ms) if file else lambda _: ()
    found = _that_hold(announced, lambda of: find(query, of, said, circle)) if circle else []
    _emit(settings, query, found, len(announced), circle)


def _that_hold(
    claims: "list[Announced]", find: "Callable[[list[Announced]], list[Found]]"
) -> "list[Found]":
    """Return what is found of all whose signature holds: looked at is that of what is found."""
    while True:
        found = find(claims)
        false = {one.announced.cid for one in found if not _holds(one.announced)}
        if not false:
            return found
        claims = [one for one in claims if one.cid not in false]


def _holds(claim: "Announced") -> bool:
    """Return whether somebody announced it; what is kept here nobody has to."""
    from peers.announcement import holds

    return not claim.data or holds(claim)


def _author(text: str) -> str:
    """Return the id of a peer, or the end of one.

    Raises: Refused when it is too short to be meant.
    """
    if text and len(text) < SHORTEST:
        what = f"'{text}' is too short to say which peer is meant"
        raise Refused(what, fix=f"give its id, or the last {SHORTEST} characters of it or more")
    return text


def _emit(
    settings: Settings,
    query: "Query",
    found: "list[Found]",
    known: int,
    circle: "Circle | None",
) -> None:
    from cli.foundview import as_json, as_row

    is_running = _is_running(settings)
    now_ms = SystemClock().now_ms()
    if settings.json:
        rows: list[Any] = [as_json(one, circle) for one in found] if circle else []
        emit_json({"resources": rows, "known": known, "running": is_running})
    elif circle:
        header = ("name", "title", "author", "verified by", "announced", "cid")
        emit_table([as_row(one, circle, now_ms) for one in found], header)
    _advise(query, found, known, is_running=is_running)


def _advise(query: "Query", found: "list[Found]", known: int, *, is_running: bool) -> None:
    """Say what to do when there is less than somebody may have hoped for."""
    if any(one.is_double for one in found):
        note("(!): its author announced two of this version: name the one you mean by its CID")
    if not known:
        note("this home knows of no Open Resource yet; 'tally publish' makes one")
    elif not found:
        note(f"nothing matches ({known} {'resource' if known == 1 else 'resources'} known here)")
    if not is_running:
        note("no peer runs in this home: what is new comes while 'tally peer start' runs")
    elif not known:
        note("others tell what they know once they are connected: 'tally peer list' says who is")


def _is_running(settings: Settings) -> bool:
    from engine.errors import Unavailable
    from peers.control_client import connect

    try:
        connect(settings.home).close()
    except Unavailable:
        return False
    return True
