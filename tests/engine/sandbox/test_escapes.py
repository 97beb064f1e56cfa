"""What a step tries in vain, and that it would succeed without the defence that stops it.

The program in inside/ makes the attempts. Here is, for each, the control: which defences are taken
away so that the same attempt gets through. It runs a few times in all, not once for each attempt.
"""

import contextlib
import ctypes
import json
import os
import shutil
import socket
import subprocess
import sys
import tty
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from engine.nix.nixstore import NixStore
from engine.sandbox import bubblewrap, orders, walls
from engine.sandbox.base import Job
from engine.sandbox.bubblewrap import Bubblewrap
from engine.sandbox.relay import Relay
from engine.sandbox.walls import Defences
from tests.engine.sandbox import inside
from tests.engine.sandbox.bench import Bench, Kept, run
from tests.engine.sandbox.inside import table, view
from tests.engine.sandbox.inside.attempts import ATTEMPTS
from tests.fakes.seat import Seat

pytestmark = pytest.mark.sandbox

PROGRAM = Path(inside.__file__).parent
OUTSIDE = ("no sandbox at all",)
AS_ROOT = ("no sandbox at all, as root",)
ON_A_TERMINAL = ("all walls, on a terminal",)
ON_THE_NETWORK = ("all walls, on the machine's network",)
STAY = (
    "from engine.sandbox.network import Network; "
    "Network.__init__ = Network.clear = lambda self, renew=None: None; "
)

NO_CONTROL = {
    **dict.fromkeys(
        ("call reboot", "call swapon", "call swapoff", "call acct", "call vhangup"),
        "asks for a capability of the real root before anything else",
    ),
    **dict.fromkeys(
        ("call kexec_load", "call kexec_file_load", "call init_module", "call finit_module"),
        "asks for a capability of the real root first, or the kernel is built without it",
    ),
    "call delete_module": "the kernel is built without it, or asks for a capability first",
    "call iopl": "newer kernels are built without it",
    "call ioperm": "newer kernels are built without it",
    "call syslog": "kernel.dmesg_restrict may close it too",
    "call setgroups": "a user namespace that denies setgroups closes it too",
    "call sched_fifo": "RLIMIT_RTPRIO of 0 closes it too",
    "call prctl_memory_map": "asks for a capability too",
    "call unknown_call": "no kernel has it yet",
    **{
        f"socket {name}": "this kernel may be built without it"
        for name in ("vsock", "alg", "bluetooth", "key", "tipc", "rds", "qipcrtr")
    },
    "write first executable": "the kernel lets nobody write a program that runs",
    "kernel memory": "the kernel may be built without it",
    "keys": "this machine's keyring may be empty",
    "link out of store": "two mounts: no switch takes that away",
    "mkdir setgid": "the kernel masks the bit in every mkdir",
    "host cgroup": "this machine may have us in the root cgroup",
    "capabilities": "bubblewrap executes as a uid that is not 0, which takes them away too",
    "turn /proc/sysrq-trigger": "the kernel may be built without it",
    **dict.fromkeys(
        (
            *("turn /proc/sys/user/max_user_namespaces", "raise limit"),
            *("root of first process", "first environment"),
        ),
        "needs a capability that root of a virtual machine may lack",
    ),
}

BY_NAME = {
    **{f"see {path}": OUTSIDE for path in view.HIDDEN},
    **{f"turn {path}": AS_ROOT for path in view.KERNEL_KNOBS},
    **{f"write {path}": ("read_only",) for path in view.UNWRITABLE},
    **dict.fromkeys(("host tcp", "host abstract", "interfaces"), ON_THE_NETWORK),
    **dict.fromkeys(("metadata service", "name server", "ipv6"), ON_THE_NETWORK),
    **dict.fromkeys(("clone user", "call unshare_user"), ("seccomp", "no_more_users")),
    "mount in own namespace": ("seccomp", "no_more_users"),
    "host shared memory": ("ipc", "seccomp"),
    "executor visible": ("processes",),
    "host name": ("hostname",),
    "host cgroup": ("cgroup",),
    **dict.fromkeys(
        (
            *("foreign variables", "new privileges", "other identity", "setuid mounts"),
            *("other store path", "work directory"),
        ),
        OUTSIDE,
    ),
    **dict.fromkeys(
        (
            *("root of first process", "kill everybody", "first environment", "kernel log"),
            *("kernel memory", "raise limit", "be first", "capabilities"),
        ),
        AS_ROOT,
    ),
}


def control(name: str) -> tuple[str, ...]:
    """Say which defences to take away so that an attempt gets through."""
    if name.split(" ", 1)[-1] in table.AS_OWN_ROOT:
        return ("seccomp", "no_more_users")
    return BY_NAME.get(name, ("seccomp",))


