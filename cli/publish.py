"""`tally publish`: a workflow as an Open Resource."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import click

from cli.options import common, ipfs_node
from cli.report import note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.durable import reached
from engine.errors import Refused
from engine.release import UNSHARED_PIN

if TYPE_CHECKING:
    from cli.draft import Last, Said
    from cli.named import Named
    from cli.prepare import Prepared
    from cli.pricing import Price, Priced
    from engine.rows import RunRow
    from peers.keyring import Identity
    from peers.resource import Opened, Resource

_RUN_IT: Final = "'tally run WORKFLOW' with the same params makes one; then publish it again"


@click.command()
@click.argument("workflow", metavar="WORKFLOW|CID|RESOURCE", required=False)
@click.option("--from", "origin", metavar="RESOURCE", multiple=True, help="What it was made from.")
@click.option("-p", "params", metavar="NAME=VALUE", multiple=True, help="A param's default.")
@click.option("--title", metavar="TEXT", help="A line that says what it is.")
@click.option("--description", metavar="TEXT", help="A page at most; else the workflow's own.")
@click.option("--licence", metavar="SPDX", help="As MIT, or CC-BY-4.0.")
@click.option(
    "--author", "authors", metavar="NAME[/PEER][=WEIGHT]", multiple=True, help="Who made it."
)
@click.option("--share", metavar="PERCENT", help="For its authors, of what is paid to peers.")
@click.option("--per-run", metavar="C", help="Credits for its authors, once in a run.")
@click.option("--most", metavar="C", help="Credits at most, for one agreement.")
@click.option("--parent-share", metavar="PERCENT", help="Of that for the authors of each --from.")
@click.option("--royalty", metavar="FILE|CID", help="Pay by this manifest instead.")
@click.option("--check", "checks", metavar="CHECK", multiple=True, help="What must hold of a run.")
@click.option("--offline", is_flag=True, help="Use no network and no Nix.")
@click.option("-n", "--dry-run", is_flag=True, help="Only say what would be public.")
@ipfs_node
@common
def publish(
    settings: Settings,
    workflow: str | None,
    origin: tuple[str, ...],
    params: tuple[str, ...],
    title: str | None,
    description: str | None,
    licence: str | None,
    authors: tuple[str, ...],
    share: str | None,
    per_run: str | None,
    most: str | None,
    parent_share: str | None,
    royalty: str | None,
    checks: tuple[str, ...],
    offline: bool,
    dry_run: bool,
) -> None:
    """Publish WORKFLOW as an Open Resource, which anybody can find, run and verify.

    Its source, inputs, environments and the latest run of it here become public, for good. Done
    again after a change, it is the next version. What is not said stays as it was.
    """
    from cli.draft import Said
    from cli.lastversion import as_before, last_version
    from cli.prepare import prepare
    from cli.pricing import Price
    from peers.keyring import Keyring

    said = Said(title, description, licence, authors, checks)
    price = Price(share, per_run, most, royalty, parent_share)
    with Workspace(settings.home, writing=True, online=None if offline else settings) as space:
        came = [_origin(space, word, is_dry=dry_run) for word in origin]
        identity = Keyring(settings.home / "keys").identity()
        named = _named(space, workflow, came, is_dry=dry_run)
        last = last_version(space, identity, named.workflow.name)
        if named.file is not None or workflow is None:  # a run that is named has its own
            named = as_before(space, named, last, params)
        prepared = prepare(space, named, params, offline=offline, lock=not dry_run)
        _publish(space, settings, identity, prepared, last, came, said, price, dry_run=dry_run)


def _origin(space: Workspace, word: str, *, is_dry: bool) -> "Opened":
    from cli.boundnames import bind
    from cli.resources import bring, find_release, needed

    found = find_release(space, word)
    if found is None:
        fix = "name it by its CID, or by a name that 'tally search' finds"
        raise Refused("there is no such Open Resource", where=word, fix=fix)
    bring(space, found, needed(found))
    bind(space, word, found, is_dry=is_dry)
    return found


def _named(
    space: Workspace, workflow: str | None, came: "Sequence[Opened]", *, is_dry: bool
) -> "Named":
    """Return what is to be published.

    Raises: Refused when nothing is named, or some of it is not to leave this machine.
    """
    from cli.disclosure import refuse_private
    from cli.kept import refuse_kept
    from cli.named import find_workflow, of_release

    if workflow is not None:
        named = find_workflow(space, workflow, is_dry=is_dry)
    elif came:
        named = of_release(space, came[0], is_dry=is_dry)
    else:
        raise Refused("nothing to publish is named", fix="name a workflow file, or --from CID")
    refuse_private(named.workflow)
    if named.inputs is not None:
        refuse_kept(space, named.workflow, named.inputs)
    return named


def _publish(
    space: Workspace,
    settings: Settings,
    identity: "Identity",
    prepared: "Prepared",
    last: "Last | None",
    came: "Sequence[Opened]",
    said: "Said",
    price: "Price",
    *,
    dry_run: bool,
) -> None:
    from cli.disclosure import disclosed
    from cli.draft import authors_of, draft, is_news, payees
    from cli.licence import tell_licence
    from cli.pricing import priced, tell_price
    from cli.publishview import emit_draft, emit_published
    from cli.resources import open_release
    from peers.resource import printed

    was = last.resource if last else None
    authors = authors_of(said, was, identity.peer)
    paid = priced(space, identity, price, (was, payees(authors)), came)
    run = _run_of(space, prepared)
    found = draft(said, last, authors, came, prepared, paid)
    found = replace(found, example=run.run if run else None)
    _must_hold(space, found, run)
    seen = list(disclosed(space, prepared, run))
    tell_price(space, paid, came, was)
    tell_licence(found, said, came, was)
    if dry_run:
        emit_draft(settings, found, seen)
        return _tell_run(found, was)
    if last is not None and was is not None and not is_news(found, was):
        note(f"nothing is new since {printed(was)}")
        before = open_release(space, last.edition.release)
        _offer(space, settings, identity, before)
        return emit_published(settings, before, seen, is_new=False)
    made = _make(space, identity, found, paid)
    _offer(space, settings, identity, made)
    emit_published(settings, made, seen, is_new=True)
    return _tell_run(found, was)


def _tell_run(found: "Resource", was: "Resource | None") -> None:
    """Say when nobody can rerun what is published; last, where it is seen."""
    from peers.resource import printed

    if found.example is not None:
        return
    note(f"no run of exactly this is here: it is published without one; {_RUN_IT}")
    if was is not None and was.example is not None:
        what = f"{printed(was)} has one, and can be verified; {printed(found)} cannot"
        note(f"WARNING: {what} until it is published with a run")


def _run_of(space: Workspace, prepared: "Prepared") -> "RunRow | None":
    """Return the newest run of exactly this that succeeded, and is here as a whole."""
    from engine.presence import Presence
    from engine.summary import load_run

    presence = Presence(space.store, space.store.hold)
    for row in space.journal.runs():
        is_same = (row.workflow, row.parameters) == (prepared.workflow_cid, prepared.params.values)
        if row.run is None or row.status != "succeeded" or not is_same:
            continue
        if load_run(space.store, row.run).lock != prepared.lock_cid:
            continue
        if presence.whole([row.run]):
            return row
        keep = "'tally run WORKFLOW' makes it again"
        note(f"run '{row.name}' is not here as a whole, and cannot be published; {keep}")
    return None


def _must_hold(space: Workspace, found: "Resource", run: "RunRow | None") -> None:
    """Look whether what is promised is so in the run that goes with it.

    Raises: Differs when it is not.
    """
    if run is None or not found.checks:
        return
    from cli.checked import judge_all, must_hold, tell_checks
    from cli.runview import view_row

    judged = judge_all(space.store.get, found.checks, view_row(space, run).outputs)
    tell_checks(judged)
    must_hold(judged, fix="promise what holds of your own run: it goes with what is published")


def _make(space: Workspace, identity: "Identity", found: "Resource", paid: "Priced") -> "Opened":
    """Sign a resource, and have it durably here, with all that it leads to.

    Raises: Refused when some of that is not here.
    """
    from engine.presence import Presence
    from peers.bindings import Bindings
    from peers.resource import opened, released

    found = replace(found, made_ms=SystemClock().now_ms())
    record, release = released(found, identity)
    space.store.put([paid.own, record, release])
    if not Presence(space.store, space.store.hold).whole([release.cid]):
        what = "some of what would be published is not here"
        fix = "'tally fsck' says what is missing"
        raise Refused(what, where=str(release.cid), fix=fix)
    made = opened(space.store.get, release.cid)
    space.store.pins.pin(made.cid, UNSHARED_PIN)  # with its number: the next one begins from it
    with closing(Bindings(space.home)) as file:  # before anybody hears of it
        file.make(made.edition)
    reached("release.made")
    return made


def _offer(space: Workspace, settings: Settings, identity: "Identity", made: "Opened") -> None:
    """Make it public, and announce it; done again, it does no harm."""
    from cli.sharing import nudge, share
    from engine.mirrors import digests
    from engine.summary import load_workflow
    from peers.announcement import Words, announce
    from peers.catalogue_file import CatalogueFile

    share(space, settings, made.cid)  # first: who hears of it has it
    for cid in space.store.pins.of(UNSHARED_PIN):  # also of who was killed before
        space.store.pins.unpin(cid, UNSHARED_PIN)
    one = made.resource
    words = Words(
        one.name,
        one.version,
        one.title,
        one.description,
        one.licence,
        digests(load_workflow(space.store, one.workflow)),
    )
    now_ms = SystemClock().now_ms()
    with CatalogueFile(space.home) as file:
        file.put(announce(space.store.get(made.cid), words, identity, now_ms).data, now_ms)
    nudge(settings)
