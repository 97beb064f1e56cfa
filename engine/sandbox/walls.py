"""Walls: which arguments make bubblewrap build the room a step sees. Pure.

Every defence is a field of Defences, so that the tests can take one away and watch its probe
get through; nothing else ever passes anything but ALL. What each is for: docs/threats.md.

>>> room = Room("/farm", None, "/scratch", False, None, (("PATH", "/bin"),))
>>> "--unshare-pid" in arguments(room)
True
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from engine.sandbox import leader

SECCOMP_FD: Final = 4  # where bwrap finds the filter
STATUS_FD: Final = 5  # where it says which process is the sandbox's first, and how it ended
BLOCK_FD: Final = 6  # it starts nothing before a byte comes out of here

UID: Final = 1000  # who a step is, inside


class Defences(NamedTuple):
    """What stands between a step and the machine."""

    user: bool = True  # a user namespace: root in it is nobody outside
    no_more_users: bool = True  # no user namespace in the sandbox, so no mount in it either
    processes: bool = True  # sees and signals only its own processes
    ipc: bool = True  # no shared memory or queue of the host
    hostname: bool = True
    cgroup: bool = True
    capabilities: bool = True  # none, not even inside
    session: bool = True  # no terminal to type into (CVE-2017-5226)
    die: bool = True  # nothing outlives the executor
    environment: bool = True  # only the step's own variables
    read_only: bool = True  # nothing but /out, /build, /tmp and /dev/shm can be written
    seccomp: bool = True  # only known system calls


ALL: Final = Defences()


class Room(NamedTuple):
    """What is put into the sandbox, and where it is outside."""

    store: str  # seen at /nix/store
    inputs: str | None  # seen at /in
    scratch: str  # holds out, build, tmp and shm
    script: bool  # scratch holds script too, seen at /.script
    shell: str | None  # what /bin/sh links to
    variables: tuple[tuple[str, str], ...]  # the whole environment
    was: str | None = None  # seen at /was
    leader: bool = False  # scratch holds leader too, seen at its place
    files: tuple[str, ...] = ()  # where files are seen that scratch holds, by number


def arguments(room: Room, defences: Defences = ALL) -> tuple[str, ...]:
    """List bubblewrap's arguments, all but the command.

    Every namespace is named but the network's, which bubblewrap is started in (network.py):
    --unshare-all means "as far as possible" for some of them.
    """
    return (*_namespaces(defences), *_variables(room, defences), *_view(room, defences))


def _namespaces(defences: Defences) -> Iterator[str]:
    switches = (
        (defences.user, ("--unshare-user", "--uid", str(UID), "--gid", str(UID))),
        (defences.user and defences.no_more_users, ("--disable-userns",)),
        (defences.processes, ("--unshare-pid",)),
        (defences.ipc, ("--unshare-ipc",)),
        (defences.hostname, ("--unshare-uts", "--hostname", "step")),
        (defences.cgroup, ("--unshare-cgroup",)),
        (defences.capabilities, ("--cap-drop", "ALL")),
        (defences.session, ("--new-session",)),
        (defences.die, ("--die-with-parent",)),
        (defences.seccomp, ("--seccomp", str(SECCOMP_FD))),
    )
    for on, options in switches:
        if on:
            yield from options
    yield from ("--json-status-fd", str(STATUS_FD), "--block-fd", str(BLOCK_FD))


def _variables(room: Room, defences: Defences) -> Iterator[str]:
    if defences.environment:
        yield "--clearenv"
    for name, value in room.variables:
        yield from ("--setenv", name, value)


def _view(room: Room, defences: Defences) -> Iterator[str]:
    bind = "--ro-bind" if defences.read_only else "--bind"
    yield from ("--proc", "/proc", "--dev", "/dev", "--bind", f"{room.scratch}/shm", "/dev/shm")  # noqa: S108
    yield from (bind, room.store, "/nix/store")
    yield from (bind, room.inputs, "/in") if room.inputs else ("--dir", "/in")
    if room.was:
        yield from (bind, room.was, "/was")
    for name in ("out", "build", "tmp"):
        yield from ("--bind", f"{room.scratch}/{name}", f"/{name}")
    if room.script:
        yield from (bind, f"{room.scratch}/script", "/.script")
    if room.leader:
        yield from (bind, f"{room.scratch}/leader", leader.PLACE)
    for number, place in enumerate(room.files):
        yield from (bind, f"{room.scratch}/files/{number}", place)
    if room.shell:
        yield from ("--symlink", room.shell, "/bin/sh")
    yield from ("--chdir", "/build")
    if defences.read_only:
        yield from ("--remount-ro", "/dev", "--remount-ro", "/")
