"""Downloads from a real server: what breaks off goes on, and what stays broken is said."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from cli.download import TRIES, download
from engine import trickle, weblines
from engine.errors import Unavailable
from tests.fakes.web import Handler, served

DATA = bytes(range(256)) * 20_000


class Server:
    """Gives DATA, `piece` bytes of it at a time, and then breaks off."""

    def __init__(self, piece: int, *, ranges: bool = True) -> None:
        self.asked: list[str | None] = []
        server = self

        class Answers(Handler):
            def do_GET(self) -> None:
                asked = self.headers.get("Range")
                server.asked.append(asked)
                at = int(asked.removeprefix("bytes=").rstrip("-")) if asked and ranges else 0
                self.send_response(206 if at else 200)
                self.send_header("Content-Length", str(len(DATA) - at))
                self.end_headers()
                self.wfile.write(DATA[at : at + piece])
                self.close_connection = True

        self.url = ""
        self._answers = Answers

    @contextmanager
    def running(self) -> Iterator["Server"]:
        """Run it."""
        with served(self._answers) as address:
            self.url = f"{address}/data"
            yield self


def test_what_breaks_off_goes_on() -> None:
    """Each answer begins where the last one ended, however often that is."""
    with Server(500_000).running() as server, download(server.url) as stream:
        assert stream.read() == DATA
    assert server.asked[0] is None
    assert len(server.asked) == len(DATA) // 500_000 + 1 > TRIES


def test_what_brings_nothing_more_ends() -> None:
    """After a few tries it is said; so it is of a server that only begins anew."""
    for server in (Server(0), Server(500_000, ranges=False)):
        with server.running(), download(server.url) as stream, pytest.raises(Unavailable):
            stream.read()
        assert len(server.asked) <= TRIES


def test_nobody_there_is_said() -> None:
    """With the address and what to look at."""
    with pytest.raises(Unavailable) as caught:
        download("http://127.0.0.1:1/data")
    assert caught.value.where == "http://127.0.0.1:1/data"
    assert caught.value.fix


class Sender:
    """Sends whoever asks elsewhere, with 64 MiB beside it; there, it says "content"."""

    def __init__(self, location: str) -> None:
        self.sent = 0
        sender = self

        class Answers(Handler):
            def do_GET(self) -> None:
                is_there = self.path == "/there"
                self.send_response(200 if is_there else 302)
                self.send_header("Location", location)
                self.end_headers()
                with suppress(OSError):
                    if is_there:
                        self.wfile.write(b"content")
                    while not is_there and sender.sent < 64 * 2**20:
                        sender.sent += self.wfile.write(bytes(2**16))

        self.url = ""
        self._answers = Answers

    @contextmanager
    def running(self) -> Iterator["Sender"]:
        """Run it."""
        with served(self._answers) as address:
            self.url = f"{address}/data"
            yield self


def test_what_comes_with_a_redirect_is_not_read() -> None:
    """Whoever has a URL in a stranger's workflow fills nobody's memory by it."""
    with Sender("/there").running() as sender, download(sender.url) as stream:
        assert stream.read() == b"content"
    assert sender.sent < 32 * 2**20


def test_a_redirect_leads_to_the_web() -> None:
    """To a server of files it does not."""
    with (
        Sender("ftp://127.0.0.1:9/x").running() as sender,
        pytest.raises(Unavailable, match="no web address"),
    ):
        download(sender.url)


class _Dripping(Handler):
    """Sends a byte now and then: of what is asked, or of a head that has no end."""

    def do_GET(self) -> None:
        with suppress(OSError):
            if self.path == "/data":
                self.send_response(200)
                self.send_header("Content-Length", "1000")
                self.end_headers()
            else:
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX: ")
            for _ in range(1000):
                self.wfile.write(b"x")
                time.sleep(0.05)


def test_a_trickle_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then is as good as silence, in a head too."""
    monkeypatch.setattr(trickle, "SILENCE_S", 0.2)
    monkeypatch.setattr(weblines, "LINES_S", 0.5)
    with served(_Dripping) as address:
        with (
            download(f"{address}/data") as stream,
            pytest.raises(Unavailable, match="bytes a second"),
        ):
            stream.read()
        with pytest.raises(Unavailable, match="no end of lines"):
            download(f"{address}/head")
