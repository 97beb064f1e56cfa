"""A client of ZMTP and CURVE made by hand, so that every byte of it can be wrong.

It follows RFC 23 (ZMTP 3.1) and RFC 26 (CURVE) from the outside: nothing of it is of ZeroMQ.
"""

import socket

from nacl.public import Box, PrivateKey, PublicKey

from peers.connection import Place

GREETING = b"\xff" + bytes(8) + b"\x7f" + b"\x03\x01" + b"CURVE".ljust(20, b"\0") + bytes(32)
COMMAND, LARGE, MORE = 4, 2, 1  # flags of a frame

PATIENCE_S = 20


def frame(body: bytes, flags: int = 0, length: int | None = None) -> bytes:
    """Return a frame of ZMTP; `length` may be a lie."""
    length = len(body) if length is None else length
    if length > 255:
        return bytes([flags | LARGE]) + length.to_bytes(8, "big") + body
    return bytes([flags, length]) + body


class Raw:
    """One connection, up to wherever it goes wrong."""

    def __init__(self, place: Place, secret: bytes) -> None:
        """Connect; nothing is said yet."""
        self.tcp = socket.create_connection((place.host, place.port), PATIENCE_S)
        self.key, self.short = PrivateKey(secret), PrivateKey.generate()
        self.server = PublicKey(place.curve_key)
        self.nonce = 0

    def hello(self) -> bytes:
        """Return the command that begins the handshake."""
        nonce = self._next()
        box = self._box(bytes(64), b"CurveZMQHELLO---" + nonce, self.short, self.server)
        return b"\x05HELLO\x01\x00" + bytes(72) + bytes(self.short.public_key) + nonce + box

    def welcome(self) -> None:
        """Read the answer to `hello`."""
        self.read(64)  # the server's greeting
        body = self.read_frame()
        opened = Box(self.short, self.server).decrypt(body[24:], b"WELCOME-" + body[8:24])
        self.server_short, self.cookie = PublicKey(opened[:32]), opened[32:]

    def initiate(self, metadata: bytes = b"\x0bSocket-Type\x00\x00\x00\x06DEALER") -> bytes:
        """Return the command that proves which key this client holds."""
        way = b"VOUCH---" + bytes(16)
        short = bytes(self.short.public_key) + bytes(self.server)
        vouch = self._box(short, way, self.key, self.server_short)
        inside = bytes(self.key.public_key) + bytes(16) + vouch + metadata
        nonce = self._next()
        box = self._box(inside, b"CurveZMQINITIATE" + nonce, self.short, self.server_short)
        return b"\x08INITIATE" + self.cookie + nonce + box

    def message(self, body: bytes, flags: int = 0) -> bytes:
        """Return one frame of a message as CURVE sends it."""
        nonce = self._next()
        inside = bytes([flags]) + body
        box = self._box(inside, b"CurveZMQMESSAGEC" + nonce, self.short, self.server_short)
        return b"\x07MESSAGE" + nonce + box

    def shake(self) -> None:
        """Do the whole handshake."""
        self.send(GREETING + frame(self.hello(), COMMAND))
        self.welcome()
        self.send(frame(self.initiate(), COMMAND))
        assert self.read_frame()[1:6] == b"READY"

    def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.tcp.sendall(data)

    def read(self, length: int) -> bytes:
        """Read that many bytes; ConnectionError when they do not come."""
        data = b""
        while len(data) < length:
            more = self.tcp.recv(length - len(data))
            if not more:
                raise ConnectionError("the other end hung up")
            data += more
        return data

    def read_frame(self) -> bytes:
        """Read the body of a frame."""
        flags, length = self.read(2)
        if flags & LARGE:
            length = int.from_bytes(bytes([length]) + self.read(7), "big")
        return self.read(length)

    def is_hung_up(self) -> bool:
        """Wait for the other end to hang up, and return whether it does."""
        try:
            while self.tcp.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def close(self) -> None:
        """Hang up."""
        self.tcp.close()

    def _next(self) -> bytes:
        self.nonce += 1
        return self.nonce.to_bytes(8, "big")

    def _box(self, inside: bytes, nonce: bytes, ours: PrivateKey, theirs: PublicKey) -> bytes:
        return Box(ours, theirs).encrypt(inside, nonce).ciphertext
