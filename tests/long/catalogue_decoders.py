"""Catalogue decoders: everything that reads what another peer says of Open Resources."""

from typing import Final

from peers import catalogue_messages, plain, posting
from peers.catalogue_messages import TYPES
from tests.peers.catalogues import announced, endorsed

_ONE: Final = announced(1, title="Digits", description="of hands", licence="MIT")

POSTINGS: Final = (_ONE.data, endorsed(2, _ONE).data)
MESSAGES: Final = (
    b"\x00" + plain.pack((1, 2)),
    b"\x01" + plain.pack((1, 2, False, bytes(32))),
    b"\x04" + plain.pack((bytes(32),)),
    b"\x05" + plain.pack(((_ONE.data,),)),
    b"\x07" + plain.pack(()),
)


def postings(data: bytes) -> None:
    """Read a signed posting."""
    found = posting.read(data)
    assert found.data == data
    assert found.cid.matches(data)


def messages(data: bytes) -> None:
    """Read a message about a catalogue; its first byte says of which type."""
    if data:
        catalogue_messages.unpack(TYPES.ask + data[0] % 8, plain.unpack(data[1:]))
