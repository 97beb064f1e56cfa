"""A job on a terminal of its own, in the real sandbox, with somebody at it."""

import threading
import tty
from collections.abc import Iterator

import pytest

from engine.errors import Unavailable
from engine.sandbox.base import Job, Limits, Outcome
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.relay import Relay
from tests.engine.sandbox.bench import MIB, Bench, Kept, run
from tests.engine.sandbox.leftovers import gone, kill_executor_of
from tests.fakes.seat import Seat

pytestmark = pytest.mark.sandbox

# it sleeps often: Python misses a signal that comes just before it begins to sleep
LISTEN = """
import fcntl, os, signal, time
def resized(*_): print("now", *os.get_terminal_size(0))
def stopped(*_): print("stopped"); raise SystemExit(9)
signal.signal(signal.SIGWINCH, resized)
signal.signal(signal.SIGINT, stopped)
try: fcntl.ioctl(0, 0x5412, b"x")
except OSError as error: print("CLOSED", error.errno)
print("ready")
while True: time.sleep(0.02)
"""


class Sitting:
    """Somebody at a terminal on which a job runs, in a thread of its own."""

    def __init__(self, sandbox: Bubblewrap, seat: Seat) -> None:
        self.seat = seat
        self._sandbox = sandbox
        tty.setraw(seat.terminal)
        self.relay = Relay(seat.terminal, seat.terminal)
        self.outcomes: list[Outcome | Unavailable] = []
        self._thread = threading.Thread()

    def begin(self, job: Job) -> None:
        """Begin a job."""
        self._thread = threading.Thread(target=self._interact, args=(job,))
        self._thread.start()

    def end(self) -> Outcome | Unavailable:
        """Wait until it has ended, and return how."""
        self._thread.join()
        return self.outcomes.pop()

    def leave(self) -> None:
        """End the job of a test that has failed."""
        while self._thread.is_alive():
            self._sandbox.cancel()
            self._thread.join(0.1)

    def _interact(self, job: Job) -> None:
        try:
            self.outcomes.append(self._sandbox.interact(job, self.relay))
        except Unavailable as error:
            self.outcomes.append(error)


@pytest.fixture
def sitting(sandbox: Bubblewrap) -> Iterator[Sitting]:
    """Somebody at a terminal of 30 rows and 100 columns."""
    with Seat(30, 100) as seat:
        sitting = Sitting(sandbox, seat)
        yield sitting
        sitting.leave()


def shell(bench: Bench, *command: str, **changes: object) -> Job:
    """Make a job of a shell that prompts with `% `."""
    changes["variables"] = {"PS1": "% ", "TERM": "dumb"}
    return bench.job(*(command or ("/bin/sh", "-i")), **changes)


def exit_code(outcome: Outcome | Unavailable) -> int:
    """Return the exit code of a job that ended by itself."""
    assert isinstance(outcome, Outcome)
    assert outcome.reason == ""
    return outcome.exit_code


def test_commands_are_typed_and_answered(sitting: Sitting, bench: Bench) -> None:
    """A shell sees a terminal of the right size; its exit code is that of the job."""
    sitting.begin(shell(bench))
    sitting.seat.expect("% ")
    sitting.seat.type("stty size; echo $((6 * 7)); echo one >/out/o; cat /out/o\n")
    assert "30 100\r\n42\r\none" in sitting.seat.expect("one\r\n")
    sitting.seat.type("exit 7\n")
    assert exit_code(sitting.end()) == 7


def test_a_change_of_size_is_told(sitting: Sitting, bench: Bench) -> None:
    """The job's terminal follows, and the program on it gets SIGWINCH."""
    sitting.begin(bench.job(f"{bench.environment}/bin/python", "-uc", LISTEN))
    sitting.seat.expect("ready")
    sitting.seat.resize(50, 132)
    sitting.relay.resize()
    sitting.seat.expect("now 132 50")
    sitting.seat.type("\x03")
    assert exit_code(sitting.end()) == 9


