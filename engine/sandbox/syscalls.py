"""The system calls Python 3.11 has no function for: mount and its kin, unshare, openat2.

Linux on x86-64 only. Each function raises OSError with the kernel's errno, as `os` does.

>>> fd = open_beneath(directory, "model.npz", os.O_RDONLY)  # never leaves `directory`
"""

import ctypes
import os
from typing import Final

CLONE_NEWNS: Final = 0x0002_0000
CLONE_NEWPID: Final = 0x2000_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000

MS_NOSUID: Final = 0x2
MS_NODEV: Final = 0x4
MS_NOEXEC: Final = 0x8
MS_BIND: Final = 0x1000
MS_REC: Final = 0x4000
MS_PRIVATE: Final = 0x4_0000
MNT_DETACH: Final = 2

RESOLVE_NO_XDEV: Final = 0x01
RESOLVE_NO_MAGICLINKS: Final = 0x02
RESOLVE_NO_SYMLINKS: Final = 0x04
RESOLVE_BENEATH: Final = 0x08
CONFINED: Final = RESOLVE_NO_XDEV | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_SYMLINKS | RESOLVE_BENEATH

_SYS_PIVOT_ROOT: Final = 155
_SYS_OPENAT2: Final = 437
_PR_SET_DUMPABLE: Final = 4
_PR_SET_NO_NEW_PRIVS: Final = 38

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mount.argtypes = (
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_char_p,
    ctypes.c_ulong,
    ctypes.c_char_p,
)
_libc.syscall.restype = ctypes.c_long


class _OpenHow(ctypes.Structure):
    """struct open_how of openat2(2)."""

    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


def _checked(result: int, path: str = "") -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), path or None)
    return result


def unshare(flags: int) -> None:
    """Give this process namespaces of its own."""
    _checked(_libc.unshare(ctypes.c_int(flags)))


def mount(source: str, target: str, kind: str | None, flags: int, options: str = "") -> None:
    """Mount `source` on `target`."""
    _checked(
        _libc.mount(
            os.fsencode(source),
            os.fsencode(target),
            kind.encode() if kind else None,
            flags,
            options.encode() if options else None,
        ),
        target,
    )


def unmount(target: str) -> None:
    """Detach the mount at `target` and everything mounted below it."""
    _checked(_libc.umount2(os.fsencode(target), MNT_DETACH), target)


def pivot_root(new_root: str, put_old: str) -> None:
    """Make `new_root` the root of this mount namespace; the old one appears at `put_old`."""
    _checked(
        _libc.syscall(ctypes.c_long(_SYS_PIVOT_ROOT), os.fsencode(new_root), os.fsencode(put_old)),
        new_root,
    )


def open_beneath(directory: int, path: str, flags: int) -> int:
    """Open `path` below the open `directory`: no symlink, no other mount, no way out.

    Raises: OSError (ELOOP for a symlink, EXDEV for a way out, ENOSYS before Linux 5.6).
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, CONFINED)
    return _checked(
        _libc.syscall(
            ctypes.c_long(_SYS_OPENAT2),
            ctypes.c_long(directory),
            os.fsencode(path),
            ctypes.byref(how),
            ctypes.c_size_t(ctypes.sizeof(how)),
        ),
        path,
    )


def stay_dumpable() -> None:
    """Keep /proc/self writable after a change of uid, which the uid_map needs."""
    _checked(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def renounce_privileges() -> None:
    """Let no program executed from here on gain anything: no setuid, no file capabilities."""
    _checked(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
