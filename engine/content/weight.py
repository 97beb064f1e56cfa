"""Weight: about how many bytes some content takes, from its root alone. Pure.

For a directory, and for a file of many blocks, that is what whoever made it claims: it decides
where a step is run, and nothing else.

>>> weight({leaf: b"four"}.__getitem__, leaf)                            # doctest: +SKIP
4
"""

from engine.content.cid import DAG_PB, Cid
from engine.content.dagpb import decode
from engine.content.reader import Get


def weight(get: Get, cid: Cid) -> int:
    """Return about how many bytes content takes.

    Raises: as `get`; Damaged when its root is malformed.
    """
    data = get(cid)
    if cid.codec != DAG_PB:
        return len(data)
    return len(data) + sum(link.tsize for link in decode(data)[0])
