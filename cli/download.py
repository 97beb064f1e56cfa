"""Download: what a URL has, as a stream that goes on where a connection broke off."""

import io
from http.client import HTTPConnection, HTTPException, HTTPMessage, HTTPResponse, HTTPSConnection
from typing import IO, BinaryIO, Final, cast
from urllib.error import HTTPError, URLError
from urllib.request import HTTPHandler, HTTPRedirectHandler, HTTPSHandler, Request, build_opener

from engine.clock import Clock, SystemClock
from engine.errors import Unavailable
from engine.trickle import SILENCE_S, TOO_SLOW, Trickle
from engine.weblines import Answer

TRIES: Final = 5  # in a row that bring nothing more
_FIX: Final = "look whether the network is there and the URL right, then try again"


def download(url: str) -> BinaryIO:
    """Open a URL.

    Raises: Unavailable when it cannot be reached; so does reading from it, when it stays broken.
    """
    return cast("BinaryIO", io.BufferedReader(_Download(url), 1024 * 1024))


class _Download(io.RawIOBase):
    """The bytes of a URL, from one answer or several."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._at = 0  # bytes that came
        self._tries = TRIES
        self._trickle = Trickle()
        self._clock: Clock = SystemClock()
        self._answer = self._ask()
        length = self._answer.length
        self._size = length  # None: it says so by ending

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while True:
            got, why = self._read(buffer)
            if got or (not why and self._size in (None, self._at)):
                return got
            self._again(why or "it broke off")

    def close(self) -> None:
        if not self.closed:
            self._answer.close()
        super().close()

    def _read(self, buffer: memoryview) -> tuple[int, str]:
        asked_ms, data, why = self._clock.monotonic_ms(), b"", ""
        try:
            data = self._answer.read1(len(buffer))  # as it comes: a full buffer may take for ever
        except (OSError, HTTPException) as error:
            why = _reason(error)
        if self._trickle.is_one(self._clock.monotonic_ms() - asked_ms, len(data)):
            raise self._fault(TOO_SLOW)
        if why:
            return 0, why
        got = len(data)
        buffer[:got] = data
        self._at += got
        self._tries = TRIES if got else self._tries
        return got, ""

    def _again(self, why: str) -> None:
        """Ask for what is missing.

        Raises: Unavailable when it was tried often enough, or the server cannot go on.
        """
        self._answer.close()
        self._tries -= 1
        if self._tries <= 0:
            raise self._fault(why)
        self._answer = self._ask()
        if self._at and self._answer.status != 206:  # it begins from the beginning
            raise self._fault(why)

    def _ask(self) -> HTTPResponse:
        headers = {"Range": f"bytes={self._at}-"} if self._at else {}
        asked = Request(self._url, headers=headers)  # noqa: S310 - http or https, by parse
        opener = build_opener(_Redirects, _Plain, _Secure)
        try:
            return cast("HTTPResponse", opener.open(asked, timeout=SILENCE_S))
        except (URLError, OSError, HTTPException) as error:
            raise self._fault(_reason(error)) from None

    def _fault(self, why: str) -> Unavailable:
        return Unavailable(f"cannot be fetched: {why}", where=self._url, fix=_FIX)


class _Connection(HTTPConnection):
    response_class = Answer


class _SecureConnection(HTTPSConnection):
    response_class = Answer


class _Plain(HTTPHandler):
    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class _Secure(HTTPSHandler):
    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, req)


class _Redirects(HTTPRedirectHandler):
    """Goes where it is sent, over HTTP, and reads nothing of what sends it."""

    def http_error_302(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage
    ) -> HTTPResponse | None:
        fp.close()  # all of it would be read first, however long it is
        return cast("HTTPResponse | None", super().http_error_302(req, fp, code, msg, headers))

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        if not newurl.startswith(("http://", "https://")):
            raise HTTPError(req.full_url, code, "it sends one on to no web address", headers, fp)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason)
