"""A binary cache on the web is read with bounds, and says what is wrong with it."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler

import pytest

from engine import trickle, weblines
from engine.clock import SystemClock
from engine.errors import Damaged, NotHere, Unavailable
from engine.nix import webcache
from engine.nix.webcache import WebCache
from tests.fakes.web import Handler, served

Answer = Callable[[BaseHTTPRequestHandler], None]
ANSWERS: dict[str, Answer] = {}


class Answers(Handler):
    """Answers as a test has it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer."""
        ANSWERS[self.path](self)


@pytest.fixture
def cache() -> Iterator[WebCache]:
    """Return a cache on a server of ours."""
    with served(Answers) as address, closing(WebCache(f"{address}/ipfs/x/", SystemClock())) as made:
        yield made
    ANSWERS.clear()


def says(status: int, body: bytes = b"", **headers: str) -> Answer:
    """Return what gives an answer."""

    def answer(to: BaseHTTPRequestHandler) -> None:
        to.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            to.send_header(name.replace("_", "-"), value)
        to.end_headers()
        to.wfile.write(body)

    return answer


def read(cache: WebCache, name: str = "file", most: int = 1000) -> bytes:
    """Return a file of it."""
    return b"".join(cache.read(name, most))


def test_a_file_is_read(cache: WebCache) -> None:
    """Below the address, also by its whole address, and after a redirect."""
    ANSWERS["/ipfs/x/file"] = ANSWERS["/elsewhere"] = says(200, b"content")
    ANSWERS["/ipfs/x/moved"] = says(302, Location="/elsewhere")
    assert read(cache) == read(cache, "moved") == b"content"
    assert read(cache, f"{cache.where}/file") == b"content"


@pytest.mark.parametrize("status", [403, 404, 410])
def test_one_that_is_not_there(cache: WebCache, status: int) -> None:
    """As stores of objects say it, too."""
    ANSWERS["/ipfs/x/file"] = says(status)
    with pytest.raises(NotHere):
        read(cache)


@pytest.mark.parametrize(
    "answer",
    [
        says(500),
        says(429),
        says(200, b"x", Content_Encoding="gzip"),
        says(302, Location="/ipfs/x/file"),
        says(302, Location="ftp://127.0.0.1/"),
        says(200, b"short", Content_Length="10", Connection="close"),
    ],
)
def test_what_may_be_otherwise_later(cache: WebCache, answer: Answer) -> None:
    """A server that has trouble, sends in circles, breaks off."""
    ANSWERS["/ipfs/x/file"] = answer
    with pytest.raises(Unavailable) as error:
        read(cache)
    assert not isinstance(error.value, NotHere)


def test_a_file_without_end_is_cut(cache: WebCache) -> None:
    """Once it is longer than it may be."""

    def endless(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Connection", "close")
        to.end_headers()
        try:
            while True:
                to.wfile.write(bytes(2**16))
        except OSError:
            return

    ANSWERS["/ipfs/x/file"] = endless
    with pytest.raises(Damaged):
        read(cache, most=2**20)


def test_a_redirect_without_end_is_not_read(cache: WebCache) -> None:
    """Where it leads is asked at once."""
    over, sent = threading.Event(), []

    def endless(to: BaseHTTPRequestHandler) -> None:
        to.send_response(302)
        to.send_header("Location", "/elsewhere")
        to.send_header("Connection", "close")
        to.end_headers()
        try:
            while not over.is_set() and len(sent) < 1000:
                to.wfile.write(bytes(2**16))
                sent.append(1)
        except OSError:
            return

    ANSWERS["/ipfs/x/file"] = endless
    ANSWERS["/elsewhere"] = says(200, b"content")
    assert read(cache) == b"content"
    over.set()
    assert len(sent) < 500


def test_a_server_that_goes_silent(cache: WebCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is left."""
    monkeypatch.setattr(webcache, "SILENCE_S", 0.2)
    over = threading.Event()

    def silent(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "10")
        to.end_headers()
        to.wfile.flush()
        over.wait(30)
        to.close_connection = True

    ANSWERS["/ipfs/x/file"] = silent
    with pytest.raises(Unavailable):
        read(cache)
    over.set()


def test_a_server_that_trickles(cache: WebCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is left, too: a byte now and then is as good as silence."""
    monkeypatch.setattr(trickle, "SILENCE_S", 0.2)

    def dripping(to: BaseHTTPRequestHandler) -> None:
        to.send_response(200)
        to.send_header("Content-Length", "1000")
        to.end_headers()
        with suppress(OSError):
            for _ in range(1000):
                to.wfile.write(b"x")
                time.sleep(0.05)
        to.close_connection = True

    ANSWERS["/ipfs/x/file"] = dripping
    with pytest.raises(Unavailable, match="bytes a second"):
        read(cache)


def test_a_head_without_end_is_left(cache: WebCache, monkeypatch: pytest.MonkeyPatch) -> None:
    """What of an answer is no content is bounded as content is."""
    monkeypatch.setattr(weblines, "MAX_LINES", 2**16)

    def heads(to: BaseHTTPRequestHandler) -> None:
        with suppress(OSError):
            for _ in range(100_000):
                to.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        to.close_connection = True

    ANSWERS["/ipfs/x/file"] = heads
    with pytest.raises(Unavailable):
        read(cache)


def test_nobody_listens() -> None:
    """It says that it cannot be reached, and at which address."""
    cache = WebCache("http://127.0.0.1:9", SystemClock())
    with pytest.raises(Unavailable) as error:
        read(cache)
    assert error.value.what.endswith("it cannot be reached")
    assert error.value.where == "http://127.0.0.1:9/file"
    assert error.value.fix.startswith("look whether the network is there and the address right")
    cache.close()


def test_a_narinfo_leads_to_no_other_host(cache: WebCache) -> None:
    """Whoever wrote it does not choose what this machine asks of others."""
    for name in ("http://127.0.0.1:1/x", "//example.org/x", "https://127.0.0.1/x", "file:///etc/x"):
        with pytest.raises(Damaged):
            read(cache, name)
