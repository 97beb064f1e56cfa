"""`tally gc` and `tally fsck`: room on the disk, and whether everything on it is right."""

import click

from cli.options import common
from cli.refs import find_content
from cli.report import emit_json, emit_table, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.errors import Damaged, Refused, Unavailable


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
    from engine.collection import Collection
    from engine.store.retention import Policy

    policy = Policy(settings.environment_quota, keep_intermediates)
    with Workspace(settings.home, writing=True) as space:
        _unpin(space, unpin)
        collection = Collection(space.work, space.store, space.materialiser, space.journal)
        done = collection.collect(policy, dry_run=dry_run)
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
        names = [name for pinned, name in space.store.pins.all() if pinned == cid]
        if not names:
            raise Refused("this is not pinned", where=str(cid))
        for name in names:
            space.store.pins.unpin(cid, name)
        space.journal.let_go(cid)


@click.command()
@common
def fsck(settings: Settings) -> None:
    """Check every stored block against its address, and that what runs need is here.

    What 'tally gc' took on purpose is not missed: it is made again when it is wanted.
    """
    from engine.collection import Collection
    from engine.store.fsck import fsck as check

    with Workspace(settings.home) as space:
        roots, links = Collection(
            space.work, space.store, space.materialiser, space.journal
        ).needed()
        findings = list(check(space.store, roots, links))
    if settings.json:
        emit_json(
            {
                "findings": [
                    {
                        "problem": one.problem,
                        "cid": str(one.cid) if one.cid else None,
                        "what": one.what,
                        "where": one.where,
                        "fix": one.fix,
                    }
                    for one in findings
                ]
            }
        )
    else:
        emit_table([(one.problem, one.what, one.where, one.fix) for one in findings])
    damaged = [one for one in findings if one.problem == "damaged"]
    if damaged:
        raise Damaged(f"{len(damaged)} damaged; they are out of the way now", fix=damaged[0].fix)
    if findings:
        raise Unavailable(f"{len(findings)} blocks are missing", fix=findings[0].fix)
    return note("everything is right")