class Machine:
    """Things of this machine that an attempt may find, and the sandboxes it is made in."""

    def __init__(self, bench: Bench, slot: Bubblewrap, finds: Mapping[str, str]) -> None:
        self._bench = bench
        self._slot = slot
        self._finds = finds
        self._open = bench.work / "in" / "open"
        self._open.mkdir(parents=True)
        self._open.chmod(0o777)  # only the read-only mount keeps a step from writing here
        bench.closure.chmod(0o777)
        shutil.copytree(PROGRAM, self._open / PROGRAM.name)
        self._results: dict[tuple[str, ...], dict[str, tuple[bool, str]]] = {}

    def attempt(self, name: str, without: tuple[str, ...] = ()) -> tuple[bool, str]:
        """Return whether an attempt got through without some defences, and what was seen."""
        if without not in self._results:
            said = self._said(without)
            self._results[without] = {key: tuple(value) for key, value in json.loads(said).items()}
        return self._results[without][name]

    def _said(self, without: tuple[str, ...]) -> bytes:
        if without == ON_A_TERMINAL:
            return self._on_a_terminal()
        if without == ON_THE_NETWORK:
            return self._on_the_network()
        return self._outside() if without in (OUTSIDE, AS_ROOT) else self._inside(without)

    def _job(self, program: str) -> Job:
        variables = {**self._finds, "PYTHONPATH": "/in"}
        return self._bench.job(
            program, "-B", "-m", PROGRAM.name, variables=variables, inputs=self._open
        )

    def _on_a_terminal(self) -> bytes:
        with Seat() as seat:
            tty.setraw(seat.terminal)
            job = self._job(f"{self._bench.environment}/bin/python")
            outcome = self._slot.interact(job, Relay(seat.terminal, seat.terminal))
        assert outcome.exit_code == 0, seat.said.decode()
        return seat.said

    def _on_the_network(self) -> bytes:
        with pytest.MonkeyPatch.context() as patch:
            boot = bubblewrap._BOOT.replace("main()", f"{STAY}main()")
            patch.setattr(bubblewrap, "_BOOT", boot)
            slot = Bubblewrap(self._bench.work)
        with contextlib.closing(slot):
            return self._output(slot)

    def _output(self, slot: Bubblewrap) -> bytes:
        kept = Kept()
        outcome = run(slot, self._job("python"), kept)
        assert outcome.exit_code == 0, kept.stderr.decode()
        return kept.stdout

    def _inside(self, without: tuple[str, ...]) -> bytes:
        lowered = Defences(**dict.fromkeys(without, False))
        built = walls.arguments
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(orders.walls, "arguments", lambda room: built(room, lowered))
            orders._arguments.cache_clear()  # what was built with all the walls
            said = self._output(self._slot)
        orders._arguments.cache_clear()
        return said

    def _outside(self) -> bytes:
        names = [name for name in ATTEMPTS if control(name) in (OUTSIDE, AS_ROOT)]
        environment = {**os.environ, **self._finds}
        command = [sys.executable, "-B", "-m", PROGRAM.name, *names]
        return subprocess.run(
            command, env=environment, cwd=PROGRAM.parent, capture_output=True, check=True
        ).stdout


@pytest.fixture(scope="module")
def machine(bench: Bench, nix_store: NixStore) -> Iterator[Machine]:
    """Serve on this machine what no step must reach."""
    libc = ctypes.CDLL(None)
    key = 0x7A110000 | os.getpid() & 0xFFFF
    with contextlib.ExitStack() as stack:
        tcp = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        abstract = stack.enter_context(socket.socket(socket.AF_UNIX))
        abstract.bind(f"\0tally-test-{os.getpid()}")
        abstract.listen()
        segment = libc.shmget(key, 4096, 0o1666)
        stack.callback(libc.shmctl, segment, 0, None)
        neighbour = stack.enter_context(subprocess.Popen(["sleep", "600"]))
        stack.callback(neighbour.kill)
        inside = {path.name for path in bench.closure.iterdir()}
        store = nix_store.root / "nix/store"
        others = [path for path in store.iterdir() if path.name not in inside]
        finds = {
            "HOST_PORT": str(tcp.getsockname()[1]),
            "HOST_NAME": f"tally-test-{os.getpid()}",
            "HOST_SHM_KEY": str(key),
            "OTHER_STORE_PATH": str(others[0]),
            "WORK_DIRECTORY": str(bench.work),
        }
        slot = stack.enter_context(contextlib.closing(Bubblewrap(bench.work)))
        yield Machine(bench, slot, finds)


@pytest.mark.parametrize("name", ATTEMPTS)
def test_an_attempt_is_in_vain(machine: Machine, name: str) -> None:
    """No attempt gets through all the walls."""
    through, seen = machine.attempt(name)
    assert not through, seen


def test_the_walls_of_a_shell_are_those_of_a_step(machine: Machine) -> None:
    """On a terminal, too, every attempt is in vain."""
    through = {name: machine.attempt(name, ON_A_TERMINAL) for name in ATTEMPTS}
    assert {name: seen for name, (is_through, seen) in through.items() if is_through} == {}


@pytest.mark.parametrize("name", [name for name in ATTEMPTS if name not in NO_CONTROL])
def test_it_would_succeed_without_its_defence(machine: Machine, name: str) -> None:
    """The same attempt gets through where its defence is taken away."""
    without = control(name)
    if without == AS_ROOT and os.geteuid() != 0:
        pytest.skip(f"NO CONTROL for {name!r}: it needs the real root")
    through, seen = machine.attempt(name, without)
    if not through and name.startswith("see "):
        pytest.skip(f"NO CONTROL for {name!r}: this machine has no such path")
    if not through and name == "other identity" and os.geteuid() == 1000:
        pytest.skip(f"NO CONTROL for {name!r}: the user of this test is who a step is")
    assert through, f"{seen}, though without {', '.join(without)}"


def test_every_exception_is_an_attempt() -> None:
    """What has no control is named with its reason, and nothing else is."""
    assert set(NO_CONTROL) <= set(ATTEMPTS)


def test_there_are_enough_attempts() -> None:
    """At least a hundred attempts have a control that succeeds."""
    assert len(set(ATTEMPTS) - set(NO_CONTROL)) >= 100
