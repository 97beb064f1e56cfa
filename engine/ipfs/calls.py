"""Calls: what is asked of an IPFS node by its RPC API, and read with a bound.

The one file that knows ipfshttpclient. That library is older than the nodes of today: some of its
methods call what is gone or send it wrongly, and all of them read an answer into memory, however
long it is. So its client carries requests, and what is asked and read is here.

Every call ends: when nothing comes for SILENCE_S (a node that looks for providers in the world may
need half of that), when content is a trickle (engine/trickle.py), when more comes than was bound,
or by its answer.
"""

import json
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from typing import Any, Final

import ipfshttpclient
import requests
from ipfshttpclient import exceptions as faults
from ipfshttpclient import http_requests, multipart
from urllib3 import HTTPResponse
from urllib3.exceptions import HTTPError, ReadTimeoutError

from engine.clock import Clock
from engine.errors import TallyError, Unavailable
from engine.trickle import SILENCE_S, paced
from engine.weblines import Session

CONNECT_S: Final = 10.0  # also what each piece that we send may take
PIECE: Final = 64 * 1024  # bytes read at a time
SENT: Final = 1024 * 1024  # bytes sent at a time, each in three system calls
LONGEST_S: Final = 600.0  # all values of one answer: none of them is content
MAX_ANSWER: Final = 64 * 1024  # bytes of one value in JSON: a node's own addresses are the longest
MAX_COMPLAINT: Final = 4 * 1024  # bytes of what a node says of an error
_NOBODY: Final = "nobody listens there"
_START: Final = "start an IPFS node ('ipfs daemon'); setting 'ipfs' names another, or is none"
_AGAIN: Final = "look whether the IPFS node runs well, then try again"
_SHOWN: Final = 200  # characters of that

Options = Mapping[str, str]


class _Transport(http_requests.ClientSync):  # type: ignore[misc]
    """Its client, but that an error is read with a bound, and no proxy is asked."""

    def _make_session(self) -> requests.Session:
        session = Session()  # its own kind is made in a way that urllib3 is to forbid
        session.trust_env = False  # neither a proxy nor .netrc is for a node of ours
        return session

    def _do_raise_for_status(self, response: requests.Response) -> None:
        if response.status_code < 300:  # a node does not send us elsewhere
            return
        said = response.raw.read1(MAX_COMPLAINT)
        raise faults.ErrorResponse(_complaint(response.status_code, said), None)


class _Client(ipfshttpclient.Client):  # type: ignore[misc]
    """Its facade, with our transport."""

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._client = _Transport(address, "api/v0", timeout=(CONNECT_S, SILENCE_S))
        self._client.open_session()


