"""Labour: what peers agree on, the steps that are run under it, and what is really so of each."""

from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, NamedTuple

from engine import merkle
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.errors import Damaged
from engine.runner import Signer
from engine.step import ATTESTATION, RESULT, Attestation, Result
from engine.values import replace
from peers.agreement import BATCH, OFFER, Agreement, Batch, Offer, Said, check_batch
from peers.bill import Seen, line_of
from peers.identity import PeerId
from peers.prices import Outcome
from peers.receipts import Line, priced
from peers.royalties import NOBODY, Royalties
from peers.royalty import MANIFEST, Author, Manifest
from peers.run_frames import Task
from peers.signed import seal, unseal
from peers.step_messages import Need
from peers.testimony import testify

PRICES: Final = {"core-second": 1_000, "cache-hit": 7, "failure": 3}  # a ms of a core is one
ENVIRONMENT: Final = Cid.of(RAW, b"environment")


class Fate(Enum):
    """What becomes of a step."""

    RAN = auto()
    KNOWN = auto()
    FAILED_TWICE = auto()
    FAILED_ONCE = auto()  # and not when it was run again
    CANCELLED = auto()
    EXPIRED = auto()  # what it gave came after its lease
    VANISHED = auto()  # its provider is gone, or gave it back
    DISPUTED = auto()  # it is not what it should be


PAID: Final = {
    Fate.RAN: Outcome.RAN,
    Fate.KNOWN: Outcome.KNOWN,
    Fate.FAILED_TWICE: Outcome.FAILED_ALIKE,
    Fate.CANCELLED: Outcome.CANCELLED,
}


class Lie(Enum):
    """What a provider does with its word for a step."""

    NONE = auto()
    KEY = auto()  # another signs it
    AGREEMENT = auto()  # it is for another agreement
    STEP = auto()  # it is of another step
    ROOT = auto()  # something else was signed


class Word(NamedTuple):
    """What a provider hands back: one step."""

    signed: bytes  # the batch
    said: Said
    records: tuple[Block, Block]


@dataclass
class Deal:
    """An offer, and what was done under it."""

    number: int
    offer: Block
    terms: Offer
    royalties: Royalties
    fates: dict[Cid, Fate] = field(default_factory=dict)
    words: dict[Cid, Word] = field(default_factory=dict)
    is_over: bool = False  # whoever pays has begun anew, or wants no more

    @property
    def requester(self) -> PeerId:
        """Who pays."""
        return PeerId(self.terms.requester)

    @property
    def provider(self) -> PeerId:
        """Who works."""
        return PeerId(self.terms.provider)

    @property
    def cid(self) -> Cid:
        """The agreement."""
        return self.offer.cid

    @property
    def agreement(self) -> Agreement:
        """The same, with its terms."""
        return Agreement(self.cid, self.terms)

    def step(self) -> Cid:
        """Return the key of the next step."""
        return Cid.of(DAG_CBOR, b"step %d of %d" % (len(self.fates), self.number))


def manifest_by(*authors: Signer) -> Block:
    """Return what some get for what they made: the first signs."""
    shares = [Author(one.public_key, at + 1) for at, one in enumerate(authors)]
    manifest = Manifest(None, tuple(shares), 11, 1_000, 500)
    return seal(MANIFEST, manifest, authors[0])


def deal(
    number: int,
    requester: Signer,
    provider: PeerId,
    cap: int,
    royalty: Block | None,
    epoch: int = 0,
) -> Deal:
    """Return an offer, made in an epoch of the provider's log."""
    royalties = NOBODY if royalty is None else Royalties([royalty.data])
    run, keys = number.to_bytes(16, "big"), (requester.public_key, provider.key)
    terms = Offer(run, *keys, PRICES, cap, "", royalties.cids, 1, 1, 1, 1_000, 0, epoch)
    return Deal(number, seal(OFFER, terms, requester), terms, royalties)


def word(of: Deal, step: Cid, fate: Fate, wall_ms: int, signer: Signer, lie: Lie) -> Word:
    """Return what a provider says of a step that it ran."""
    key = Cid.of(DAG_CBOR, b"another") if lie is Lie.STEP else step
    failed = fate in (Fate.FAILED_ONCE, Fate.FAILED_TWICE)
    result = Result(key, int(failed), {} if failed else {"out": Cid.of(RAW, step)})
    gave = RESULT.block(result)
    about = key, gave.cid, "bwrap", "linux", of.number, wall_ms, 4, 1_000
    said = ATTESTATION.block(Attestation(*about, None, None, truncated=False, reason=""))
    tells = Said(step, gave.cid, said.cid)
    under = Cid.of(DAG_CBOR, b"another") if lie is Lie.AGREEMENT else of.cid
    leaf = b"another" if lie is Lie.ROOT else tells.leaf
    batch = Batch(under, len(of.words) + 1, 1, merkle.root([leaf]))
    return Word(seal(BATCH, batch, signer).data, tells, (gave, said))


def bill(of: Deal, word: Word, fate: Fate, out_ms: int) -> Line | None:
    """Return what a requester pays for what was handed back; None when it is not to be believed."""
    step = word.said.step
    need = Need(ENVIRONMENT, 1, 1, 1_000)
    try:
        check_batch(of.agreement, unseal(BATCH, word.signed), [word.said])
        said = testify(Task(0, step, need, 0, None, ("out",), ()), word.said, word.records)
    except Damaged:
        return None
    line = line_of(of.terms.prices, said, Seen(out_ms, 0, is_known=fate is Fate.KNOWN))
    if fate in (Fate.RAN, Fate.KNOWN, Fate.FAILED_ONCE):
        return line
    outcome = PAID.get(fate, Outcome.NOTHING)
    return priced(of.terms.prices, replace(line, outcome=outcome.value))
