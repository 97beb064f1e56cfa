"""A bundle file, read into the store of a home, unless what it attests is forged."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final, cast

from cli.builders import BUILT_PIN, others_in
from cli.names import is_run
from cli.report import note
from cli.workspace import Workspace
from engine.built import is_word
from engine.bundle import import_bundle
from engine.bundlerecords import BundleRecords
from engine.clock import SystemClock
from engine.content import car
from engine.content.blocks import BlockStore
from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Damaged, NotHere, Refused, Unavailable
from engine.faults import writing
from engine.forgery import Forgery, Unjudged, look_over
from engine.rows import NewRun, RunStatus
from engine.summary import load_run, load_workflow, of_record
from engine.thin import THIN, THIN_PIN, Thin, is_drawn, is_thin, picked, repeatable
from engine.trust.wrong import WRONG_RESULT, open_wrong

_NAME_A_FILE: Final = "name a file that 'tally export RUN FILE.car' wrote"
LEDGER_ROOTS: Final = 2  # its statement, and all that it is about
MOST_RUNS: Final = 64  # in one bundle: they can share pages, each of which is looked at for each
MOST_NAMED: Final = 50  # forgeries; of more there is the number
_BELIEVE: Final = "believe nothing of it: nothing was stored or written"
IMPORT_PIN: Final = "imported"  # keeps what came in a bundle until a person lets go of it

Look = Callable[[BundleRecords], object]


def read_bundle(space: Workspace, file: Path, look: Look | None = None) -> tuple[Cid, ...]:
    """Put a bundle in the store, pinned; return its roots. A run in it is one of this home's then.

    `look` is shown its records before anything is stored, and raises for what is not wanted.

    Raises: Refused when it is no bundle or cannot be read; Damaged when it is changed or cut
    short, or forged: then nothing is stored; Unavailable on a full disk.
    """
    try:
        stream = file.open("rb")
    except IsADirectoryError:
        raise Refused(
            "this is a directory, not a bundle", where=str(file), fix=_NAME_A_FILE
        ) from None
    except FileNotFoundError:
        raise Refused(
            "no such file", where=str(file), fix="check the path; " + _NAME_A_FILE
        ) from None
    except OSError as error:
        what = f"cannot be read: {error.strerror}"
        raise Unavailable(what, where=str(file), fix="make it readable for this user") from None
    with stream, _seekable(space, stream) as bundle:
        try:
            _refuse_ledger(bundle)
            others = _look_over(space, bundle, look)
            roots = import_bundle(space.store, bundle, others)
        except (Refused, Damaged) as error:
            error.where = error.where or str(file)
            raise
    for root in roots:
        if is_run(space, root):
            enter(space, root)
        space.store.pins.pin(root, _pin(space, root))
    return roots


def _pin(space: Workspace, root: Cid) -> str:
    if is_thin(space.store, root):
        return THIN_PIN
    return BUILT_PIN if is_builders(space, root) else IMPORT_PIN


def is_builders(space: Workspace, root: Cid) -> bool:
    """Return whether a root of a bundle is what a builder says, which goes with what it is for."""
    return root.codec == DAG_CBOR and is_word(space.store.get(root))


def _refuse_ledger(stream: BinaryIO) -> None:
    """Look whether a file is an exported ledger, in which nothing was run.

    Raises: Refused when it is; as `import_bundle` for what is no bundle.
    """
    reader = car.Reader(stream)
    if len(reader.roots) == LEDGER_ROOTS:
        from peers.ledger_bundle_check import is_statement

        first = next(iter(reader), None)
        if first is not None and is_statement(first.data):
            fix = f"'tally credit verify FILE' looks at it; {_NAME_A_FILE}"
            raise Refused("this is an exported ledger, and has no run in it", fix=fix)
    stream.seek(0)


@contextmanager
def _seekable(space: Workspace, stream: BinaryIO) -> Iterator[BinaryIO]:
    """Give a bundle that can be read twice: of a pipe, a copy that has no name."""
    if stream.seekable():
        yield stream
        return
    with tempfile.TemporaryFile(dir=space.work) as copy:
        with writing(space.work, 0):
            shutil.copyfileobj(stream, copy)
            copy.seek(0)
        yield copy


def _look_over(space: Workspace, stream: BinaryIO, look: Look | None) -> frozenset[Cid]:
    """Look at what is attested in a bundle, and go back to its beginning; return what is not taken.

    Those are builders' words about environments that are not in it.

    Raises: Damaged when some of it is forged, with each; as `import_bundle` for what is no bundle.
    """
    records = BundleRecords(stream, space.store)
    if look is not None:
        look(records)
    if len(records.runs) > MOST_RUNS:
        raise Damaged(f"a bundle of over {MOST_RUNS} runs", fix=_BELIEVE)
    found: list[Forgery | Unjudged] = []
    for cid in records.runs:
        with suppress(NotHere):  # what a bundle lacks is said when it is stored
            found += look_over(records, load_run(records, cid))
    refuse_forged(found, "the bundle")
    others = frozenset[Cid]()
    try:
        _refuse_untrue_roots(records)
        with suppress(NotHere):  # as above
            others = others_in(records)
    except Damaged as damaged:
        damaged.fix = _BELIEVE
        raise
    if others.issuperset(records.roots):
        what = "it has builders' words, and not the environment that they are about"
        raise Refused(what, fix="name a file that 'tally export ENVIRONMENT FILE.car' wrote")
    stream.seek(0)
    return others


def _refuse_untrue_roots(records: BundleRecords) -> None:
    """Look at what each root of a bundle says.

    Raises: Damaged when one is forged.
    """
    for root in records.roots:
        if root.codec == DAG_CBOR and records.has(root):
            try:
                refuse_untrue(records, root)
            except Damaged as damaged:
                damaged.where = str(root)
                raise


def refuse_untrue(store: BlockStore, root: Cid) -> None:
    """Look at what a record says: evidence, or a sample of a run.

    Raises: Damaged when it can be seen that it is not so.
    """
    data = store.get(root)
    if kind_of(data) == WRONG_RESULT.kind:
        open_wrong(WRONG_RESULT.decode(data))
    elif kind_of(data) == THIN.kind:
        with suppress(NotHere):  # as above
            _refuse_picked(store, THIN.decode(data))


def _refuse_picked(store: BlockStore, thin: Thin) -> None:
    steps = repeatable(store, load_run(store, thin.whole))
    picked(thin, steps)
    if thin.seed and not is_drawn(thin, steps):
        raise Damaged(f"its steps are not those that its seed '{thin.seed}' draws")


def refuse_forged(found: Sequence[Forgery | Unjudged], whole: str) -> None:
    """Say what is not judged of what is attested in runs; `whole` says what they are.

    Raises: Damaged when some of it is forged, with each.
    """
    if forged := [one for one in found if isinstance(one, Forgery)]:
        raise _forged(forged, whole)
    if found:
        kinds = ", ".join(sorted({one.why for one in found}))
        count = "an attestation" if len(found) == 1 else f"{len(found)} attestations"
        note(f"{whole} has {count} not judged here, which counts for nothing: {kinds}")


def _forged(found: list[Forgery], whole: str) -> Damaged:
    named = [f"{one.step}: {one.why} ({one.attestation})" for one in found[:MOST_NAMED]]
    more = [f"and {len(found) - MOST_NAMED} more"] if len(found) > MOST_NAMED else []
    count = "an attestation" if len(found) == 1 else f"{len(found)} attestations"
    what = "\n".join((f"{whole} has {count} that cannot be so", *named, *more))
    return Damaged(what, fix=_BELIEVE)


def enter(space: Workspace, cid: Cid) -> None:
    """Enter an imported run in the journal, so that it has a name and is listed.

    Raises: Damaged when its records do not belong together.
    """
    run = load_run(space.store, cid)
    workflow = load_workflow(space.store, run.workflow)
    of_record(space.store, run)
    new = NewRun(cid.raw, run.workflow, workflow.name, run.parameters)
    now_ms = SystemClock().now_ms()
    status = cast("RunStatus", run.status)  # one of them, or it would not have been decoded
    space.journal.adopt(cid, new, status, secrets.token_bytes(16), now_ms)
