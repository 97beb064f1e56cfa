"""What every Sandbox does: a test class to inherit from, with fixtures of one's own.

`sandbox` is an open slot; `make` makes a Job of a behaviour: "well" prints "out" and "err" and
leaves the output `t` with a file `d/f` holding "content"; "fails" does the same and exits 3;
"endless" prints "out" and goes on until it is cancelled.
"""

import threading
from collections.abc import Callable

import pytest

from engine.errors import Unavailable
from engine.sandbox.base import Job, Outcome, Sandbox
from tests.engine.sandbox.bench import Kept, run

Make = Callable[[str], Job]


class SandboxConformance:
    """The contract of engine/sandbox/base.py Sandbox."""

    def test_it_gives_logs_and_outputs(self, sandbox: Sandbox, make: Make) -> None:
        """Parents come before children, and what was printed arrives by stream."""
        kept = Kept()
        outcome = run(sandbox, make("well"), kept)
        assert (outcome.exit_code, outcome.reason) == (0, "")
        assert list(kept.entries.items()) == [("t", ()), ("t/d", ()), ("t/d/f", b"content")]
        assert (kept.stdout, kept.stderr) == (b"out", b"err")

    def test_a_failed_job_gives_its_logs_only(self, sandbox: Sandbox, make: Make) -> None:
        """Outputs are given only for exit code 0."""
        kept = Kept()
        assert run(sandbox, make("fails"), kept).exit_code == 3
        assert (kept.entries, kept.stdout, kept.stderr) == ({}, b"out", b"err")

    def test_a_job_can_be_cancelled(self, sandbox: Sandbox, make: Make) -> None:
        """Cancelling from another thread ends it, and the next job runs."""
        outcomes: list[Outcome] = []
        kept = Kept()
        began = threading.Event()

        def listen(stream: str, data: bytes) -> None:
            began.set()

        thread = threading.Thread(
            target=lambda: outcomes.append(sandbox.run(make("endless"), listen, kept))
        )
        thread.start()
        assert began.wait(60)
        sandbox.cancel()
        thread.join()
        assert outcomes[0].reason == "cancelled"
        assert run(sandbox, make("well"), Kept()).exit_code == 0

    def test_it_goes_on_for_the_next_owner(self, sandbox: Sandbox, make: Make) -> None:
        """Renewing is always possible, also when nothing has run."""
        sandbox.renew()
        assert run(sandbox, make("well"), Kept()).exit_code == 0
        sandbox.renew()
        assert run(sandbox, make("well"), Kept()).exit_code == 0

    def test_what_a_sink_raises_comes_out(self, sandbox: Sandbox, make: Make) -> None:
        """A full disk in a sink ends the job, not the slot."""

        def full(stream: str, data: bytes) -> None:
            raise Unavailable("the disk is full")

        with pytest.raises(Unavailable, match="disk is full"):
            sandbox.run(make("endless"), full, Kept())
        assert run(sandbox, make("well"), Kept()).exit_code == 0

    def test_it_says_what_guards(self, sandbox: Sandbox) -> None:
        """The tier is there before the first job."""
        assert sandbox.tier

    def test_closing_twice_is_closing(self, sandbox: Sandbox) -> None:
        """Closing is always possible."""
        sandbox.close()
        sandbox.close()
