"""Web lines: what of an HTTP answer is no content (its lines), read with a bound in bytes and time.

http.client reads lines for as long as a server goes on with them: heads before the head, a header
at a byte a minute, what follows the last chunk. Redirects are answers like others here: whoever
follows one reads all of its body first, however long it is.
"""

import io
import time
from http.client import HTTPException, HTTPResponse
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

MAX_LINES: Final = 256 * 1024  # bytes of them before, between or after content
LINES_S: Final = 60.0  # from the first byte of them to the last


class _Lines(io.BufferedReader):
    """A socket's bytes, of which no more lines are read than are bound."""

    _came = 0  # bytes of lines since there was content
    _since_s = 0.0

    def readline(self, size: int | None = -1, /) -> bytes:
        """Return a line, or the `size` bytes that it begins with."""
        line, most = b"", MAX_LINES if size is None or size < 0 else size
        while len(line) < most and not line.endswith(b"\n"):
            there = self.peek(1)  # one look at the socket at most
            self._count(len(line))
            end = there.find(b"\n") + 1 or len(there)
            if not (more := super().read(min(end, most - len(line)))):
                break
            line += more
        self._came += len(line)
        return line

    def read(self, size: int | None = -1, /) -> bytes:
        """Return content."""
        self._came = 0
        return super().read(size)

    def read1(self, size: int = -1, /) -> bytes:
        """Return content."""
        self._came = 0
        return super().read1(size)

    def _count(self, more: int) -> None:
        now_s = time.monotonic()
        if not self._came + more:
            self._since_s = now_s
        if self._came + more > MAX_LINES or now_s - self._since_s > LINES_S:
            raise HTTPException("its answer has no end of lines")


class Answer(HTTPResponse):
    """An answer whose lines are bounded."""

    def __init__(self, *args: Any, **more: Any) -> None:  # noqa: ANN401 - as http.client calls it
        super().__init__(*args, **more)
        self.fp = _Lines(self.fp.detach())


class _Connection(HTTPConnection):
    response_class = Answer


class _SecureConnection(HTTPSConnection):
    response_class = Answer


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _SecurePool(HTTPSConnectionPool):
    ConnectionCls = _SecureConnection


class Session(requests.Session):
    """A session of requests that follows nobody, and reads what is bounded."""

    def __init__(self) -> None:
        super().__init__()
        for scheme in ("http://", "https://"):
            adapter = HTTPAdapter()
            adapter.poolmanager.pool_classes_by_scheme = {"http": _Pool, "https": _SecurePool}
            self.mount(scheme, adapter)

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Return where one is sent: nowhere."""

    def sent_to(self, answer: requests.Response) -> str | None:
        """Return where one is sent by an answer, if at all."""
        return super().get_redirect_target(answer)
