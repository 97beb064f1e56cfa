r"""Reply: what is answered to a request of HTTP, and how its head is written. Pure.

>>> head(plain(404, "there is no such content"), is_kept=False, is_chunked=False)[:24]
b'HTTP/1.1 404 Not Found\r\n'
"""

from collections.abc import Iterable
from typing import Final

from engine.values import dataclass
from peers.errors import RemoteFault

IMMUTABLE: Final = "public, max-age=29030400, immutable"  # content by its address is what it is

_PHRASES: Final = {
    200: "OK",
    206: "Partial Content",
    304: "Not Modified",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    416: "Range Not Satisfiable",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
_EMPTY: Final = (304,)  # these have no body, and say nothing of its length


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer; its body is made while it is sent."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: Iterable[bytes] = ()
    size: int | None = 0  # bytes of the body; None: known at its end

    @property
    def is_long(self) -> bool:
        """Return whether how much work it is shows only as it is sent: a CAR, a listing."""
        return self.size is None


class NoAnswer(RemoteFault):
    """What was asked has no answer but its status and a line of text."""

    def __init__(self, status: int, what: str, **headers: str) -> None:
        super().__init__(what)
        self.status = status
        self.headers = headers


def plain(status: int, text: str, **headers: str) -> Reply:
    """Return an answer of one line; `headers` are written with "-" for "_"."""
    body = f"{text}\n".encode()
    more = tuple((name.replace("_", "-"), value) for name, value in headers.items())
    kind = ("Content-Type", "text/plain; charset=utf-8")
    return Reply(status, (kind, ("Cache-Control", "no-store"), *more), (body,), len(body))


def head(reply: Reply, *, is_kept: bool, is_chunked: bool) -> bytes:
    """Write the head of an answer; `is_chunked`: how a body of no known size is sent."""
    lines = [f"HTTP/1.1 {reply.status} {_PHRASES[reply.status]}"]
    lines += [f"{name}: {value}" for name, value in reply.headers]
    lines.append("X-Content-Type-Options: nosniff")
    if reply.size is not None and reply.status not in _EMPTY:
        lines.append(f"Content-Length: {reply.size}")
    elif reply.size is None and is_chunked:
        lines.append("Transfer-Encoding: chunked")
    lines.append(f"Connection: {'keep-alive' if is_kept else 'close'}")
    return "".join(f"{line}\r\n" for line in lines).encode("ascii", "replace") + b"\r\n"
