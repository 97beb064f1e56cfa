"""The real sandbox and the fake keep the same contract."""

import contextlib
import dataclasses
from collections.abc import Iterator

import pytest

from engine.sandbox.base import Job
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.scripted import WELL, Act, Scripted
from tests.conformance.sandbox import Make, SandboxConformance
from tests.engine.sandbox.bench import Bench
from tests.engine.sandbox.test_orders import job

WORK = "printf out; printf err >&2; mkdir -p /out/t/d; printf content >/out/t/d/f; "
SCRIPTS = {"well": WORK, "fails": WORK + "exit 3", "endless": "printf out; sleep 3600"}
DONE = Act(files={"t/d/f": b"content"}, stdout=b"out", stderr=b"err")
ACTS = {
    "well": DONE,
    "fails": dataclasses.replace(DONE, outcome=dataclasses.replace(WELL, exit_code=3)),
    "endless": Act(stdout=b"out", until_cancelled=True),
}


@pytest.mark.sandbox
class TestBubblewrap(SandboxConformance):
    """The real one."""

    @pytest.fixture
    def sandbox(self, bench: Bench) -> Iterator[Bubblewrap]:
        """A slot of its own for each test."""
        with contextlib.closing(Bubblewrap(bench.work)) as slot:
            yield slot

    @pytest.fixture
    def make(self, bench: Bench) -> Make:
        """Jobs that run scripts."""
        return lambda behaviour: bench.job(script=SCRIPTS[behaviour], outputs={"t": "t"})


class TestScripted(SandboxConformance):
    """The fake."""

    @pytest.fixture
    def sandbox(self) -> Scripted:
        """A fake that plays what the command says."""

        def act(wanted: Job) -> Act:
            return ACTS[wanted.command[0]]

        return Scripted(act)

    @pytest.fixture
    def make(self) -> Make:
        """Jobs whose command is the behaviour."""
        return lambda behaviour: job(command=(behaviour,))
