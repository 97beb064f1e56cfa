"""`tally export` and `tally import`: a run, or any content, as one file."""

from collections.abc import Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from cli.bundlefile import is_builders, read_bundle
from cli.forms import CAR, FORMS, IN_TOTO, Form, write_form
from cli.names import is_run
from cli.options import common, offline
from cli.refs import find_content, public_root
from cli.report import counted, emit_json, human_size, note
from cli.settings import Settings
from cli.workspace import Workspace
from engine.bundle import export_file
from engine.content.car import MAX_ROOTS
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import NotHere, Refused
from engine.thin import THIN, deep_parts, environments

if TYPE_CHECKING:
    from cli.sampling import Wanted
    from engine.content.blocks import Block

MOST_WORDS: Final = MAX_ROOTS - 2  # of builders: a run and its receipts are roots, too

_KEEP: Final = (
    "what stayed with peers comes with 'tally run WORKFLOW --on peers --keep-intermediates'"
)


@click.command()
@click.argument("ref")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--receipts/--no-receipts", default=True, help="With what was paid for a run.")
@click.option("--thin", is_flag=True, help="Only what it takes to run some steps again.")
@click.option("--step", metavar="S", multiple=True, help="Of a thin file: this step (train[1]).")
@click.option("--sample", type=click.IntRange(min=1), metavar="N", help="Of it: N, at random.")
@click.option("--budget", metavar="TIME", help="Of it: as many, at random, as took so long.")
@click.option("--seed", metavar="TEXT", help="What a sample is drawn with: of who wants it.")
@click.option(
    "--format",
    "form",
    type=click.Choice(FORMS),
    default=CAR,
    help="A bundle, or what others' tools read: signed statements, an RO-Crate.",
)
@click.option("--sha256", is_flag=True, help="With SHA-256 of outputs, which are read for it.")
@common
@offline
def export(
    settings: Settings,
    ref: str,
    file: Path,
    receipts: bool,
    thin: bool,
    step: tuple[str, ...],
    sample: int | None,
    budget: str | None,
    seed: str | None,
    form: str,
    sha256: bool,
) -> None:
    """Write REF and everything it needs to FILE (as run.car).

    REF is a run, CID[/PATH] or RUN/STEP/OUTPUT[/PATH]. The file of a run holds its workflow,
    inputs, environments, outputs and logs: 'tally rerun FILE --offline' needs nothing else.
    With --thin it is a part of a run: the steps that are named or drawn can be run again from it.
    """
    from cli.sampling import Wanted

    wanted = Wanted(step, sample, budget, seed)
    _check(wanted, form, thin=thin)
    with Workspace(settings.home, writing=thin, online=settings) as space:
        cid = find_content(space, ref)
        if thin:
            return _export_thin(space, settings, cid, file, wanted)
        beside = _receipts(space, cid) if receipts and form == CAR and is_run(space, cid) else ()
        try:
            if space.sources and form != IN_TOTO:  # for which records are enough
                space.sources.have([cid], public_root(ref))
            if form != CAR:
                return write_form(space, settings, cid, Form(form, file, sha256=sha256))
            size = export_file(space.store, cid, file, beside, _words(space, cid))
        except NotHere as error:
            error.fix = f"{error.fix}; {_KEEP}"
            raise
    if settings.json:
        return emit_json({"cid": str(cid), "file": str(file), "size": size})
    return note(f"{file}: {cid}, {human_size(size)}")


def _check(wanted: "Wanted", form: str, *, thin: bool) -> None:
    """Look whether options go with one another.

    Raises: Refused when they do not.
    """
    if thin and form != CAR:
        raise Refused("a thin file is a bundle", fix="leave out --thin or --format")
    is_some = wanted.is_sample or bool(wanted.steps)
    if thin and not is_some:
        fix = "add --sample N, --budget TIME or --step S"
        raise Refused("a thin file has some steps of a run: which?", fix=fix)
    if not thin and (is_some or wanted.seed is not None):
        raise Refused("only a thin file has some steps of a run", fix="add --thin")


