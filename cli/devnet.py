"""`tally devnet`: some peers of one's own on this machine, to try things."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

import click

from cli.interrupt import interruptible
from cli.options import common
from cli.report import note
from cli.settings import Settings
from engine.errors import Unavailable

MAX_PEERS: Final = 32  # each is two processes of 60 MiB

_MEET_S: Final = 60  # for all of them to meet
_END_S: Final = 10  # for a peer to stop
_LOOK_S: Final = 0.1


class Started(NamedTuple):
    """A peer of the devnet."""

    process: "subprocess.Popen[bytes]"
    home: Path
    peer: str
    address: str


@click.command()
@click.argument("count", metavar="N", type=click.IntRange(1, MAX_PEERS))
@common
def devnet(settings: Settings, count: int) -> int:
    """Run N peers on this machine until Ctrl-C or SIGTERM.

    Each has a home of its own, in devnet/1 and so on below this one; any of them can be the
    TALLY_HOME of 'tally run WORKFLOW --on peers'.
    """
    ended: list[None] = []
    with interruptible(lambda: ended.append(None)), _peers(settings.home / "devnet", count) as all_:
        for one in all_:
            click.echo(f"peer {one.peer} home {one.home} address {one.address}")
        _introduce(all_, ended)
        if not ended:
            click.echo("ready")
        while not ended:
            _look(all_)
            time.sleep(_LOOK_S)
    return 0


@contextmanager
def _peers(folder: Path, count: int) -> Iterator[list[Started]]:
    """Start peers, each when its turn comes; stop all of them in the end."""
    processes: list[tuple[subprocess.Popen[bytes], Path]] = []
    try:
        for number in range(1, count + 1):
            home = folder / str(number)
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            processes.append((_start(home), home))
        yield [_started(process, home) for process, home in processes]
    finally:
        _stop([process for process, _ in processes])


def _start(home: Path) -> "subprocess.Popen[bytes]":
    words = ["peer", "start", "--listen", "127.0.0.1:0", "--no-lan", "--while-stdin"]
    words += ["--ipfs", "none"]
    with (home / "peer.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, sys.argv[0], "--home", str(home), *words, "-o", "json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for this process, which then stops them
        )


def _started(process: "subprocess.Popen[bytes]", home: Path) -> Started:
    """Return a peer once it has said who it is.

    Raises: Unavailable when it ends instead.
    """
    if process.stdout is None:
        raise ValueError("its output is not read")
    line = process.stdout.readline()
    if not line:
        log = home / "peer.log"
        raise Unavailable("a peer of the devnet did not start", where=str(log), fix="see there")
    said = json.loads(line)
    return Started(process, home, said["peer"], said["address"])


def _introduce(peers: Sequence[Started], ended: Sequence[None]) -> None:
    """Have all of them know each other, and wait until they are connected.

    Raises: Unavailable when that does not come to be.
    """
    from peers.control_client import connect

    until = time.monotonic() + _MEET_S
    for number, one in enumerate(peers):
        with connect(one.home) as node:
            for other in peers[:number]:
                node.call("add", other.address)
    for one in peers:
        with connect(one.home) as node:
            while not ended and _met(json.loads(str(node.call("status")))) < len(peers) - 1:
                _look(peers)
                if time.monotonic() > until:
                    fix = f"see {one.home / 'peer.log'}"
                    raise Unavailable("the peers of the devnet do not meet", fix=fix)
                time.sleep(_LOOK_S)


def _met(facts: dict[str, list[dict[str, str]]]) -> int:
    return sum(other["state"] == "up" for other in facts["peers"])


def _look(peers: Sequence[Started]) -> None:
    """Say so when a peer has ended by itself: the others go on."""
    for one in peers:
        if one.process.stdin is not None and one.process.poll() is not None:
            note(f"peer {one.peer} has ended, with exit code {one.process.returncode}")
            one.process.stdin = None


def _stop(processes: Sequence["subprocess.Popen[bytes]"]) -> None:
    """Stop them all, first with a word."""
    for process in processes:
        process.terminate()
    until = time.monotonic() + _END_S
    for process in processes:
        try:
            process.wait(max(0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
