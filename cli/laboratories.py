"""The laboratory of this machine, put together: its sandboxes, and the shim laid in them."""

import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from importlib.resources import files
from typing import Literal

from cli.comparators import comparing_in
from cli.heard import Heard
from cli.prepare import carriers_of
from cli.sandboxes import open_host
from cli.settings import Settings
from cli.workspace import Workspace
from engine.clock import SystemClock
from engine.content.cid import Cid
from engine.determinism.again import VariedRunner
from engine.determinism.laboratory import Laboratory, Static
from engine.determinism.statics import static_programs
from engine.determinism.varied import Means
from engine.host import Host
from engine.lazyrunner import LazyRunner
from engine.nix.closure import programs_of
from engine.nix.records import CLOSURE
from engine.opinion import Asked, Opinion
from engine.rows import Name
from engine.run import Run
from engine.runner import Runner
from engine.sandbox.base import Sandbox
from engine.sandbox.bubblewrap import Bubblewrap
from engine.slots import Slots


@contextmanager
def open_laboratory(
    space: Workspace, settings: Settings, run: Run, within: Cid
) -> Iterator[Laboratory]:
    """Open what steps of a run are examined in; `within` as in cli/repeat.py."""
    with ExitStack() as opened:
        host = opened.enter_context(open_host(space, carriers_of(space, run)))
        heard = Heard()
        comparing = cache(partial(comparing_in(space, settings, run, within, opened, heard), None))

        def ask(asked: Sequence[Asked]) -> dict[Name, Opinion]:
            opinions = comparing().ask_all(asked)
            heard.tell(asked, opinions)
            return opinions

        yield Laboratory(space.store, host, _means(space), _static(space, host), _silent, ask)


@contextmanager
def open_varied(space: Workspace, carriers: dict[Cid, Cid]) -> Iterator[Slots]:
    """Open one slot in which steps run under other conditions than usual."""
    with ExitStack() as opened:

        def make() -> Runner:
            host = opened.enter_context(open_host(space, carriers))
            return VariedRunner(host, _means(space), _static(space, host))

        slots = Slots([LazyRunner(make)])
        try:
            yield slots
        finally:
            slots.close()


def _means(space: Workspace) -> Means:
    def open_sandbox(without: frozenset[str]) -> Sandbox:
        return Bubblewrap(space.work, without)

    shim = (files("engine.determinism") / "preload.bin").read_bytes()
    return Means(shim, open_sandbox, SystemClock(), time.sleep)


def _static(space: Workspace, host: Host) -> Static:
    @cache
    def static(closure: Cid) -> tuple[str, ...]:
        farm = host.closures.place(closure).farm
        programs = programs_of(CLOSURE.decode(space.store.get(closure)), farm)
        return static_programs(programs, farm)

    return static


def _silent(stream: Literal["stdout", "stderr"], data: bytes) -> None:
    """Print nothing of what steps print dozens of times."""
