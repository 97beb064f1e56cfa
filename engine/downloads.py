"""Downloads: files from URLs, each fetched once by whoever needs it first, then had by its CID.

Where the content is does not matter: a file is what its sha256 says. So what was fetched before is
looked for first, here and with others who locked it (mirrors.py); the URL is asked last.
"""

import hashlib
from collections.abc import Callable, Iterable
from contextlib import closing
from typing import BinaryIO, Final

from engine.clock import Clock
from engine.content.cid import Cid
from engine.content.reader import Get, read, stat
from engine.errors import Damaged, Refused, Unavailable
from engine.mirrors import Mirror
from engine.store.add import add_stream
from engine.store.base import ContentStore
from engine.trickle import paced

MAX_FETCH: Final = 64 * 2**30  # bytes; what a URL sends is under somebody else's control
MAX_MIRRORS: Final = 3  # that are tried: each may be a lie, and as long as a file may be
MAX_STRANGERS: Final = 4 * 2**30  # bytes from one whom only an announcement names
STRANGERS_S: Final = 3600.0  # for all of them: by then the URL is the better way

Open = Callable[[str], BinaryIO]  # a URL's content, as a stream
Fetched = Callable[[str], Iterable[Cid]]  # sha256 -> what was fetched under it before
Keep = Callable[[str, Cid], None]
Mirrors = Callable[[str], Iterable[Mirror]]  # sha256 -> who says to have it
Reading = Callable[[Mirror], Get]  # gets the blocks of a mirror, from wherever they are


class Downloads:
    """What URLs have, for one command."""

    def __init__(
        self,
        store: ContentStore,
        *,
        fetched: Fetched,
        keep: Keep,
        mirrors: Mirrors,
        reading: Reading,
        fetch: Open | None,
        clock: Clock,
    ) -> None:
        """Use `fetch` for URLs; None forbids every use of the network."""
        self._store = store
        self._fetched = fetched
        self._keep = keep
        self._mirrors = mirrors
        self._reading = reading
        self._fetch = fetch
        self._clock = clock

    def bring(self, url: str, sha256: str) -> Cid:
        """Return the CID of what a URL has, durable and kept.

        Raises: Unavailable when it cannot be had; Damaged when it does not have that sha256;
        Refused when it is too large.
        """
        known = next((cid for cid in self._fetched(sha256) if self._store.has(cid)), None)
        if known is not None:
            return known
        found = self._from_mirror(sha256)
        if found is None:
            found = self._from_url(url, sha256)
        self._keep(sha256, found)
        return found

    def check(self, sha256: str, cid: Cid) -> None:
        """Look whether what others locked has a sha256, once; it is kept as what was fetched.

        Raises: Damaged when it has another; NotHere when some of it is not here.
        """
        if cid in self._fetched(sha256):
            return
        if _sha256_of(read(self._store.get, cid)) != sha256:
            what = "an input is locked to other content than its sha256 says"
            raise Damaged(what, where=str(cid), fix="believe nothing of what came with it")
        self._keep(sha256, cid)

    def _from_mirror(self, sha256: str) -> Cid | None:
        tried: set[Cid] = set()
        for mirror in self._mirrors(sha256):
            if mirror.cid not in tried and len(tried) < MAX_MIRRORS:
                tried.add(mirror.cid)
                if self._holds(mirror, sha256):
                    return mirror.cid
        return None

    def _holds(self, mirror: Mirror, sha256: str) -> bool:
        """Return whether a mirror's content is here now, and is what was meant."""
        try:
            get = self._reading(mirror)
            if stat(get, mirror.cid).size > (MAX_FETCH if mirror.is_known else MAX_STRANGERS):
                return False
            longest_s = None if mirror.is_known else STRANGERS_S
            there, now = read(get, mirror.cid), self._clock.monotonic_ms
            pieces = paced(there, now, Unavailable, longest_s=longest_s)
            return _sha256_of(pieces) == sha256
        except (Damaged, Refused, Unavailable):  # the URL is still there, and says why not
            return False

    def _from_url(self, url: str, sha256: str) -> Cid:
        if self._fetch is None:
            raise Unavailable(
                "this input was never fetched, and the run is offline",
                where=url,
                fix="run once without --offline",
            )
        with closing(self._fetch(url)) as stream:
            source = _Checked(stream)
            added = add_stream(self._store, source)
        if source.digest() != sha256:
            raise Damaged(
                f"what was fetched has sha256 {source.digest()}, not {sha256}",
                where=url,
                fix="correct the sha256, or find who still has the content that was meant",
            )
        return added.cid


def _sha256_of(pieces: Iterable[bytes]) -> str:
    hashed = hashlib.sha256()
    for piece in pieces:
        hashed.update(piece)
    return hashed.hexdigest()


class _Checked:
    """A stream that is hashed as it is read, and not read for ever."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()
        self._size = 0

    def readinto(self, buffer: memoryview) -> int:
        data = self._stream.read(len(buffer))
        self._size += len(data)
        if self._size > MAX_FETCH:
            fix = "fetch it yourself and name the file, or parts of it"
            raise Refused(f"a download of over {MAX_FETCH} bytes", fix=fix)
        self._hash.update(data)
        buffer[: len(data)] = data
        return len(data)

    def digest(self) -> str:
        return self._hash.hexdigest()
