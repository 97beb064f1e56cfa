"""A binary cache on the web. For several threads.

>>> b"".join(WebCache("https://cache.nixos.org", clock).read("nix-cache-info", 9))  # doctest: +SKIP
b'StoreDir: /nix/store...'
"""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from threading import local
from typing import Final
from urllib.parse import urljoin, urlsplit

import requests
from urllib3.exceptions import HTTPError

from engine.clock import Clock
from engine.errors import Damaged, Unavailable
from engine.nix.cachefiles import CHUNK, bounded, missing
from engine.trickle import SILENCE_S, paced
from engine.weblines import Session

CONNECT_S: Final = 20
REDIRECTS: Final = 5

_GONE: Final = (403, 404, 410)  # of a store of objects that cannot be listed, 403 says the same
_FIX: Final = "run the command again: what has come is kept"
_NOBODY: Final = "look whether the network is there and the address right, then try again"


class WebCache:
    """A cache at an address of http or https."""

    at_once = 8  # each file is a way there and back

    def __init__(self, address: str, clock: Clock) -> None:
        self.where = address.rstrip("/")
        self._clock = clock
        self._threads = local()
        self._sessions: list[requests.Session] = []

    def close(self) -> None:
        """End the connections that are kept."""
        for session in self._sessions:
            session.close()

    def read(self, name: str, most: int) -> Iterator[bytes]:
        """Yield a file: as CacheFiles."""
        address = self._address(name)
        try:
            with closing(self._ask(address)) as response:
                if response.status_code in _GONE:
                    raise missing(name, self.where)
                _check(response, address)
                fault = partial(_unavailable, where=address)
                chunks = paced(_pieces(response), self._clock.monotonic_ms, fault)
                yield from bounded(chunks, most, address)
        except (requests.RequestException, HTTPError, OSError) as error:
            fix = _NOBODY if isinstance(error, requests.ConnectionError) else _FIX
            raise _unavailable(_why(error), address, fix) from None

    def _address(self, name: str) -> str:
        """Return where a file is: below the cache, or elsewhere on its host.

        Raises: Damaged when a narinfo leads to another host.
        """
        base = f"{self.where}/"
        address = urljoin(base, name)
        if urlsplit(address)[:2] != urlsplit(base)[:2]:
            raise Damaged(f"a binary cache that leads elsewhere: {name[:280]}", where=self.where)
        return address

    def _ask(self, address: str) -> requests.Response:
        """Ask for a file, wherever one is sent for it."""
        session = self._session()
        for _ in range(REDIRECTS + 1):
            answer: requests.Response = session.get(
                address, stream=True, timeout=(CONNECT_S, SILENCE_S)
            )
            target = session.sent_to(answer)
            if target is None:
                return answer
            answer.close()
            address = urljoin(address, target)
        raise requests.TooManyRedirects

    def _session(self) -> Session:
        session: Session | None = getattr(self._threads, "session", None)
        if session is None:
            session = self._threads.session = Session()
            self._sessions.append(session)
            session.headers.update({"User-Agent": "tallystick", "Accept-Encoding": "identity"})
        return session


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """Yield what comes as it comes: what waits for a full piece would wait for a trickle."""
    while piece := response.raw.read1(CHUNK, decode_content=False):
        yield piece


def _check(response: requests.Response, address: str) -> None:
    if response.status_code != 200:
        raise _unavailable(f"it answers {response.status_code}", address)
    if response.headers.get("Content-Encoding", "identity") != "identity":
        raise _unavailable("it sends files in an encoding that was not asked for", address)


def _why(error: Exception) -> str:
    """Return what went wrong, without the objects of Python that requests says it with."""
    kinds = {
        requests.ConnectTimeout: "nobody answers",
        requests.Timeout: "it went silent",
        requests.TooManyRedirects: "it sends from one address to the next",
        requests.exceptions.SSLError: "its certificate is not right",
        requests.ConnectionError: "it cannot be reached",
    }
    return next((text for kind, text in kinds.items() if isinstance(error, kind)), "it broke off")


def _unavailable(why: str, where: str, fix: str = _FIX) -> Unavailable:
    return Unavailable(f"a binary cache cannot be read: {why}", where=where[:400], fix=fix)