def _export_thin(
    space: Workspace, settings: Settings, run: Cid, file: Path, wanted: "Wanted"
) -> None:
    """Write what it takes to run some steps of a run again."""
    from cli.sampling import thin_of

    if not is_run(space, run):
        raise Refused("only of a run there are thin files", fix="name a run, as 'tally runs' does")
    space.store.hold([run])
    cid, thin = thin_of(space.store, run, wanted)
    if space.sources:
        space.sources.have(deep_parts(space.store, cid), run)
    words = _said_of(space, environments(space.store, cid))
    size = export_file(space.store, cid, file, (), words)
    if settings.json:
        seed = thin.seed or None
        told = {"cid": str(cid), "file": str(file), "size": size, "run": str(run)}
        return emit_json({**told, "steps": len(thin.picks), "seed": seed})
    drawn = f", drawn with --seed {thin.seed!r}" if thin.seed else ""
    what = f"{counted(len(thin.picks), 'step')} of {run}{drawn}"
    return note(f"{file}: {what}, {human_size(size)}")


def _words(space: Workspace, cid: Cid) -> list[Cid]:
    """Return what builders say of the environments of a run, or of one, as far as they are here."""
    from cli.prepare import carriers_of
    from engine.nix.records import ENVIRONMENT
    from engine.summary import load_run

    if is_run(space, cid):
        return _said_of(space, carriers_of(space, load_run(space.store, cid)).values())
    if cid.codec == DAG_CBOR and kind_of(space.store.get(cid)) == ENVIRONMENT.kind:
        return _said_of(space, [cid])
    return []


def _said_of(space: Workspace, carriers: Iterable[Cid]) -> list[Cid]:
    """Return what builders say of environments, as far as they are here, and a bundle takes it."""
    from cli.builders import carried
    from engine.nix.environment import open_environment

    found: dict[Cid, None] = {}
    carriers = list(dict.fromkeys(carriers))[:MOST_WORDS]
    each = MOST_WORDS // max(1, len(carriers))
    for one in carriers:
        with suppress(NotHere):  # what is needed of it is said when it is written
            opened = open_environment(space.store, one)
            found |= dict.fromkeys(word.cid for word in carried(space, opened, each))
    return list(found)


def _kind(space: Workspace, root: Cid) -> str:
    """Return what is in a bundle, in a word."""
    if is_run(space, root):
        return "run"
    if root.codec != DAG_CBOR:
        return "content"
    from engine.release import RELEASE
    from peers.run_receipts import RUN_RECEIPTS

    kinds = {RELEASE.kind: "resource", RUN_RECEIPTS.kind: "receipts", THIN.kind: "sample"}
    return kinds.get(kind_of(space.store.get(root)) or "", "content")


def _receipts(space: Workspace, run: Cid) -> "tuple[Block, ...]":
    """Return what the ledger of this home has of what was paid for a run."""
    from peers.ledger_file import LedgerFile
    from peers.run_bill import receipts_of

    if not LedgerFile.is_here(space.home):
        return ()
    with closing(LedgerFile(space.home)) as file:
        return receipts_of(file, space.store, run)


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@common
def import_(settings: Settings, file: Path) -> None:
    """Read FILE (as run.car) into the store and print what is in it."""
    with Workspace(settings.home, writing=True) as space:
        roots = read_bundle(space, file)
        words = [root for root in roots if is_builders(space, root)]
        kinds = {root: _kind(space, root) for root in roots if root not in words}
    if settings.json:
        named = [{"cid": str(cid), "kind": kind} for cid, kind in kinds.items()]
        return emit_json({"roots": named, "builders": len(words)})
    for cid, kind in kinds.items():
        click.echo(f"{kind} {cid}")
    if words:
        said = counted(len(words), "attestation")
        note(f"with what builders say of its environments: {said}")
    return None
