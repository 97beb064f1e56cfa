"""Network namespaces: machines on one, each of which has another address."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemons import until


@pytest.fixture
def networks() -> Iterator[list[tuple[str, ...]]]:
    """Return what puts a program into one of three networks: the first has a wire to each other.

    The first passes nothing on between them, so that the others cannot reach each other.
    """
    enter = shutil.which("nsenter")
    if os.geteuid() != 0 or enter is None or shutil.which("ip") is None:
        pytest.skip("this needs root, ip and nsenter: networks are made")
    holders = [subprocess.Popen(["unshare", "--net", "sleep", "1000"]) for _ in range(3)]
    into = [(enter, "--net", "--target", str(one.pid)) for one in holders]
    try:
        ours = Path("/proc/self/ns/net").readlink()
        until(lambda: all(Path(f"/proc/{h.pid}/ns/net").readlink() != ours for h in holders))
        for number in (1, 2):
            _wire(into, holders, number)
        yield into
    finally:
        for one in holders:
            one.kill()
            one.wait()


def _wire(into: list[tuple[str, ...]], holders: list[subprocess.Popen[bytes]], number: int) -> None:
    """Lay a wire from the first network to another."""
    here, there = f"10.71.{number}.1", f"10.71.{number}.2"
    pair = ("type", "veth", "peer", "name", "wire", "netns", str(holders[number].pid))
    for program, words in (
        (into[0], ("link", "add", f"to{number}", *pair)),
        (into[0], ("address", "add", f"{here}/24", "dev", f"to{number}")),
        (into[0], ("link", "set", f"to{number}", "up")),
        (into[0], ("link", "set", "lo", "up")),
        (into[number], ("link", "set", "lo", "up")),
        (into[number], ("address", "add", f"{there}/24", "dev", "wire")),
        (into[number], ("link", "set", "wire", "up")),
        (into[number], ("route", "add", "default", "via", here)),
    ):
        subprocess.run([*program, "ip", *words], check=True)
