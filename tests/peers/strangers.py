"""Strangers: clients made by hand that can say Hello, and then whatever they like."""

from peers.connection import Place
from peers.envelope import Envelope, encode
from peers.hello import Party, introduce
from peers.messages import HELLO_TYPE
from tests.peers.hosts import certified
from tests.peers.keys import identity
from tests.peers.raw import MORE, Raw, frame

NO_ID = bytes(16)


class Stranger(Raw):
    """A client made by hand that can say Hello."""

    def __init__(self, place: Place, number: int) -> None:
        """Connect, with the keys of peer `number`."""
        self.place = place
        super().__init__(place, bytes([number]) * 32)
        certificate = certified(number, bytes(self.key.public_key))
        self.party = Party(identity(number), certificate, b"", versions=(1,))

    def hello_to(self, audience: bytes) -> bytes:
        """Return a Hello to somebody."""
        return introduce(self.party, audience, bytes(16), None).data

    def say(self, *frames: bytes) -> None:
        """Send a message."""
        last = len(frames) - 1
        self.send(
            b"".join(frame(self.message(one, MORE * (at < last))) for at, one in enumerate(frames))
        )

    def greet(self, hello: bytes = b"") -> None:
        """Shake hands and say Hello."""
        self.shake()
        head = encode(Envelope(1, HELLO_TYPE, NO_ID, 1, 0))
        self.say(head, hello or self.hello_to(self.place.curve_key))


def envelope(kind: int, seq: int = 2, request_id: bytes = NO_ID, version: int = 1) -> bytes:
    """Return an envelope."""
    return encode(Envelope(version, kind, request_id, seq, 0))
