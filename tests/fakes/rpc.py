"""A stand-in for an IPFS node's API that does what no honest node does."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self
from urllib.parse import parse_qs, urlsplit

MUCH = 64 * 1024 * 1024  # bytes: what an endless answer stops at, so that a test ends that is red

Answer = Callable[["Visit"], None]


class Visit:
    """One request, and what answers it."""

    def __init__(self, handler: BaseHTTPRequestHandler, rpc: "HostileRpc") -> None:
        self._handler = handler
        self._rpc = rpc
        url = urlsplit(handler.path)
        self.path = url.path.removeprefix("/api/v0/")
        self.asked = handler.path
        self.args = parse_qs(url.query).get("arg", [])

    def begin(self, status: int = 200, **headers: str) -> None:
        """Say that an answer of no known length comes."""
        self._handler.send_response(status)
        for name, value in headers.items():
            self._handler.send_header(name.replace("_", "-"), value)
        self._handler.end_headers()

    def send(self, data: bytes) -> None:
        """Send some of it."""
        self._handler.wfile.write(data)
        self._rpc.sent += len(data)

    def say(self, data: bytes, status: int = 200) -> None:
        """Send all of it."""
        self.begin(status)
        self.send(data)

    def say_json(self, value: object, status: int = 200) -> None:
        """Send a value."""
        self.say(json.dumps(value).encode(), status)

    def pour(self, piece: bytes, status: int = 200, **headers: str) -> None:
        """Send the same for ever."""
        self.begin(status, **headers)
        while self._rpc.sent < MUCH:
            self.send(piece)

    def drip(self, piece: bytes, every_s: float) -> None:
        """Send a little, for ever."""
        self.begin()
        while not self._rpc.is_over.wait(every_s):
            self.send(piece)
            self._handler.wfile.flush()

    def drip_raw(self, beginning: bytes, piece: bytes, every_s: float) -> None:
        """Send these bytes, then a little for ever; whatever head there is, is in them."""
        self.send(beginning)
        while self._rpc.sent < MUCH and not self._rpc.is_over.wait(every_s):
            self.send(piece)

    def wait(self) -> None:
        """Say nothing."""
        self._rpc.is_over.wait(60)


class HostileRpc:
    """Listens on loopback; `answer` is what it does."""

    def __init__(self, answer: Answer) -> None:
        self.sent = 0  # bytes of answers
        self.asked: list[str] = []
        self.is_over = threading.Event()
        rpc = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                visit = Visit(self, rpc)
                rpc.asked.append(visit.path)
                with suppress(OSError):  # whoever asked has gone
                    answer(visit)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"/ip4/127.0.0.1/tcp/{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self.is_over.set()
        time.sleep(0)
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