def test_ctrl_c_ends_what_runs_and_not_the_shell(sitting: Sitting, bench: Bench) -> None:
    """The program in the foreground is interrupted; the shell goes on."""
    sitting.begin(shell(bench))
    sitting.seat.expect("% ")
    loop = "import time; print('be' 'gun')\nwhile True: time.sleep(0.02)"
    sitting.seat.type(f'python -uc "{loop}"\n')
    sitting.seat.expect("begun")
    sitting.seat.type("\x03")
    sitting.seat.expect("KeyboardInterrupt")
    sitting.seat.expect("% ")
    sitting.seat.type("echo code $?\n")
    sitting.seat.expect("code 130")
    sitting.seat.type("\x03exit 3\n")
    assert exit_code(sitting.end()) == 3


def test_ctrl_c_reaches_a_program_without_a_shell(sitting: Sitting, bench: Bench) -> None:
    """It may do with it what it likes; nothing of the sandbox ends by it. TIOCSTI is closed."""
    sitting.begin(bench.job(f"{bench.environment}/bin/python", "-uc", LISTEN))
    assert "CLOSED 38" in sitting.seat.expect("ready")
    sitting.seat.type("\x03")
    sitting.seat.expect("stopped")
    assert exit_code(sitting.end()) == 9


def test_nothing_of_the_machine_comes_with_a_terminal(sitting: Sitting, bench: Bench) -> None:
    """A job has three descriptors, all its own terminal, and no device but a step's and that."""
    see = "import os; print(*map(os.ttyname, range(3)), sorted(os.listdir('/proc/self/fd')))"
    sitting.begin(bench.job(f"{bench.environment}/bin/python", "-c", see))
    assert exit_code(sitting.end()) == 0
    sitting.seat.expect("/dev/console /dev/console /dev/console ['0', '1', '2', '3']")
    sitting.begin(bench.job("/bin/sh", "-c", "echo $(ls /dev) at $(ls /dev/pts)"))
    assert exit_code(sitting.end()) == 0
    sitting.seat.expect(
        "console core fd full null ptmx pts random shm stderr stdin stdout tty urandom zero at ptmx"
    )


def test_limits_hold(sitting: Sitting, bench: Bench) -> None:
    """A shell that is over its memory or its time is ended, and it is said why."""
    limits = Limits(memory=64 * MIB)
    job = shell(bench, "/bin/sh", "-c", "head -c 200m /dev/zero >/tmp/a", limits=limits)
    sitting.begin(job)
    outcome = sitting.end()
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "memory"
    sitting.begin(shell(bench, limits=Limits(wall_ms=300)))
    outcome = sitting.end()
    assert isinstance(outcome, Outcome)
    assert outcome.reason == "timeout"


def test_outputs_are_neither_wanted_nor_taken(sitting: Sitting, bench: Bench) -> None:
    """The directories of outputs are there; that nothing is made in them is no failure."""
    outputs = {"o": "deep/o"}
    sitting.begin(shell(bench, "/bin/sh", "-c", "ls /out", outputs=outputs))
    assert exit_code(sitting.end()) == 0
    sitting.seat.expect("deep")
    kept = Kept()
    done = sitting._sandbox.run(bench.job("ls", "/out", outputs=outputs), kept.log, None)
    assert (done.exit_code, done.reason, kept.stdout) == (0, "", b"deep\n")


def test_a_program_that_cannot_be_executed(sitting: Sitting, bench: Bench) -> None:
    """It is told by the exit code."""
    sitting.begin(bench.job("/nowhere"))
    assert exit_code(sitting.end()) == 126


def test_what_goes_on_in_the_background_ends_with_the_shell(sitting: Sitting, bench: Bench) -> None:
    """Nothing outlives it, whatever it ignores."""
    sitting.begin(shell(bench))
    sitting.seat.expect("% ")
    sitting.seat.type("(trap '' HUP TERM INT; sleep 4321.5) &\nexit\n")
    assert exit_code(sitting.end()) == 0
    assert gone("sleep", "4321.5")


def test_an_executor_that_dies_is_said(sitting: Sitting, bench: Bench) -> None:
    """The person gets the terminal back, and the next job a new executor."""
    sitting.begin(shell(bench))
    sitting.seat.expect("% ")
    sitting.seat.type("sleep 4322.5\n")
    kill_executor_of("sleep", "4322.5")
    assert isinstance(sitting.end(), Unavailable)
    assert run(sitting._sandbox, bench.job("true"), Kept()).exit_code == 0
