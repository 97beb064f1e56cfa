"""Attempts that are one raw system call."""

import ctypes
import errno
import mmap
import os
import signal
import socket
import stat

from .table import AS_OWN_ROOT, FAMILIES, FILE, NEW_NET, NEW_NS, NEW_USER, NEW_UTS, SYSCALLS

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
# "Not for you" and "no such thing": any other answer means that the kernel's own code was reached.
CLOSED = (errno.EPERM, errno.ENOSYS)


class Refused(Exception):
    """The attempt did not get through; the message says how it ended."""


def call(number, *arguments, closed=CLOSED):
    """Make a raw system call; return its result or, when the kernel was reached, its errno."""
    passed = [a if isinstance(a, (bytes, ctypes.Array)) else ctypes.c_ulong(a) for a in arguments]
    result = LIBC.syscall(ctypes.c_long(number), *passed)
    if result >= 0:
        return f"returned {result}"
    number = ctypes.get_errno()
    if number in closed:
        raise Refused(errno.errorcode[number])
    return f"reached the kernel: {errno.errorcode[number]}"


def own_root(name):
    """Become root of namespaces of one's own where that helps and is possible."""
    if name in AS_OWN_ROOT:
        LIBC.syscall(272, ctypes.c_ulong(NEW_USER | NEW_NS | NEW_NET | NEW_UTS))


def system_call(name):
    """Make one of the raw calls above."""
    own_root(name)
    return call(*SYSCALLS[name])


def socket_family(name):
    """Make a socket of an unusual family."""
    own_root(name)
    return family(FAMILIES[name])


def family(number):
    """Make a socket of an unusual family."""
    closed = (*CLOSED, errno.EAFNOSUPPORT, errno.ESOCKTNOSUPPORT, errno.EPROTONOSUPPORT)
    return call(41, number, socket.SOCK_RAW if number in (15, 16, 17, 44) else 5, 0, closed=closed)


def clone_user():
    """Clone a process into a user namespace of its own."""
    result = LIBC.syscall(56, ctypes.c_ulong(NEW_USER | signal.SIGCHLD), 0, 0, 0, 0)
    if result == 0:
        os._exit(0)
    if result < 0:
        raise Refused(errno.errorcode[ctypes.get_errno()])
    os.waitpid(result, 0)
    return "cloned"


def mount_in_own_namespace():
    """Become root of a user namespace and mount something."""
    call(272, NEW_USER | NEW_NS)
    closed = (*CLOSED, errno.EACCES, errno.EINVAL)
    return call(165, b"none", b"/build", b"tmpfs", 0, 0, closed=closed)


def fchmod_setuid():
    """Set the setuid bit through a descriptor."""
    return call(91, os.open(FILE, os.O_RDONLY), 0o4755)


def mkdir_setgid():
    """Make a directory that hands on its group."""
    os.mkdir("/build/setgid", 0o2777)
    if not os.stat("/build/setgid").st_mode & stat.S_ISGID:
        raise Refused("the bit is not there")
    return "the bit is there"


def _machine_code(code):
    """Run machine code in a child; refused when that was killed for its system call."""
    child = os.fork()
    if not child:
        page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        page.write(code)
        address = ctypes.addressof(ctypes.c_char.from_buffer(page))
        ctypes.CFUNCTYPE(ctypes.c_long)(address)()
        os._exit(0)
    _, ended = os.waitpid(child, 0)
    if os.WIFSIGNALED(ended):
        raise Refused(signal.Signals(os.WTERMSIG(ended)).name)
    return "executed"


def call_as_i386():
    """Call the kernel by the 32-bit door: getpid by int 0x80."""
    return _machine_code(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")


def call_as_x32():
    """Call the kernel with x32's numbers: getpid."""
    return _machine_code(b"\xb8\x27\x00\x00\x40\x0f\x05\xc3")


FUNCTIONS = (
    clone_user,
    mount_in_own_namespace,
    fchmod_setuid,
    mkdir_setgid,
    call_as_i386,
    call_as_x32,
)
