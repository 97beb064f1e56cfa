"""ZAP: the answer to ZeroMQ's question whether a client may connect (RFC 27). Pure.

Whatever is asked, there is an answer, and what is not understood is refused. The user id of a
client that may connect is its CURVE key in hexadecimal: the one name that it cannot choose.
"""

from collections.abc import Callable, Sequence
from typing import Final

from peers.certificate import CURVE_BYTES

DOMAIN: Final = b"tallystick/1"

_VERSION: Final = b"1.0"
_FIELDS: Final = 7  # version, request id, domain, address, routing id, mechanism, key


def answer(request: Sequence[bytes], refusal: Callable[[bytes, str], str]) -> list[bytes]:
    """Return the answer; `refusal` says why a CURVE key may not connect from a host, or ""."""
    request_id = request[1] if len(request) > 1 else b""
    if why := _malformed(request):
        return [_VERSION, request_id, b"400", why.encode(), b"", b""]
    key = request[-1]
    try:
        why = refusal(key, request[3].decode("ascii"))
    except Exception:  # ZeroMQ waits for every answer: one that is missing shuts everybody out
        return [_VERSION, request_id, b"500", b"error", b"", b""]
    if why:
        return [_VERSION, request_id, b"400", why.encode(), b"", b""]
    return [_VERSION, request_id, b"200", b"OK", key.hex().encode(), b""]


def _malformed(request: Sequence[bytes]) -> str:
    if len(request) != _FIELDS or request[0] != _VERSION:
        return "not understood"
    if request[2] != DOMAIN or request[5] != b"CURVE" or len(request[6]) != CURVE_BYTES:
        return "another domain or mechanism"
    return ""
