"""The laboratory of this machine, put together: its sandboxes, and the shim laid in them."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from importlib.resources import files
from typing import Literal

from cli.sandboxes import open_host
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.determinism.laboratory import Laboratory
from engine.determinism.statics import static_programs
from engine.determinism.varied import Means
from engine.nix.closure import programs_of
from engine.nix.records import CLOSURE
from engine.sandbox.base import Sandbox
from engine.sandbox.bubblewrap import Bubblewrap


@contextmanager
def open_laboratory(space: Workspace, carriers: dict[Cid, Cid]) -> Iterator[Laboratory]:
    """Open what steps are examined in."""

    def open_sandbox(without: frozenset[str]) -> Sandbox:
        return Bubblewrap(space.work, without)

    shim = (files("engine.determinism") / "preload.bin").read_bytes()
    with open_host(space, carriers) as host:

        @cache
        def static(closure: Cid) -> tuple[str, ...]:
            farm = host.closures.place(closure).farm
            programs = programs_of(CLOSURE.decode(space.store.get(closure)), farm)
            return static_programs(programs, farm)

        means = Means(shim, open_sandbox, SystemClock(), time.sleep)
        yield Laboratory(space.store, host, means, static, _silent)


def _silent(stream: Literal["stdout", "stderr"], data: bytes) -> None:
    """Print nothing of what steps print dozens of times."""
