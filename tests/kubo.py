"""Real IPFS nodes for tests: on loopback, known to nobody, each with a folder of its own."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Self

import pytest

from engine.ipfs.kubo import Kubo

ROOT = Path(__file__).parents[1]
START_S = 60
STOP_S = 30


@cache
def binary() -> Path | None:
    """Return where `ipfs` is: $TALLY_TEST_IPFS, or what setup/kubo/install has built."""
    if named := os.environ.get("TALLY_TEST_IPFS"):
        return Path(named)
    looked = subprocess.run(
        [ROOT / "setup" / "kubo" / "install", "--look"], capture_output=True, text=True, check=False
    )
    return Path(looked.stdout.strip()) if looked.returncode == 0 else None


needs_ipfs = pytest.mark.skipif(binary() is None, reason="no IPFS node: ./setup/kubo/install")


class IpfsNode(AbstractContextManager["IpfsNode"]):
    """A node that runs, in a folder of its own."""

    def __init__(self, folder: Path, prefix: tuple[str, ...] = ()) -> None:
        """`prefix`: the words before the program, as of a network namespace."""
        self.folder = folder
        self._prefix = prefix
        self._process: subprocess.Popen[bytes] | None = None
        if not (folder / "config").exists():
            self.ipfs("init", "--profile=test")
            self.ipfs("config", "profile", "apply", "unixfs-v1-2025")
            self.set("Experimental.Libp2pStreamMounting", True)
            self.set("Provide.Strategy", "roots")

    def set(self, name: str, value: object) -> None:
        """Set a value of its configuration."""
        self.ipfs("config", "--json", name, json.dumps(value))

    def ipfs(self, *words: str | Path, stdin: bytes | None = None, check: bool = True) -> str:
        """Run a command of the stock program on this node; return what it prints."""
        program = binary()
        assert program is not None
        done = subprocess.run(
            [*self._prefix, program, *words],
            env=self.environ,
            input=stdin,
            capture_output=True,
            check=False,
        )
        assert not check or done.returncode == 0, done.stderr.decode()
        return done.stdout.decode(errors="replace").strip()

    @property
    def environ(self) -> dict[str, str]:
        """The variables by which programs find this node."""
        return {**os.environ, "IPFS_PATH": str(self.folder), "IPFS_TELEMETRY": "off"}

    @property
    def address(self) -> str:
        """Where its API listens, as a multiaddress."""
        return (self.folder / "api").read_text().strip()

    @property
    def gateway(self) -> str:
        """Where its gateway listens, as a URL."""
        return (self.folder / "gateway").read_text().strip()

    def swarm(self) -> str:
        """Return an address by which other nodes reach it."""
        return next(iter(json.loads(self.ipfs("id"))["Addresses"]))

    def start(self) -> Self:
        """Start it, and wait until it answers."""
        program = binary()
        assert program is not None
        (self.folder / "api").unlink(missing_ok=True)
        (self.folder / "gateway").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._prefix, program, "daemon"], env=self.environ, stdout=log, stderr=log
            )
        end = time.monotonic() + START_S
        while not (self.folder / "gateway").exists():
            assert self._process.poll() is None, (self.folder / "log").read_text()
            assert time.monotonic() < end, "the IPFS node does not start"
            time.sleep(0.05)
        return self

    def kill(self) -> None:
        """End it at once, as by kill -9."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None

    def kubo(self) -> Kubo:
        """Return our side of it."""
        return Kubo(self.address)

    def __exit__(self, *raised: object) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def nodes(folder: Path, count: int) -> Iterator[list[IpfsNode]]:
    """Run some nodes, each connected to all others."""
    with ExitStack() as stack:
        found = [stack.enter_context(IpfsNode(folder / f"ipfs{at}")) for at in range(count)]
        for node in found:
            node.start()
        for at, node in enumerate(found):
            for other in found[:at]:
                node.ipfs("swarm", "connect", other.swarm())
        yield found
