"""Files from URLs: had from whoever has them, believed by their sha256 alone."""

import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from engine import downloads
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.directory import directory
from engine.downloads import MAX_MIRRORS, Downloads
from engine.errors import Damaged, NotHere, Unavailable
from engine.mirrors import Mirror
from engine.store.add import add_stream
from engine.store.disk import DiskStore
from engine.trickle import SILENCE_S
from tests.fakes.clock import Clock

DATA = b"some data\n" * 20_000
SHA256 = hashlib.sha256(DATA).hexdigest()
RUN = Cid.of(DAG_CBOR, b"a run")
URL = "https://example.org/data"
CLOCK = Clock()

Bring = Callable[..., Cid]


@pytest.fixture
def store(tmp_path: Path) -> Iterator[DiskStore]:
    """A store of ours."""
    with DiskStore(tmp_path / "store") as opened:
        yield opened


@pytest.fixture
def asked() -> list[object]:
    """What was asked for, in order: mirrors, URLs."""
    return []


@pytest.fixture
def bring(store: DiskStore, asked: list[object]) -> Bring:
    """Bring DATA, with these mirrors, from a URL that has some bytes; None: offline."""

    def bring(mirrors: Sequence[Mirror] = (), sent: bytes | None = DATA, late_ms: int = 0) -> Cid:
        def fetch(url: str) -> io.BytesIO:
            asked.append(url)
            return io.BytesIO(sent or b"")

        def late(cid: Cid) -> bytes:
            CLOCK.ms += late_ms
            return store.get(cid)

        def reading(mirror: Mirror) -> Callable[[Cid], bytes]:
            asked.append(mirror)
            return late

        return Downloads(
            store,
            fetched=lambda sha256: store.pins.of(sha256),
            keep=lambda sha256, cid: store.pins.pin(cid, sha256),
            mirrors=lambda _: mirrors,
            reading=reading,
            fetch=None if sent is None else fetch,
            clock=CLOCK,
        ).bring(URL, SHA256)

    return bring


def mirror(store: DiskStore, data: bytes, *, is_known: bool = True) -> Mirror:
    """Return one that has some bytes."""
    return Mirror(add_stream(store, io.BytesIO(data)).cid, RUN, is_known)


def test_it_is_fetched_once(bring: Bring, asked: list[object]) -> None:
    """From then on it is here, offline too."""
    assert bring() == bring(sent=None)
    assert asked == [URL]


def test_a_mirror_comes_before_the_url(store: DiskStore, bring: Bring, asked: list[object]) -> None:
    """What it has is kept under the sha256, as what the URL has would be."""
    having = mirror(store, DATA)
    assert bring([having]) == having.cid
    assert asked == [having]
    assert store.pins.of(SHA256) == [having.cid]


def test_a_mirror_is_believed_by_the_sha256_alone(
    store: DiskStore, bring: Bring, asked: list[object]
) -> None:
    """Other bytes, no file, nothing at all: the next is asked, and the URL at last."""
    made = directory([])
    store.put(made.blocks)
    lies = [
        mirror(store, b"other bytes"),
        Mirror(made.link.cid, RUN, True),
        Mirror(Cid.of(RAW, b"not here"), RUN, False),
    ]
    assert bring(lies) == mirror(store, DATA).cid
    assert asked == [*lies, URL]


def test_so_many_mirrors_are_tried(store: DiskStore, bring: Bring, asked: list[object]) -> None:
    """Each may be a lie; one that is named twice is tried once."""
    lies = [mirror(store, bytes([at])) for at in range(9)]
    bring([*lies[:1] * 5, *lies, mirror(store, DATA)])
    assert asked == [*lies[:MAX_MIRRORS], URL]


def test_of_a_stranger_so_much_is_read(
    store: DiskStore, bring: Bring, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the size that its root says, which is never exceeded: one that is known may have more."""
    monkeypatch.setattr(downloads, "MAX_STRANGERS", len(DATA) - 1)
    stranger = mirror(store, DATA, is_known=False)
    bring([stranger])
    assert asked == [stranger, URL]


def test_a_strangers_mirror_has_an_end(
    store: DiskStore, bring: Bring, asked: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is known may take longer; nobody's may be a trickle."""
    monkeypatch.setattr(downloads, "STRANGERS_S", SILENCE_S)
    late_ms = int(SILENCE_S * 1000) + 1
    known, stranger = mirror(store, DATA), mirror(store, DATA, is_known=False)
    bring([stranger], late_ms=late_ms)
    assert asked == [stranger, URL]
    store.pins.unpin(known.cid, SHA256)
    bring([known], late_ms=late_ms)
    store.pins.unpin(known.cid, SHA256)
    bring([known], late_ms=100 * late_ms)
    assert asked == [stranger, URL, known, known, URL]


def test_what_the_url_has_is_checked(store: DiskStore, bring: Bring) -> None:
    """Other bytes are damage, and nothing is kept; offline it is not here."""
    with pytest.raises(Damaged, match="sha256"):
        bring(sent=b"other bytes")
    with pytest.raises(Unavailable, match="offline"):
        bring(sent=None)
    assert store.pins.all() == []


def test_who_gives_nothing_is_passed_over(store: DiskStore) -> None:
    """A mirror that is away is no error while the URL is there."""

    def away(_: Mirror) -> Callable[[Cid], bytes]:
        raise NotHere("nobody has it")

    found = Downloads(
        store,
        fetched=lambda _: (),
        keep=lambda *_: None,
        mirrors=lambda _: [Mirror(RUN, RUN, True)],
        reading=away,
        fetch=lambda _: io.BytesIO(DATA),
        clock=CLOCK,
    ).bring(URL, SHA256)
    assert found == mirror(store, DATA).cid
