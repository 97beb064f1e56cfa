"""The ends of what failed instances printed."""

from collections.abc import Iterator, Sequence
from typing import Final

from cli.page.facts import Instance, Tail
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.reader import read, stat
from engine.errors import TallyError

MAX_TAILS: Final = 20  # instances whose logs are shown
TAIL_BYTES: Final = 8 * 1024  # of each stream


def tails(store: BlockStore, instances: Sequence[Instance]) -> Iterator[Tail]:
    """Yield the ends of the logs of the first instances that failed."""
    failed = [one for one in instances if one.status == "failed" and one.attested]
    for one in failed[:MAX_TAILS]:
        said = one.attested
        for stream in ("stderr", "stdout"):
            cid: Cid | None = getattr(said, stream)
            if cid is not None:
                yield _tail(store, one.id, stream, cid)


def _tail(store: BlockStore, name: str, stream: str, cid: Cid) -> Tail:
    try:
        skipped = max(0, stat(store.get, cid).size - TAIL_BYTES)
        data = b"".join(read(store.get, cid, skipped, TAIL_BYTES))
    except TallyError as error:  # said where the log would be: the page has all the rest
        return Tail(name, stream, f"(not shown: {error.what})", 0)
    return Tail(name, stream, data.decode("utf-8", "replace"), skipped)
