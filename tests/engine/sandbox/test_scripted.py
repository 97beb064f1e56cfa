"""The fake plays what it is told, through the same protocol as the real one."""

import threading
import time

from engine.sandbox.base import Outcome, Sandbox
from engine.sandbox.scripted import WELL, Act, Scripted
from tests.engine.sandbox.bench import Kept, run
from tests.engine.sandbox.test_orders import job


def test_it_gives_what_it_was_told_to(kept: Kept) -> None:
    """Parents come before children, logs before outputs, and the jobs are remembered."""
    act = Act(
        files={"a": b"1", "t/d/f": b"2"},
        executable=frozenset({"t/d/f"}),
        symlinks={"t/l": "d"},
        stdout=b"out",
        stderr=b"err",
    )
    sandbox: Sandbox = Scripted(lambda _: act)
    wanted = job()
    assert run(sandbox, wanted, kept) == WELL
    assert kept.entries == {"a": b"1", "t": (), "t/d": (), "t/d/f": b"2", "t/l": "d"}
    assert (kept.executable, kept.stdout, kept.stderr) == ({"t/d/f"}, b"out", b"err")


def test_a_failed_act_gives_no_outputs(kept: Kept) -> None:
    """As the real one, it gives outputs only for exit code 0."""
    failed = Outcome(3, "", "", 1, 1, 1, False)
    assert run(Scripted(lambda _: Act(outcome=failed, files={"a": b""})), job(), kept) == failed
    assert not kept.entries


def test_it_can_be_cancelled(kept: Kept) -> None:
    """An act without an end ends when it is cancelled."""
    sandbox = Scripted(lambda _: Act(until_cancelled=True))
    outcomes: list[Outcome] = []
    thread = threading.Thread(target=lambda: outcomes.append(run(sandbox, job(), kept)))
    thread.start()
    while not sandbox.jobs:
        time.sleep(0.001)
    while thread.is_alive():
        sandbox.cancel()
        thread.join(0.01)
    assert outcomes[0].reason == "cancelled"
