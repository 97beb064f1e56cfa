"""`tally peer start --http`: anybody reads what is published, and nothing else, while it runs."""

import contextlib
import json
import os
import signal
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli.gateway import place
from engine.content.cid import Cid
from engine.errors import Refused
from engine.store.disk import DiskStore
from engine.store.public_roots import PUBLIC_PIN
from tests.cli.program import START as PEER
from tests.cli.program import Program
from tests.daemons import until

START = (*PEER, "--http", "0")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Return the program on a home that is not there yet."""
    return Program(tmp_path / "home")


@pytest.fixture
def address(program: Program) -> Iterator[str]:
    """Return where a peer that runs in that home serves what is public."""
    with program.serving() as found:
        yield found


def added(program: Program, path: Path, text: str) -> str:
    """Add a file; return its CID."""
    path.write_text(text)
    return str(program.told("add", path)["cid"])


def publish(program: Program, cid: str) -> None:
    """Publish what a home has."""
    with DiskStore(program.home / "store") as store:
        store.pins.pin(Cid.parse(cid), PUBLIC_PIN)


def read(url: str) -> bytes:
    """Return what is at an address."""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - of our own peer
        content: bytes = answer.read()
        return content


def wait_for(url: str) -> bytes:
    """Return what is at an address, as soon as it is."""
    found: list[bytes] = []

    def is_there() -> bool:
        try:
            found.append(read(url))
        except urllib.error.HTTPError as error:
            error.close()
        return bool(found)

    until(is_there)
    return found[0]


def test_only_what_is_published_is_served(program: Program, address: str, tmp_path: Path) -> None:
    """Published while it runs, it is there a moment later; something else of the home is not."""
    public = added(program, tmp_path / "public", "for all")
    secret = added(program, tmp_path / "secret", "for none")
    publish(program, public)
    assert wait_for(f"{address}/ipfs/{public}") == b"for all"
    with pytest.raises(urllib.error.HTTPError) as error:
        read(f"{address}/ipfs/{secret}")
    assert error.value.code == 404
    error.value.close()
    assert program.told("peer", "status")["http"] == address
    assert address in program("peer", "status").out


def test_a_process_that_was_killed_is_started_again(
    program: Program, address: str, tmp_path: Path
) -> None:
    """At the same address; the peer goes on meanwhile."""
    public = added(program, tmp_path / "public", "for all")
    publish(program, public)
    wait_for(f"{address}/ipfs/{public}")
    killed = serving(program.told("peer", "status")["pid"])
    os.kill(killed, signal.SIGKILL)
    until(lambda: serving(program.told("peer", "status")["pid"]) not in (0, killed))
    assert wait_for(f"{address}/ipfs/{public}") == b"for all"


def test_it_ends_with_its_peer(program: Program, tmp_path: Path) -> None:
    """However that ends: nobody goes on serving what somebody has unpublished since."""
    with program.start(*START) as process:
        assert process.stdout is not None
        address = json.loads(process.stdout.readline())["http"]
        publish(program, added(program, tmp_path / "public", "for all"))
        child = serving(process.pid)
        process.kill()
        process.communicate(timeout=60)
    assert child
    until(lambda: not answers(f"{address}/ipfs/bafkqaaa"))


def answers(url: str) -> bool:
    """Return whether anybody is at an address."""
    try:
        return read(url) == b""
    except ConnectionError:  # cut off in the middle
        return True
    except urllib.error.URLError:
        return False


def serving(parent: int) -> int:
    """Return the process that serves for a peer, 0 for none."""
    for child in Path(f"/proc/{parent}/task/{parent}/children").read_text().split():
        with contextlib.suppress(OSError):  # it is gone
            if b"cli.gateway" in Path(f"/proc/{child}/cmdline").read_bytes():
                return int(child)
    return 0


def test_a_port_that_cannot_be_had(program: Program, address: str) -> None:
    """Is exit 3, and says where."""
    done = Program(program.home.parent / "other")(*START[:-1], address.removeprefix("http://"))
    assert done.code == 3
    assert "cannot listen on 127.0.0.1" in done.err
    assert "choose another port for --http, or end what uses this one\n" in done.err


def test_a_place_has_a_host_or_is_of_this_machine() -> None:
    """Loopback, unless a host is said."""
    assert place("8081") == ("127.0.0.1", 8081)
    assert place("0.0.0.0:80") == ("0.0.0.0", 80)  # noqa: S104 - not bound
    assert place("[::1]:0") == ("::1", 0)
    with pytest.raises(Refused):
        place("here")
