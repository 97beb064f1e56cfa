"""Peer decoders: everything that reads what another peer, or the network process, has sent.

They are tried with the others: see decoders.py. Several frames are one string of bytes with CUT
between them; where a message has a type, its first byte says which.
"""

import contextlib
import itertools
from collections.abc import Callable
from typing import Any, Final

from cli import naming
from engine import checks, merkle
from engine.content import schema
from engine.content.blocks import Block
from engine.content.schema import Record
from engine.errors import TallyError
from engine.step import SIGNED as SIGNED_RECORD
from peers import (
    batch_messages,
    control_frames,
    directory_messages,
    envelope,
    exchange,
    offer_messages,
    plain,
    resource,
    step_messages,
)
from peers.agreement import ACCEPTANCE, BATCH, LEASE, OFFER, Acceptance, Batch, Lease, Offer, Said
from peers.certificate import CERTIFICATE
from peers.connection import Channel, Connection
from peers.gate import Limits
from peers.hello import HELLO, introduce
from peers.identity import Address, PeerId
from peers.introduction import INTRODUCTION, Introduction
from peers.messages import HELLO_TYPE, request
from peers.network_frames import Frame, Incoming, Kind, Outgoing
from peers.network_lines import NetworkLines
from peers.network_messages import accepted, ended, left
from peers.offer_messages import Refusal
from peers.peer_record import PEER
from peers.session import Session
from peers.session_events import Accepted, Cut
from peers.signed import seal, unseal
from peers.step_messages import Need, Steps
from tests.long.samples import A_CID, CUT
from tests.peers.keys import identity
from tests.peers.parties import curve_key, pair, party, received
from tests.peers.resources import DIGITS, first

KINDS: Final[tuple[Record[Any], ...]] = (
    OFFER, ACCEPTANCE, LEASE, BATCH, CERTIFICATE, HELLO, INTRODUCTION, PEER,
)  # fmt: skip
ID: Final = b"i" * 16


def envelopes(data: bytes) -> None:
    """Read the first frame of a message."""
    found = envelope.decode(data)
    assert envelope.encode(found) == data, "two forms of one envelope"


def plains(data: bytes) -> None:
    """Read a plain value."""
    assert plain.pack(plain.unpack(data)) == data, "two forms of one value"


def signed(data: bytes) -> None:
    """Read a signed record of any kind."""
    for kind in KINDS:
        with contextlib.suppress(TallyError):
            unseal(kind, data)


def records(data: bytes) -> None:
    """Read what was signed."""
    for kind in KINDS:
        if kind.kind == schema.kind_of(data):
            assert kind.encode(kind.decode(data)) == data, "two forms of one record"


def hellos(data: bytes) -> None:
    """Read the first message of a connection."""
    session = Session(party(2), curve_key(1))
    session.take(Accepted(0, b"n" * 16))
    session.take(received(tuple(data.split(CUT))))


def messages(data: bytes) -> None:
    """Read messages of a peer that is known; one that is no good is the last."""
    _, session = pair()
    for at, message in enumerate(data.split(CUT + CUT)):
        actions = session.take(received(tuple(message.split(CUT)), at))
        if any(isinstance(action, Cut) for action in actions):
            assert session.take(received((data,), at)) == ()


def typed(read: Callable[[int, bytes], object], first: int) -> Callable[[bytes], object]:
    """Return a decoder of messages with types: `first`, and some after it."""
    return lambda data: read(first + data[0] % 48 if data else first, data[1:])


def directory(kind: int, body: bytes) -> object:
    """Read a message about peers."""
    return directory_messages.unpack(kind, plain.unpack(body))


_WORK: Final = (
    offer_messages.read_offer,
    offer_messages.read_answer,
    step_messages.read_lease,
    batch_messages.read_batch,
    step_messages.read_steps,
    offer_messages.read_end,
)


def work(data: bytes) -> object:
    """Read a message about steps."""
    return _WORK[data[0] % len(_WORK)](data[1:]) if data else None


def resources(data: bytes) -> None:
    """Read a Release, and the Resource that it links to, whichever came for it."""
    release, _, record = data.partition(CUT)
    found = resource.opened(lambda cid: release if cid == A_CID else record, A_CID)
    assert resource.RESOURCE.encode(found.resource) == record, "two forms of one record"


def named(data: bytes) -> None:
    """Read what a person calls a resource, and what must hold of it."""
    text = data.decode(errors="replace")
    want = naming.wanted(text)
    assert want is None or str(want) == text, "two names of one resource"
    assert checks.parse(str(checks.parse(text))) == checks.parse(text), "two checks in one"


def judged(data: bytes) -> None:
    """Look for a number in what a step gave."""
    checks.judge(checks.parse("a.b.0 >= 1.5"), [data])


def addresses(data: bytes) -> None:
    """Read an address, and the name of a peer."""
    text = data.decode(errors="replace")
    for read in (Address.parse, PeerId.parse):
        with contextlib.suppress(TallyError):
            assert str(read(text)) == text, "two texts of one address"


