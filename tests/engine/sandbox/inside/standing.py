"""Attempts to be more than one is: privileges, limits, descriptors."""

import os
import resource

from .calls import Refused

SPARE = []  # descriptors that were open when this program started


def open_descriptors():
    """List the descriptors above stderr that are open and not this program's own text."""
    found = []
    for number in range(3, 256):
        try:
            shown = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if not shown.endswith((".py", ".pyc")):
            found.append(f"{number}: {shown}")
    return found


def spare_descriptors():
    """Find a descriptor that nobody meant to hand on (CVE-2024-21626)."""
    if not SPARE:
        raise Refused("none")
    return f"descriptors {SPARE}"


def status(key):
    """Read a line of /proc/self/status."""
    with open("/proc/self/status") as lines:
        return next(line.split(":")[1].strip() for line in lines if line.startswith(key + ":"))


def unfiltered():
    """Run without a system call filter."""
    if status("Seccomp") == "2":
        raise Refused("filtered")
    return status("Seccomp")


def new_privileges():
    """Be able to gain privileges by executing something."""
    if status("NoNewPrivs") == "1":
        raise Refused("never again")
    return "possible"


def capabilities():
    """Hold any capability."""
    held = {key: status(key) for key in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")}
    if not any(int(value, 16) for value in held.values()):
        raise Refused("none")
    return str(held)


def other_identity():
    """Be somebody else than uid and gid 1000 without groups of this machine."""
    groups = set(os.getgroups()) - {1000, 65534}
    if (os.getuid(), os.getgid(), groups) == (1000, 1000, set()):
        raise Refused("1000:1000")
    return f"{os.getuid()}:{os.getgid()} {groups}"


def raise_limit():
    """Take back a limit that was set."""
    resource.setrlimit(resource.RLIMIT_NPROC, (100_000, 100_000))
    return "raised"


def be_first():
    """Take more than one's share of the processor."""
    os.nice(-20)
    return "niced"


FUNCTIONS = (
    spare_descriptors,
    unfiltered,
    new_privileges,
    capabilities,
    other_identity,
    raise_limit,
    be_first,
)
