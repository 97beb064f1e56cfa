"""Made: what came out of a step that was run for somebody, as it is told and handed over.

It is read from what a runner reports, or from the store when the step was done before.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from engine.content.blocks import Block, ManyStore
from engine.content.cid import RAW, Cid
from engine.content.weight import weight
from engine.errors import Damaged, Unavailable
from engine.presence import Hold, Presence
from engine.runner import Report
from engine.step import RESULT
from peers.agreement import Said
from peers.small import SMALL


class Made(NamedTuple):
    """What came out of a step; all of it is durable."""

    said: Said
    size: int  # bytes of its two records
    roots: tuple[Cid, ...]  # what its requester may have
    succeeded: bool
    records: tuple[Block, ...] = ()  # those two, unless they are to be read
    carried: tuple[Block, ...] = ()  # what came out, as far as it is small
    sizes: Mapping[Cid, int] = MappingProxyType({})  # of the rest: about how many bytes
    started_ms: int | None = None  # when it was begun, if it has just been run
    is_known: bool = False  # it was done before, and not run for this

    @property
    def is_word(self) -> bool:
        """Whether telling it gives our word for the result of a step, as for no failure."""
        return self.succeeded and self.started_ms is not None


def made_of(report: Report) -> Made:
    """Return what is told of a step that ended."""
    said = Said(report.result.step, report.result_cid, report.attestation_cid)
    logs = (report.attestation.stdout, report.attestation.stderr)
    gave = (*report.result.outputs.values(), *(log for log in logs if log is not None))
    blocks = {block.cid: block for block in report.blocks}
    records = blocks[said.result], blocks[said.attestation]
    size = sum(len(one.data) for one in records)
    small = tuple(blocks[cid] for cid in gave if cid in blocks and _is_small(blocks[cid]))
    roots = (*said[1:], *gave)
    began = report.attestation.started_ms
    return Made(said, size, roots, report.succeeded, records, small, started_ms=began)


def weighed(store: ManyStore, made: Made) -> Made:
    """Return what came out of a step with the sizes of what is not small; all of it is here."""
    small = {block.cid for block in made.carried}
    rest = [root for root in made.roots if root not in small and root not in made.said]
    return made._replace(sizes={root: weight(store.get, root) for root in rest}) if rest else made


def records_of(store: ManyStore, said: Iterable[Said]) -> list[Block]:
    """Return the records that results are told with.

    Raises: Unavailable when some are not here.
    """
    cids = [cid for one in said for cid in (one.result, one.attestation)]
    found = store.get_many(cids)
    return [Block(cid, found[cid] if cid in found else store.get(cid)) for cid in cids]


def whole(store: ManyStore, hold: Hold, said: Iterable[Said]) -> list[Made]:
    """Return those results that are good, and here with all that they gave, which is held."""
    presence = Presence(store, hold)
    return [made for one in said if (made := _stored(store, one, presence)) is not None]


def _stored(store: ManyStore, said: Said, presence: Presence) -> Made | None:
    try:
        records = records_of(store, [said])
        result = RESULT.decode(records[0].data)
    except (Unavailable, Damaged):
        return None
    gave = set(result.outputs.values())
    if result.step != said.step or result.exit_code or presence.whole(gave) != gave:
        return None
    size = sum(len(one.data) for one in records)
    made = Made(said, size, (*said[1:], *gave), succeeded=True, records=tuple(records))
    return weighed(store, made)


def _is_small(block: Block) -> bool:
    """Return whether something that came out travels with what is said of it."""
    return block.cid.codec == RAW and len(block.data) <= SMALL
