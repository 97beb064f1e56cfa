"""`tally gc`: room on the disk."""

import click

from cli.options import common
from cli.refs import find_content
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.content.cid import Cid
from engine.errors import Refused
from engine.release import RESOURCE_PIN
from engine.store.public_roots import PUBLIC_PIN


@click.command()
@click.option("-n", "--dry-run", is_flag=True, help="Say what would go; change nothing.")
@click.option("--keep-intermediates", is_flag=True, help="Keep what only other steps read.")
@click.option("--unpin", metavar="REF", multiple=True, help="First let go of what was added.")
@common
def gc(settings: Settings, dry_run: bool, keep_intermediates: bool, unpin: tuple[str, ...]) -> None:
    """Delete what nothing needs.

    Runs, their records, inputs and final outputs stay, and so does whatever is pinned.
    Intermediate outputs go; environments go by last use, beyond the setting environment_quota.
    """
    from cli.livelog import clear_ended
    from engine.collection import Collection
    from engine.staging import clear_dead
    from engine.store.retention import Policy

    if dry_run and unpin:
        what = "--dry-run changes nothing, and --unpin does"
        raise Refused(what, fix="leave one of them out")
    policy = Policy(settings.environment_quota, keep_intermediates)
    with Workspace(settings.home, writing=True) as space:
        _unpin(space, unpin)
        collection = Collection(space.work, space.store, space.materialiser, space.journal)
        done = collection.collect(policy, dry_run=dry_run)
        if not dry_run:
            clear_ended(space.home, space.journal)
            clear_dead(space.work, space.claims)
    if settings.json:
        return emit_json(
            {
                "dropped": done.blocks,
                "freed": done.freed,
                "dry_run": dry_run,
                "went": [{"cid": str(drop.cid), "why": drop.why} for drop in done.drops],
            }
        )
    emit_table([(str(drop.cid), drop.why) for drop in done.drops])
    would = "would be " if dry_run else ""
    return note(f"{done.blocks} blocks {would}deleted, {human_size(done.freed)} {would}freed")


def _unpin(space: Workspace, refs: tuple[str, ...]) -> None:
    for ref in refs:
        cid = find_content(space, ref)
        broken = [
            row for row in space.journal.runs() if row.run == cid and not _is_whole(space, cid)
        ]
        for row in broken:
            space.journal.forget(row.id)
        names = [name for pinned, name in space.store.pins.all() if pinned == cid]
        if not names and not broken:
            fix = "only what 'tally add' or 'tally import' brought in is let go of"
            raise Refused("this is not pinned", where=str(cid), fix=fix)
        if PUBLIC_PIN in names:
            fix = f"'tally unpublish {cid}' takes it back, as far as that can be"
            raise Refused("this is published", where=str(cid), fix=fix)
        if RESOURCE_PIN in names:
            from cli.boundnames import forget

            forget(space.home, cid)
        for name in names:
            space.store.pins.unpin(cid, name)
        space.journal.let_go(cid)


def _is_whole(space: Workspace, run: Cid) -> bool:
    from engine.summary import is_readable

    return is_readable(space.store, run)
