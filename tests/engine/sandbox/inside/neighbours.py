"""Attempts on what else is on the machine or beyond: network, processes, its name."""

import errno
import os
import re
import socket

from .calls import CLOSED, Refused, call


def connect(address, family=socket.AF_INET, kind=socket.SOCK_STREAM):
    """Connect somewhere, within a second."""
    with socket.socket(family, kind) as end:
        end.settimeout(1)
        end.connect(address)
        return "connected"


def host_tcp():
    """Reach a service of this machine."""
    return connect(("127.0.0.1", int(os.environ["HOST_PORT"])))


def host_abstract():
    """Reach a service by an abstract name (CVE-2024-27297)."""
    return connect("\0" + os.environ["HOST_NAME"], socket.AF_UNIX)


def metadata_service():
    """Reach the address where clouds keep their secrets."""
    return connect(("169.254.169.254", 80), kind=socket.SOCK_DGRAM)


def name_server():
    """Reach a public name server."""
    return connect(("8.8.8.8", 53), kind=socket.SOCK_DGRAM)


def ipv6():
    """Reach a public address by IPv6."""
    return connect(("2001:4860:4860::8888", 53), socket.AF_INET6, socket.SOCK_DGRAM)


def interfaces():
    """Find a network device other than lo."""
    with open("/proc/net/dev") as lines:
        names = [line.split(":")[0].strip() for line in lines if ":" in line]
    others = [name for name in names if name != "lo"]
    if not others:
        raise Refused("only lo")
    return f"devices {others}"


def host_shared_memory():
    """Find a System V shared memory segment of this machine."""
    return call(29, int(os.environ["HOST_SHM_KEY"]), 0, 0, closed=(*CLOSED, errno.ENOENT))


def executor_visible():
    """Find the process that started the sandbox."""
    for name in os.listdir("/proc"):
        if name.isdigit():
            with open(f"/proc/{name}/cmdline", "rb") as file:
                if b"engine.sandbox.executor" in file.read():
                    return f"it is process {name}"
    raise Refused("only our own processes")


def kill_everybody():
    """Signal processes that are not ours."""
    own = _own()
    for process in range(2, 65536):
        if process not in own:
            try:
                os.kill(process, 0)
            except (ProcessLookupError, PermissionError):
                continue
            return f"could signal {process}"
    raise Refused("nobody there")


def _own():
    """Return this process and those that it descends from."""
    own, process = set(), os.getpid()
    while process:
        own.add(process)
        with open(f"/proc/{process}/stat") as file:
            process = int(file.read().rpartition(")")[2].split()[1])
    return own


def first_environment():
    """Read what process 1 was started with."""
    with open("/proc/1/environ", "rb") as file:
        seen = file.read()
    if not seen:
        raise Refused("empty")
    return f"saw {len(seen)} bytes"


def foreign_variables():
    """Find a variable that is not ours."""
    known = {"PATH", "HOME", "PWD", "HOST_PORT", "HOST_NAME", "HOST_SHM_KEY", "LC_CTYPE"}
    known |= {"OTHER_STORE_PATH", "WORK_DIRECTORY", "SHLVL", "PYTHONPATH"}
    others = set(os.environ) - known
    if not others:
        raise Refused("only our own")
    return f"saw {sorted(others)}"


def host_name():
    """Learn what this machine is called."""
    name = socket.gethostname()
    if name == "step":
        raise Refused("step")
    return name


def host_cgroup():
    """Learn which service or user we run under."""
    with open("/proc/self/cgroup") as file:
        named = re.findall(r"^\d+:.*:(/.+)$", file.read(), re.MULTILINE)
    if not [name for name in named if name != "/"]:
        raise Refused("only /")
    return f"saw {named}"


FUNCTIONS = (
    host_tcp,
    host_abstract,
    metadata_service,
    name_server,
    ipv6,
    interfaces,
    host_shared_memory,
    executor_visible,
    kill_everybody,
    first_environment,
    foreign_variables,
    host_name,
    host_cgroup,
)
