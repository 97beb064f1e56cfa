"""An IPFS node whose answers have no end beside their content: every call ends."""

import pytest

from engine import trickle, weblines
from engine.content.cid import RAW, Cid
from engine.errors import Unavailable
from engine.ipfs import calls
from engine.ipfs.kubo import Kubo
from tests.fakes.rpc import MUCH, HostileRpc, Visit

LEAF = Cid.of(RAW, b"x")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Silence is borne for a moment only."""
    monkeypatch.setattr(calls, "SILENCE_S", 0.5)
    monkeypatch.setattr(calls, "LONGEST_S", 1.0)
    monkeypatch.setattr(trickle, "SILENCE_S", 0.5)
    monkeypatch.setattr(weblines, "LINES_S", 0.5)


def test_an_endless_redirect_is_cut() -> None:
    """Where it sends us nobody goes, and its body is not read."""

    def answer(visit: Visit) -> None:
        visit.pour(b"y" * 65536, 302, Location="/elsewhere")

    with HostileRpc(answer) as rpc, Kubo(rpc.address) as kubo:
        with pytest.raises(Unavailable):
            kubo.get(LEAF)
        assert rpc.sent < MUCH


_HEAD = b"HTTP/1.1 200 OK\r\n"
_CHUNKED = _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    ("beginning", "piece", "every_s"),
    [
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 100, 0.0),
        (_HEAD + b"X: ", b"x", 0.05),
        (_HEAD + b"X: ", b"x" * 1000, 0.0),
        (_CHUNKED, b"0", 0.05),
        (_CHUNKED + b"0\r\n", b"X: y\r\n" * 100, 0.0),
        (_HEAD + b"\r\n", b"\n\n \n", 0.01),
        (_HEAD + b"\r\n", b"{}\n", 0.01),
        (_HEAD + b"\r\n", b"x", 0.05),
    ],
)
def test_lines_without_end_are_cut(beginning: bytes, piece: bytes, every_s: float) -> None:
    """Heads, chunks, what follows them and answers in JSON end, or the node is away."""

    def answer(visit: Visit) -> None:
        visit.drip_raw(beginning, piece, every_s)

    with (
        HostileRpc(answer) as rpc,
        Kubo(rpc.address) as kubo,
        pytest.raises(Unavailable),
    ):
        kubo.pins()


@pytest.mark.parametrize("address", ["/ip4/999.9.9.9/tcp/1", "/ip4/127.0.0.1/tcp/99999"])
def test_an_address_that_is_none_is_a_node_that_is_away(address: str) -> None:
    """A file of the node's folder may say anything that looks like one."""
    with pytest.raises(Unavailable):
        Kubo(address)
