"""A request for content is read strictly; the rest has an answer that says why."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content.cid import RAW, Cid
from peers.http_reply import NoAnswer
from peers.http_request import Asked, parse

CID = Cid.of(RAW, b"x")


def asked(target: str, *headers: str, method: str = "GET", version: str = "1.1") -> Asked:
    """Return what is read of a request."""
    lines = [f"{method} {target} HTTP/{version}", "Host: here", *headers]
    return parse("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n")


def test_a_place_is_a_cid_and_names() -> None:
    """As they were before they were written in an address."""
    read = asked(f"/ipfs/{CID}/a%20b//%C3%A9/")
    assert (read.cid, read.names) == (CID, ("a b", "é"))
    assert read.path == f"{CID}/a b/é"


@pytest.mark.parametrize(
    ("query", "accept", "form"),
    [
        ("", "", "file"),
        ("", "*/*", "file"),
        ("", "text/html, application/vnd.ipld.raw;q=0.9", "raw"),
        ("", "application/vnd.ipld.car; version=1; order=dfs", "car"),
        ("?format=raw", "application/vnd.ipld.car", "raw"),
        ("?format=car&dag-scope=block", "", "car"),
    ],
)
def test_the_form_is_of_the_address_or_else_of_the_header(
    query: str, accept: str, form: str
) -> None:
    """As https://specs.ipfs.tech/http-gateways/trustless-gateway/ has it, under `format`."""
    assert asked(f"/ipfs/{CID}{query}", f"Accept: {accept}").form == form


def test_a_range_of_a_car_is_of_one_entity() -> None:
    """entity-bytes implies dag-scope=entity; negative numbers count from the end."""
    read = asked(f"/ipfs/{CID}?format=car&entity-bytes=-5:*")
    assert (read.scope, read.bytes) == ("entity", (-5, None))
    assert asked(f"/ipfs/{CID}?format=car&entity-bytes=1:-3").bytes == (1, -3)


@pytest.mark.parametrize(
    ("version", "connection", "is_kept"),
    [("1.1", "", True), ("1.1", "Close", False), ("1.0", "", False), ("1.0", "keep-alive", True)],
)
def test_a_connection_is_kept(version: str, connection: str, is_kept: bool) -> None:
    """As each version of HTTP has it."""
    read = asked(f"/ipfs/{CID}", f"Connection: {connection}", version=version)
    assert read.is_kept == is_kept


@pytest.mark.parametrize(
    ("status", "raw"),
    [
        (400, b"\x16\x03\x01junk\r\n\r\n"),
        (400, b"GET /ipfs/x HTTP/2\r\nHost: a\r\n\r\n"),
        (400, f"GET http://a/ipfs/{CID} HTTP/1.1\r\nHost: a\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\nHost: a\r\n b: folded\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\nHost: a\nX: y\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n".encode()),
        (400, f"GET /ipfs/{CID} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: x\r\n\r\n".encode()),
        (405, f"POST /ipfs/{CID} HTTP/1.1\r\nHost: a\r\n\r\n".encode()),
        (404, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        (404, b"GET /ipns/example.org HTTP/1.1\r\nHost: a\r\n\r\n"),
        (400, b"GET /ipfs/QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG HTTP/1.0\r\n\r\n"),
    ],
)
def test_what_is_no_request_for_content(status: int, raw: bytes) -> None:
    """No body, no second host, no folded line, no method that changes anything."""
    with pytest.raises(NoAnswer) as no:
        parse(raw)
    assert no.value.status == status


@pytest.mark.parametrize(
    ("status", "rest"),
    [
        (400, "/../x"),
        (400, "/%2e%2e/x"),
        (400, "/a%2Fb"),
        (400, "/%00"),
        (400, "/%FF"),
        (400, "/a" * 65),
        (406, "?format=tar"),
        (400, "?format=car&car-version=2"),
        (400, "?format=car&dag-scope=some"),
        (400, "?format=car&entity-bytes=x"),
        (400, "?" + "a=b&" * 50),
    ],
)
def test_what_nothing_is_at(status: int, rest: str) -> None:
    """Names that no directory has; formats that there are not."""
    with pytest.raises(NoAnswer) as no:
        asked(f"/ipfs/{CID}{rest}")
    assert no.value.status == status


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda text: text.encode()))
def test_junk_has_an_answer(raw: bytes) -> None:
    """Whatever comes, it is read or refused."""
    for line in (raw, b"GET /ipfs/" + raw + b" HTTP/1.1\r\nHost: a", b"GET / HTTP/1.1\r\n" + raw):
        with contextlib.suppress(NoAnswer):
            parse(line + b"\r\n\r\n")