class Content:
    """Bytes as they come, taken by the number; never more of them in memory than are asked for."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def take(self, size: int) -> bytes:
        """Return the next `size` bytes: fewer when there are no more."""
        taken, have = [self._rest], len(self._rest)
        while have < size and (piece := next(self._pieces, b"")):
            taken.append(piece)
            have += len(piece)
        data = b"".join(taken)
        self._rest = data[size:]
        return data[:size]


class Calls(AbstractContextManager["Calls"]):
    """One node's API. For one thread; it is connected to when it is first asked."""

    def __init__(self, address: str, clock: Clock) -> None:
        """Take a multiaddress that `endpoint.find` gave."""
        self.address = address
        self._clock = clock
        with self._translating():
            self._node = _Client(address)

    @contextmanager
    def stream(
        self,
        path: str,
        args: Iterable[str] = (),
        options: Options | None = None,
        file: Iterable[bytes] | None = None,
    ) -> Iterator[Iterator[bytes]]:
        """Ask, sending a file if there is one; lend what comes, in pieces of at most PIECE bytes.

        Raises: Unavailable when the node is away, falls silent, or refuses, with what it said.
        """
        body, headers = (None, {}) if file is None else _as_file(file)
        params = [*(options or {}).items(), *(("arg", arg) for arg in args)]
        with self._translating():
            closables, _ = self._node._client._request(
                "POST",
                path,
                params,
                auth=None,
                data=body,
                headers={**headers, "Accept-Encoding": "identity"},
                timeout=(CONNECT_S, SILENCE_S),
                chunk_size=PIECE,
            )
            try:
                yield self._pieces(closables[0].raw)
            finally:
                for one in closables:
                    one.close()

    @contextmanager
    def content(self, path: str, *args: str, options: Options | None = None) -> Iterator[Content]:
        """Ask, and lend the bytes that come, to be taken by the number.

        Raises: Unavailable as `stream`.
        """
        with self.stream(path, args, options) as pieces:
            yield Content(self.paced(pieces))

    def read(self, path: str, most: int, *args: str, options: Options | None = None) -> bytes:
        """Ask, and return all that comes.

        Raises: Unavailable as `stream`, and when it is over `most` bytes.
        """
        with self.content(path, *args, options=options) as came:
            found = came.take(most + 1)
        if len(found) > most:
            raise self._over(path, most)
        return found

    def values(
        self,
        path: str,
        most: int,
        *args: str,
        file: Iterable[bytes] | None = None,
        options: Options | None = None,
        longest_s: float | None = None,
    ) -> Generator[dict[str, Any], None, None]:
        """Ask, and yield the JSON objects that come, one a line, `most` of them.

        Raises: Unavailable as `stream`, for what is no such line, and when it has no end in time.
        """
        with self.stream(path, args, options, file) as pieces:
            timely = self._timely(path, pieces, LONGEST_S if longest_s is None else longest_s)
            for count, line in enumerate(self._lines(path, timely)):
                if count == most:
                    return
                yield self._value(path, line)

    def value(
        self,
        path: str,
        *args: str,
        file: Iterable[bytes] | None = None,
        options: Options | None = None,
    ) -> dict[str, Any]:
        """Ask, and return the one JSON object that comes; {} for none.

        Raises: as `values`.
        """
        with closing(self.values(path, 1, *args, file=file, options=options)) as found:
            return next(found, {})

    def close(self) -> None:
        """Let go of the connection."""
        self._node.close()

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _lines(self, path: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
        rest = b""
        for piece in pieces:
            *lines, rest = (rest + piece).split(b"\n")
            yield from (line for line in lines if line.strip())
            if len(rest) > MAX_ANSWER:
                raise self._over(path, MAX_ANSWER)
        if rest.strip():
            yield rest

    def _value(self, path: str, line: bytes) -> dict[str, Any]:
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise self._away(f"what it answers to '{path}' is no JSON object")
        if found.get("Type") == "error":  # what went wrong after it had begun to answer
            raise self._away(f"it says: {str(found.get('Message'))[:_SHOWN]}")
        return found

    def _pieces(self, body: HTTPResponse) -> Iterator[bytes]:
        """Yield what comes as it comes: what waits for a full piece would wait for a trickle."""
        with self._translating():
            while piece := body.read1(PIECE, decode_content=False):
                yield piece

    def paced(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yield pieces of content until they are a trickle."""
        return paced(pieces, self._clock.monotonic_ms, self._away)

    def _timely(self, path: str, pieces: Iterable[bytes], longest_s: float) -> Iterator[bytes]:
        """Yield pieces, as long as whole lines come, and all of them within so long."""
        began_ms = line_ms = self._clock.monotonic_ms()
        for piece in pieces:
            now_ms = self._clock.monotonic_ms()
            if any(line.strip() for line in piece.split(b"\n")[:-1]):
                line_ms = now_ms
            if now_ms - line_ms > 2000 * SILENCE_S or now_ms - began_ms > 1000 * longest_s:
                raise self._away(f"its answer to '{path}' has no end")
            yield piece

    @contextmanager
    def _translating(self) -> Iterator[None]:
        """Raise what the library and those below it raise as what a caller can use."""
        try:
            yield
        except TallyError:
            raise
        except faults.ErrorResponse as fault:
            raise self._away(f"it says: {fault}") from None
        except (faults.TimeoutError, ReadTimeoutError):
            raise self._away(f"it was silent for {SILENCE_S:.0f} seconds") from None
        except (faults.Error, HTTPError, OSError) as fault:  # requests' own are OSErrors
            raise self._away(_reason(fault)) from None

    def _over(self, path: str, most: int) -> Unavailable:
        return self._away(f"its answer to '{path}' is over {most} bytes")

    def _away(self, why: str) -> Unavailable:
        fix = _START if why == _NOBODY else _AGAIN
        return Unavailable(f"the IPFS node cannot be used: {why}", where=self.address, fix=fix)


def _as_file(file: Iterable[bytes]) -> tuple[Iterator[bytes], dict[str, str]]:
    body, headers = multipart.stream_bytes(file, chunk_size=SENT)
    return body, headers


def _complaint(status: int, said: bytes) -> str:
    try:
        message = json.loads(said)["Message"]
    except (ValueError, KeyError, TypeError, RecursionError):
        message = said.decode(errors="replace").strip()
    text = " ".join(str(message).split())
    return f"{text[:_SHOWN]} ({status})" if text else f"HTTP status {status}"


def _reason(fault: BaseException) -> str:
    text = str(fault)
    if "refused" in text:
        return _NOBODY
    if "timed out" in text:
        return "it was silent for too long"
    return "it broke off"
