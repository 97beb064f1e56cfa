"""Endorsement: that somebody ran a run of an Open Resource again, and what came of it. Pure.

It is a word, and no proof: what it is worth is what its signer is worth to who reads it. Of two by
one maker for one Release, the one that was made later counts.

>>> read(endorse(release, run, "reproduced", signer, now_ms).data)       # doctest: +SKIP
Endorsed(endorsement=Endorsement(...), signer=PeerId(...), ...)
"""

from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.runner import Signer
from engine.values import dataclass
from peers.announcement import DAY_MS, check_times
from peers.identity import PeerId
from peers.signed import seal, unseal

VALIDITY_MS: Final = 60 * DAY_MS  # of ours; not renewed: who reran it is asked again, now and then
MAX_BYTES: Final = 1024  # of a signed one: nothing in it varies in length but its verdict

VERDICTS: Final = ("reproduced", "equivalent", "differs", "failed")  # those of a rerun


@dataclass(frozen=True, slots=True)
class Endorsement:
    """What somebody says came of it; who that is, is whose signature is on it."""

    release: Cid
    rerun: Cid  # the Run that was run again
    verdict: str  # one of VERDICTS
    made_ms: int  # since 1970 UTC, by its maker's clock
    expires_ms: int


class Endorsed(NamedTuple):
    """An endorsement whose signature held, and its bytes as they came."""

    endorsement: Endorsement
    signer: PeerId
    cid: Cid  # of the signed bytes
    data: bytes

    @property
    def release(self) -> Cid:
        """The CID of the Open Resource."""
        return self.endorsement.release


def endorse(release: Cid, run: Cid, verdict: str, signer: Signer, now_ms: int) -> Block:
    """Return a signed endorsement."""
    said = Endorsement(release, run, verdict, now_ms, now_ms + VALIDITY_MS)
    return seal(ENDORSEMENT, said, signer)


def read(data: bytes) -> Endorsed:
    """Return a signed endorsement.

    Raises: Damaged when it is malformed or its signature does not hold.
    """
    if len(data) > MAX_BYTES:
        raise Damaged(f"an endorsement has {MAX_BYTES} bytes at most, this one has {len(data)}")
    endorsement, signer, cid = unseal(ENDORSEMENT, data)
    return Endorsed(endorsement, signer, cid, data)


def _check(one: Endorsement) -> None:
    if one.verdict not in VERDICTS:
        raise Damaged(f"its verdict should be one of {', '.join(VERDICTS)}")
    check_times(one.made_ms, one.expires_ms)


ENDORSEMENT: Final = Record("tallystick/endorsement/1", Endorsement, _check)
