"""Identity: who a peer is, and where it can be reached. Pure.

A peer is its Ed25519 key. Its id is the libp2p peer id of that key, so that IPFS tools read it
(https://github.com/libp2p/specs/blob/master/peer-ids/peer-ids.md): base58btc of the identity
multihash of a protobuf of the key, which begins with 12D3Koo for every Ed25519 key.

>>> str(PeerId(bytes(32)))
'12D3KooW9pNAk8aiBuGVQtWRdbkLmo5qVL3e2h5UxbN2Nz9ttwiw'
"""

import re
from functools import lru_cache
from typing import Final, NamedTuple

import base58

from engine.errors import Refused
from engine.values import dataclass

KEY_BYTES: Final = 32
MAX_HOST: Final = 253  # characters of a DNS name (RFC 1035)
SCHEME: Final = "tally://"

BEGINS: Final = "12D3Koo"  # every id, as every key is of one kind
TAIL: Final = 16  # characters that tell an id from others: 8 can be found by trying keys

_PREFIX: Final = bytes.fromhex("002408011220")  # identity multihash; key type Ed25519, 32 bytes
_LONGEST: Final = 52  # characters of the base58 of 38 bytes
_HOST: Final = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?", re.ASCII)
_IPV6: Final = re.compile(r"[0-9A-Fa-f:.]{2,45}", re.ASCII)
_PORT: Final = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_VIA: Final = "?via="
_NODE: Final = re.compile(r"[0-9A-Za-z]{40,80}", re.ASCII)  # a libp2p peer id of any kind
_IPFS: Final = ".ipfs"
_FIX: Final = f"it is {SCHEME}PEERID@HOST:PORT, as `tally peer start` prints it"


class PeerId(NamedTuple):
    """The key of a peer: in order, and printed as its libp2p peer id."""

    key: bytes  # Ed25519, 32 bytes

    @classmethod
    def of(cls, key: bytes) -> "PeerId":
        """Return the peer of a key from outside.

        Raises: Refused for a key that anyone can sign for (of small order), or that is no key.
        """
        if not is_key(key):
            raise Refused("this is no Ed25519 key", fix="use a key that `tally peer` made")
        return cls(key)

    @classmethod
    def parse(cls, text: str) -> "PeerId":
        """Read a peer id.

        Raises: Refused when it is none, or is that of a weak key.
        """
        try:
            raw = base58.b58decode(text) if len(text) <= _LONGEST else b""
        except ValueError:
            raw = b""
        if not raw.startswith(_PREFIX) or base58.b58encode(raw).decode() != text:
            raise _mistyped(text)
        try:
            return cls.of(raw[len(_PREFIX) :])
        except Refused:
            raise _mistyped(text) from None

    def __str__(self) -> str:
        return _printed(self.key)


def _mistyped(text: str) -> Refused:
    fix = (
        f"one begins with {BEGINS}: copy it whole, as 'tally peer list' and 'tally peer id' say it"
    )
    return Refused(f"not a peer id: {text[:60]!r}", fix=fix)


def tail(peer: PeerId) -> str:
    """Return the end of a peer's id, by which a person calls it."""
    return str(peer)[-TAIL:]


@lru_cache(maxsize=10_000)  # peers: as many as a directory holds; looking costs 80 µs
def is_key(key: bytes) -> bool:
    """Return whether a key from outside is one that its owner alone can sign for."""
    from nacl.bindings import crypto_core_ed25519_is_valid_point  # who shows ids needs none

    return len(key) == KEY_BYTES and crypto_core_ed25519_is_valid_point(key)


@lru_cache(maxsize=10_000)  # as above
def _printed(key: bytes) -> str:
    return base58.b58encode(_PREFIX + key).decode()


@dataclass(frozen=True, slots=True)
class Address:
    """Where a peer listens; or, with `via`, where that one does, through which it is reached."""

    peer: PeerId
    host: str  # a name or an IP address, IPv6 without its brackets; or "NODE.ipfs"
    port: int
    via: PeerId | None = None

    @classmethod
    def parse(cls, text: str) -> "Address":
        """Read "tally://PEERID@HOST:PORT", or "tally://PEERID@HOST:PORT?via=PEERID".

        Raises: Refused when it is anything else.
        """
        peer, at, place = text.removeprefix(SCHEME).partition("@")
        if not text.startswith(SCHEME) or not at or ":" not in place:
            raise Refused(f"not the address of a peer: {text[:120]!r}", fix=_FIX)
        address = cls.at(PeerId.parse(peer), place)
        if address.via == address.peer:
            raise Refused("a peer is not reached through itself", fix=_FIX)
        return address

    @classmethod
    def at(cls, peer: PeerId, place: str) -> "Address":
        """Read the "HOST:PORT" or "HOST:PORT?via=PEERID" at which a peer is reached.

        Raises: Refused when it is anything else.
        """
        where, is_relayed, relay = place.partition(_VIA)
        host, _, port = where.rpartition(":")
        via = PeerId.parse(relay) if is_relayed else None
        address = cls(peer, _host(host), _port(port), via)
        if via and address.node:
            raise Refused("a relay is not reached through IPFS", fix=_FIX)
        return address

    @property
    def node(self) -> str:
        """Return the IPFS node by whose streams it is reached, or ""."""
        name = self.host.removesuffix(_IPFS)
        return name if name != self.host and is_node(name) else ""

    @property
    def place(self) -> str:
        """Return it as `at` reads it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}" + (f"{_VIA}{self.via}" if self.via else "")

    def __str__(self) -> str:
        return f"{SCHEME}{self.peer}@{self.place}"


def is_node(text: str) -> bool:
    """Return whether a text can be the id of an IPFS node."""
    return _NODE.fullmatch(text) is not None


def place_of(text: str) -> tuple[str, int]:
    """Read a "HOST:PORT" to listen at, where port 0 stands for a free one.

    Raises: Refused when it is anything else.
    """
    host, _, port = text.rpartition(":")
    return _host(host), 0 if port == "0" else _port(port)


def _host(text: str) -> str:
    inner = text[1:-1] if text.startswith("[") and text.endswith("]") else None
    if inner is not None and ":" in inner and _IPV6.fullmatch(inner):
        return inner
    if inner is None and len(text) <= MAX_HOST and _HOST.fullmatch(text):
        return text
    raise Refused(f"not a host: {text[:60]!r}", fix="a name, an IPv4 address, or [IPv6]")


def _port(text: str) -> int:
    if _PORT.fullmatch(text) and int(text) < 2**16:
        return int(text)
    raise Refused(f"not a port: {text[:20]!r}", fix="a number from 1 to 65535")
