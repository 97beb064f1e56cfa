"""Hello: the first message each way, signed, by which two peers know each other. Pure.

It ties the connection's CURVE key to who a peer is, and each list of versions to the other: the
second Hello names the first by its CID, so neither list can have been another on the way.
"""

from typing import Final, NamedTuple

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.runner import Signer
from engine.values import dataclass
from peers.certificate import CERTIFICATE, CURVE_BYTES, Certificate, holds
from peers.envelope import MAX_VERSION, VERSIONS
from peers.errors import RemoteFault
from peers.identity import PeerId
from peers.signed import Unsealed, seal, unseal

NONCE: Final = 16  # bytes, random: no two Hellos are the same
MAX_VERSIONS: Final = 16  # of the protocol that one peer speaks
MAX_HEADS: Final = 64  # of ledgers, carried along
MAX_HELLO: Final = 16 * 1024  # bytes, signed: nothing larger is parsed for a stranger


@dataclass(frozen=True, slots=True)
class Hello:
    """What a peer says first."""

    versions: tuple[int, ...]  # of the protocol that it speaks, ascending
    certificate: bytes  # the signed Certificate of its CURVE key
    audience: bytes  # the CURVE key of whom it speaks to, 32 bytes
    nonce: bytes  # 16 bytes
    answers: Cid | None  # the signed Hello that this one answers; none from who dialled
    heads: tuple[Cid, ...]  # of its ledgers; reserved


class Party(NamedTuple):
    """This peer, as it introduces itself."""

    signer: Signer  # its identity
    certificate: bytes  # signed, of its CURVE key
    curve_key: bytes
    versions: tuple[int, ...] = VERSIONS
    heads: tuple[Cid, ...] = ()


class Acquaintance(NamedTuple):
    """Who is at the other end, and what was agreed."""

    peer: PeerId
    version: int  # the highest that both speak
    certificate: Certificate
    heads: tuple[Cid, ...]
    hello: Cid


def introduce(party: Party, audience: bytes, nonce: bytes, answers: Cid | None) -> Block:
    """Return the signed Hello of this peer to whoever holds the CURVE key `audience`."""
    hello = Hello(party.versions, party.certificate, audience, nonce, answers, party.heads)
    return seal(HELLO, hello, party.signer)


def meet(
    party: Party, data: bytes, *, curve_key: bytes, answers: Cid | None, wall_ms: int
) -> Acquaintance:
    """Return who says Hello on a connection whose other end has proved to hold `curve_key`.

    Raises: RemoteFault when it is malformed, signed by another, certified for another key or
    another time, said to another peer or in answer to something else, or no version is common.
    """
    if len(data) > MAX_HELLO:
        raise RemoteFault(f"a hello is over {MAX_HELLO} bytes")
    try:
        said = unseal(HELLO, data)
        certified = unseal(CERTIFICATE, said.value.certificate)
    except Damaged as damaged:
        raise RemoteFault(f"a hello does not hold: {damaged.what}") from None
    _check_key(said, certified, curve_key, wall_ms)
    if said.value.audience != party.curve_key:
        raise RemoteFault("a hello was said to another peer")
    if said.value.answers != answers:
        raise RemoteFault("a hello does not answer the one that was sent")
    if said.signer.key == party.signer.public_key:
        raise RemoteFault("the other end is this peer itself")
    version = _highest(said.value.versions, party.versions)
    return Acquaintance(said.signer, version, certified.value, said.value.heads, said.cid)


def _check_key(
    said: Unsealed[Hello], certified: Unsealed[Certificate], curve_key: bytes, wall_ms: int
) -> None:
    if said.signer != certified.signer:
        raise RemoteFault("a hello is not signed by whom its certificate names")
    if certified.value.curve_key != curve_key:
        raise RemoteFault("a certificate is for another key than the connection's")
    if not holds(certified.value, wall_ms):
        raise RemoteFault("a certificate is not in force")


def _highest(theirs: tuple[int, ...], ours: tuple[int, ...]) -> int:
    common = set(theirs) & set(ours)
    if not common:
        spoken = ", ".join(map(str, theirs))
        raise RemoteFault(f"no version is common: the peer speaks {spoken}")
    return max(common)


def _check(hello: Hello) -> None:
    versions = hello.versions
    if not 0 < len(versions) <= MAX_VERSIONS or sorted(set(versions)) != list(versions):
        raise Damaged(f"a hello has 1 to {MAX_VERSIONS} versions, ascending")
    if versions[0] < 1 or versions[-1] > MAX_VERSION:
        raise Damaged(f"versions are from 1 to {MAX_VERSION}")
    if len(hello.audience) != CURVE_BYTES or len(hello.nonce) != NONCE:
        raise Damaged(f"its audience has {CURVE_BYTES} bytes and its nonce {NONCE}")
    if len(hello.heads) > MAX_HEADS:
        raise Damaged(f"it has over {MAX_HEADS} heads")


HELLO: Final = Record("tallystick/hello/1", Hello, _check)
