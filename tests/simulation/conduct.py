"""Conduct: how a provider behaves. All but the first lie, or fail, each in a way of its own."""

from collections.abc import Callable
from random import Random

from engine import merkle
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, Cid
from engine.step import RESULT, Result
from peers.agreement import BATCH, Batch, Said
from peers.exchange import Answer
from peers.signed import seal
from tests.peers.swarm import LIES
from tests.simulation import work
from tests.simulation.hashed import Hashed

Words = tuple[Said, tuple[Block, ...]]


class Conduct:
    """What an honest provider does."""

    declines = False  # every offer
    returns = False  # every step
    starts = True  # any step
    slowness = 1
    is_honest = True  # what it signs is as it should be
    forges = False  # every batch

    def __init__(self, signer: Hashed, random: Random) -> None:
        self.signer = signer
        self.random = random

    def answer(self, answer: Answer) -> list[Answer]:
        """Return what is sent of content."""
        return [answer]

    def say(self, key: Cid) -> Words:
        """Return what is said of a step."""
        return work.made(key, self.signer.peer)

    def sign(self, batch: Batch, said: tuple[Said, ...]) -> tuple[bytes, tuple[Said, ...]]:
        """Return a batch as it is sent."""
        return seal(BATCH, batch, self.signer).data, said


class _Dishonest(Conduct):
    is_honest = False


class Declines(Conduct):
    """It takes no offer."""

    declines = True


class Returns(Conduct):
    """It takes steps and gives them back."""

    returns = True


class Silent(Conduct):
    """It takes steps, and no more is heard of them."""

    starts = False


class Slow(Conduct):
    """It takes so long that leases end."""

    slowness = 40


class Invents(_Dishonest):
    """What it gives is well-formed, and not what comes out."""

    def say(self, key: Cid) -> Words:
        """Return another result."""
        other = Cid.of(DAG_CBOR, b"invented" + key.raw)
        return self.word(
            key, RESULT.block(Result(key, 0, {"out": work.output(other)[0].cid})), other
        )

    def word(self, key: Cid, result: Block, of: Cid) -> Words:
        """Return the word that this came out, and what another step gives."""
        word = work.attestation(key, result.cid, self.signer.peer)
        return Said(key, result.cid, word.cid), (result, word, *work.output(of))


class Misnames(Invents):
    """It gives the result of another step."""

    def say(self, key: Cid) -> Words:
        """Return another step's result."""
        other = Cid.of(DAG_CBOR, b"another" + key.raw)
        return self.word(key, work.result(other), other)


class Lacks(_Dishonest):
    """It does not have what it says came out."""

    def say(self, key: Cid) -> Words:
        """Return all but the outputs."""
        said, blocks = super().say(key)
        return said, blocks[:2]


class Forges(_Dishonest):
    """No batch of its is one: signed by another, by nobody, or not of what comes with it."""

    forges = True

    def sign(self, batch: Batch, said: tuple[Said, ...]) -> tuple[bytes, tuple[Said, ...]]:
        """Spoil a batch."""
        kind = self.random.randrange(3)
        if kind == 0:
            return seal(BATCH, batch, Hashed(99)).data, said
        if kind == 1:
            return seal(BATCH, batch, _Unable(self.signer.public_key)).data, said
        first = said[0]._replace(
            attestation=work.made(said[0].step, Hashed(99).peer)[0].attestation
        )
        return seal(BATCH, batch, self.signer).data, (first, *said[1:])


class _Unable:
    """Somebody who has a key's public half alone."""

    def __init__(self, public_key: bytes) -> None:
        self.public_key = public_key

    def sign(self, domain: bytes, payload: bytes) -> bytes:
        """Return no signature."""
        return bytes(64)


class Repeats(_Dishonest):
    """All its batches have one number."""

    def sign(self, batch: Batch, said: tuple[Said, ...]) -> tuple[bytes, tuple[Said, ...]]:
        """Call each the first."""
        first = Batch(batch.agreement, 1, batch.count, batch.root)
        return seal(BATCH, first, self.signer).data, said


class Adds(_Dishonest):
    """It says what came out of a step that nobody gave it."""

    def sign(self, batch: Batch, said: tuple[Said, ...]) -> tuple[bytes, tuple[Said, ...]]:
        """Add one."""
        other = Cid.of(DAG_CBOR, b"added" + said[0].step.raw)
        said = (*said, work.made(other, self.signer.peer)[0])
        root = merkle.root([one.leaf for one in said])
        more = Batch(batch.agreement, batch.number, len(said), root)
        return seal(BATCH, more, self.signer).data, said


def _teller(lie: Callable[[Random, Answer], list[Answer]]) -> Callable[..., Conduct]:
    """Return a conduct that lies of content alone."""

    class Tells(_Dishonest):
        def answer(self, answer: Answer) -> list[Answer]:
            return lie(self.random, answer)

    Tells.__name__ = lie.__name__.capitalize()
    return Tells


BAD = (
    Declines, Returns, Silent, Slow, Invents, Misnames, Lacks, Forges, Repeats,
    Adds, *map(_teller, LIES),
)  # fmt: skip