def network(data: bytes) -> None:
    """Read what the network process says."""
    lines = NetworkLines(Limits(), itertools.count(1))
    dialled = Connection(3, bytes(32), Channel.CONTROL, "10.0.0.1", is_dialled=True)
    lines.dialled(dialled)
    lines.takes(dialled, 10)
    incoming = Incoming()
    for at in range(0, len(data), 100):
        piece = data[at : at + 100]
        incoming.space()[: len(piece)] = piece
        for frame in incoming.took(len(piece)):
            lines.arrival(Channel.CONTROL, frame)


def control(data: bytes) -> None:
    """Read what a command says to its node."""
    for value in control_frames.Frames().feed(data):
        control_frames.error_of(value)


# ---- right ones

_OFFER: Final = seal(
    OFFER,
    Offer(
        bytes(16), identity(1).public_key, identity(2).public_key, {}, 0, "own", (), 1, 1, 1, 9, 0
    ),
    identity(1),
)
_LEASE: Final = seal(
    LEASE, Lease(_OFFER.cid, 1, 1, merkle.root([A_CID.raw]), 1_000), identity(1)
).data
_SAID: Final = Said(A_CID, A_CID, A_CID)
_BATCH: Final = seal(BATCH, Batch(_OFFER.cid, 1, 1, merkle.root([_SAID.leaf])), identity(2)).data
_YES: Final = seal(ACCEPTANCE, Acceptance(_OFFER.cid), identity(2)).data
_HELLO: Final = introduce(party(1), curve_key(2), bytes(16), None).data


def _envelope(kind: int, seq: int, request_id: bytes) -> bytes:
    return envelope.encode(envelope.Envelope(1, kind, request_id, seq, 0))


ENVELOPES: Final = (_envelope(request(64), 7, ID),)
PLAINS: Final = (plain.pack((1, b"a", ("b", None, True, (2**63, -5)))),)
SIGNED: Final = (
    _OFFER.data, _LEASE, _BATCH, _HELLO, party(1).certificate,
    seal(INTRODUCTION, Introduction(party(1).certificate, 1, 2), identity(1)).data,
)  # fmt: skip
RECORDS: Final = tuple(bytes(SIGNED_RECORD.decode(data).payload) for data in SIGNED)
HELLOS: Final = (_envelope(HELLO_TYPE, 1, bytes(16)) + CUT + _HELLO,)
MESSAGES: Final = (
    _envelope(request(64), 2, ID) + CUT + b"body" + CUT + CUT + _envelope(4, 3, bytes(16)),
)
CONTENT: Final = tuple(
    bytes([kind - exchange.WANT_TYPE]) + body
    for kind, body in map(
        exchange.pack,
        (
            exchange.WantBlocks(1, A_CID, (A_CID, A_CID), 9),
            exchange.Credit(1, 9),
            exchange.Cancel(1, ()),
            exchange.Blocks(1, 2, ((A_CID, b"x"), (A_CID, b"y"))),
            exchange.DontHave(1, (A_CID,)),
        ),
    )
)
DIRECTORY: Final = (
    b"\x00" + plain.pack((1, 2)),
    b"\x01" + plain.pack((1, 2, False, ((bytes(32), 5, bytes(4)),))),
    b"\x04" + plain.pack((bytes(64),)),
    b"\x05" + plain.pack(((b"record",),)),
    b"\x07" + plain.pack((b"record",)),
)
WORK: Final = (
    b"\x00" + _OFFER.data,
    b"\x01" + offer_messages.write_answer(Refusal("no")),
    b"\x01"
    + offer_messages.write_answer(seal(ACCEPTANCE, Acceptance(_OFFER.cid), identity(2)).data),
    b"\x02" + step_messages.write_lease(_LEASE, [A_CID], [Need(A_CID, 1, 1, 1)]),
    b"\x03" + batch_messages.write_batch(_BATCH, [_SAID], [Block(A_CID, b"x")] * 2),
    b"\x04" + step_messages.write_steps(Steps(A_CID, (A_CID,), "why")),
    b"\x05" + offer_messages.write_end(A_CID),
)
RESOURCE: Final = tuple(
    CUT.join(block.data for block in reversed(resource.released(one, identity(1))))
    for one in (DIGITS, first())
)
NAMED: Final = (b"digits@2", b"5Gk2xQ7z/digits", b"metrics.accuracy >= 0.9", b"loss<1e-3")
JUDGED: Final = (b'{"a": {"b": [1.5]}}', b'[{"a": 1}]', b"1e-3", b"NaN")
ADDRESSES: Final = (
    str(Address(identity(1).peer, "::1", 7411)).encode(),
    str(identity(2).peer).encode(),
)
CONTROL: Final = (control_frames.frame(("error", "Refused", "what", "where", "fix")),)


def _network() -> bytes:
    outgoing = Outgoing()
    for frame in (
        accepted(7, bytes(32), "10.0.0.2"),
        Frame(Kind.MESSAGE, 7, (b"envelope", b"body")),
        left(6, 1),
        ended(7, "the connection ended"),
    ):
        outgoing.add(frame)
    return b"".join(outgoing.next())


NETWORK: Final = (_network(),)
