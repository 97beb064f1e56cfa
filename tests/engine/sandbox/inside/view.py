"""Attempts on files: of the machine, of the kernel, of process 1."""

import os
import sys

from .calls import Refused

HIDDEN = (
    "/etc/passwd /etc/shadow /etc/hostname /root /home /run /sys/kernel /boot /var /usr/bin "
    "/usr/lib /etc/os-release /opt /mnt /srv"
).split()
UNWRITABLE = ("/", "/dev", "/nix", "/nix/store", "/in", "/bin")
KERNEL_KNOBS = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/hostname",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sys/vm/drop_caches",
)


def visible(path):
    """Look at a path of the machine."""
    os.stat(path)
    return "it is there"


def writable(directory):
    """Make a file in a directory that is to be read-only."""
    descriptor = os.open(f"{directory}/attempt", os.O_CREAT | os.O_WRONLY, 0o600)
    os.close(descriptor)
    os.unlink(f"{directory}/attempt")
    return "written"


def knob(path):
    """Open a switch of the kernel for writing."""
    os.close(os.open(path, os.O_WRONLY))
    return "opened for writing"


def other_store_path():
    """Look at a path of this machine's store that is not in the closure."""
    return visible(os.environ["OTHER_STORE_PATH"])


def work_directory():
    """Look at where this machine keeps what is staged."""
    return visible(os.environ["WORK_DIRECTORY"])


def root_of_first_process():
    """Look through process 1 at what lies outside (CVE-2019-5736)."""
    return f"saw {os.listdir('/proc/1/root/home')}"


def write_first_executable():
    """Overwrite the program of process 1 (CVE-2019-5736)."""
    os.close(os.open("/proc/1/exe", os.O_WRONLY))
    return "opened"


def kernel_memory():
    """Read the kernel's memory."""
    with open("/proc/kcore", "rb") as file:
        file.read(1)
    return "read"


def kernel_log():
    """Read the kernel's log."""
    os.close(os.open("/proc/kmsg", os.O_RDONLY | os.O_NONBLOCK))
    return "opened"


def keys():
    """Find keys in the kernel's keyring."""
    with open("/proc/keys") as file:
        seen = file.read()
    if not seen:
        raise Refused("none")
    return f"saw {len(seen.splitlines())}"


def setuid_mounts():
    """Find a place where setuid programs work."""
    with open("/proc/self/mountinfo") as lines:
        loose = [line.split()[4] for line in lines if "nosuid" not in line.split()[5]]
    if not loose:
        raise Refused("none")
    return str(loose)


def link_out_of_store():
    """Keep a hard link to a file of the store."""
    os.link(sys.executable, "/out/link")
    return "linked"


FUNCTIONS = (
    other_store_path,
    work_directory,
    root_of_first_process,
    write_first_executable,
    kernel_memory,
    kernel_log,
    keys,
    setuid_mounts,
    link_out_of_store,
)
