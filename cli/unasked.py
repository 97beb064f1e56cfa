"""Unasked: IPFS as a source that is not asked for what was made here and is not public.

Who asks an IPFS node for a CID has it ask the world, and everybody who is asked learns the CID: of
content that can be guessed that is as much as the content. Runs of this home are such content,
what their steps gave and printed, and what a workflow keeps ('share'). What is asked for as a part
of something else, as of an Open Resource, was named by whoever made that.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Final

from engine.content.blocks import ManyStore
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged, NotHere, Unavailable
from engine.sources import Came, Source

if TYPE_CHECKING:
    from cli.workspace import Workspace

MAX_RUNS: Final = 1_000  # the newest: each takes some records

_EMPTY: Final = Cid.of(RAW, b"")  # a file that tells nothing
_FIX: Final = "run again what made it, or publish that if everybody may have it"


class Unasked:
    """A Source (engine/sources.py) that refuses what is private in a home."""

    def __init__(self, source: Source, space: "Workspace") -> None:
        """Look at nothing of the home before something is asked for."""
        self._source = source
        self._space = space
        self._made: frozenset[Cid] | None = None

    @property
    def name(self) -> str:
        """What it is called."""
        return self._source.name

    def fetch(self, store: ManyStore, root: Cid, within: Cid, came: Came) -> None:
        """Put all that a root leads to in a store.

        Raises: as the source does; Unavailable when it is private here.
        """
        self._refuse(within)
        self._source.fetch(store, root, within, came)

    def bring(self, store: ManyStore, cids: Sequence[Cid], within: Cid) -> None:
        """Put some blocks in a store.

        Raises: as the source does; Unavailable when one is private here.
        """
        for cid in cids if within in cids else (within,):
            self._refuse(cid)
        self._source.bring(store, cids, within)

    def _refuse(self, cid: Cid) -> None:
        if self._is_made(cid) and not self._is_public(cid):
            what = "not asked, because it was made or kept here and is not public"
            raise Unavailable(what, where=str(cid), fix=_FIX)

    def _is_made(self, cid: Cid) -> bool:
        if cid.codec == DAG_CBOR:  # of records only a Run is looked for: the journal names those
            return cid in _runs(self._space)
        if self._made is None:
            self._made = frozenset(_made(self._space)) - {_EMPTY}
        return cid in self._made

    def _is_public(self, cid: Cid) -> bool:
        from engine.remake import below
        from engine.store.public_roots import public_roots

        return cid in below(self._space.store, public_roots(self._space.store.pins))


def _runs(space: "Workspace") -> list[Cid]:
    """Return the runs that were made here and are over, the newest first."""
    return [row.run for row in space.journal.runs() if row.run and not row.imported]


def _made(space: "Workspace") -> Iterator[Cid]:
    for run in islice(_runs(space), MAX_RUNS):
        with suppress(Damaged, NotHere):
            yield from _of_run(space, run)


def _of_run(space: "Workspace", cid: Cid) -> Iterator[Cid]:
    """Yield what a run made, and what it started from that is kept; of both only the roots."""
    from engine.summary import load_run, load_workflow, of_record
    from engine.workflow.lock import LOCK

    run = load_run(space.store, cid)
    sources = load_workflow(space.store, run.workflow).inputs
    inputs = LOCK.decode(space.store.get(run.lock)).inputs
    named = {one for name, one in inputs.items() if name in sources and sources[name].cid}
    yield from (
        one for name, one in inputs.items() if name in sources and sources[name].share != "any"
    )
    for step in of_record(space.store, run):
        for one in (*step.outputs.values(), *_printed(space, step.attestations)):
            if one not in named:  # what only passes through is not made
                yield one


def _printed(space: "Workspace", attestations: Sequence[Cid]) -> Iterator[Cid]:
    from engine.evidence import attestation

    for cid in attestations:
        with suppress(Damaged, NotHere):
            said = attestation(space.store, cid)
            yield from (log for log in (said.stdout, said.stderr) if log is not None)
