"""The program that runs inside the sandbox and tries to do what it must not.

`python attempts.py NAME...` makes each attempt in a process of its own and prints one JSON
object: {name: [got through?, what happened]}. It knows nothing of what is expected.
"""

import ctypes
import errno
import json
import mmap
import os
import re
import signal
import socket
import stat
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
ALL_ONES = 0xFFFF_FFFF_FFFF_FFFF
NEW_USER, NEW_NS, NEW_NET, NEW_UTS = 0x1000_0000, 0x2_0000, 0x4000_0000, 0x400_0000
# "Not for you" and "no such thing": any other answer means that the kernel's own code was reached.
CLOSED = (errno.EPERM, errno.ENOSYS)
FILE = b"/build/attempt"


SPARE = []  # descriptors that were open when this program started


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


# Arguments are such that the kernel, once reached, answers something else than EPERM or ENOSYS
# wherever it can, and does no harm.
SYSCALLS = {
    "mount": (165, 0, 0, 0, 0, 0),
    "umount2": (166, 0, 0),
    "pivot_root": (155, b"/build", b"/build"),
    "chroot": (161, 0),
    "fsopen": (430, b"tmpfs", 0),
    "fsmount": (432, ALL_ONES, 0, 0),
    "fsconfig": (431, ALL_ONES, 99, 0, 0, 0),
    "fspick": (433, ALL_ONES, b"/", 0),
    "open_tree": (428, ALL_ONES, 0, 0),
    "move_mount": (429, ALL_ONES, b"", ALL_ONES, b"", 0),
    "mount_setattr": (442, ALL_ONES, 0, 0, 0, 0),
    "unshare_user": (272, NEW_USER),
    "unshare_mounts": (272, NEW_NS),
    "unshare_network": (272, NEW_NET),
    "setns": (308, ALL_ONES, 0),
    "clone3": (435, 0, 0),
    "ptrace": (101, 99, 999_999),
    "process_vm_readv": (310, 1, 0, 0, 0, 0, 1),
    "process_vm_writev": (311, 1, 0, 0, 0, 0, 1),
    "kcmp": (312, 999_998, 999_999, 0, 0, 0),
    "pidfd_getfd": (438, ALL_ONES, 0, 1),
    "bpf": (321, 9999, 0, 0),
    "perf_event_open": (298, 0, 0, 0, 0, ALL_ONES),
    "userfaultfd": (323, 1),
    "io_uring_setup": (425, 0, 0),
    "io_uring_enter": (426, ALL_ONES, 0, 0, 0, 0),
    "io_uring_register": (427, ALL_ONES, 0, 0, 0),
    "kexec_load": (246, 0, 0, 0, ALL_ONES),
    "kexec_file_load": (320, ALL_ONES, ALL_ONES, 0, 0, ALL_ONES),
    "init_module": (175, 0, 0, 0),
    "finit_module": (313, ALL_ONES, 0, 0),
    "delete_module": (176, 0, 0),
    "reboot": (169, 0, 0, 0),
    "swapon": (167, 0, 0),
    "swapoff": (168, 0),
    "iopl": (172, 9),
    "ioperm": (173, ALL_ONES, 1, 1),
    "modify_ldt": (154, 0, 0, 0),
    "syslog": (103, 10, 0, 0),
    "acct": (163, 0),
    "quotactl": (179, ALL_ONES, 0, 0, 0),
    "quotactl_fd": (443, ALL_ONES, 0, 0, 0),
    "vmsplice": (278, ALL_ONES, 0, 0, 0),
    "personality": (135, 0xFFFF_FFFF),
    "open_by_handle_at": (304, ALL_ONES, 0, 0),
    "name_to_handle_at": (303, ALL_ONES, 0, 0, 0, 0xFFFF),
    "add_key": (248, 0, 0, 0, 0, 0),
    "request_key": (249, 0, 0, 0, 0),
    "keyctl": (250, 9999),
    "memfd_create": (319, b"hidden", 0),
    "memfd_secret": (447, 0),
    "shmget": (29, 0, 4096, 0o1600),
    "semget": (64, 0, 1, 0o1600),
    "msgget": (68, 0, 0o1600),
    "mq_open": (240, 0, 0, 0, 0),
    "mq_unlink": (241, 0),
    "mknod_device": (133, 0, 0o20666, 0x103),
    "mknod_whiteout": (133, b"/build/whiteout", 0o20000, 0),
    "mknod_fifo": (133, b"/build/fifo", 0o10666, 0),
    "mknodat": (259, ALL_ONES, 0, 0o20666, 0x103),
    "setxattr": (188, b"/build", b"user.x", b"1", 1, 0),
    "setxattr_capability": (188, b"/build", b"security.capability", b"1", 1, 0),
    "removexattr": (197, 0, 0),
    "chown": (92, b"/build", 1000, 1000),
    "lchown": (94, b"/build", 1000, 1000),
    "fchownat": (260, 0, b"/build", 1000, 1000, 0),
    "settimeofday": (164, 1, 0),
    "clock_settime": (227, 99, 0),
    "clock_adjtime": (305, 0, 0),
    "adjtimex": (159, 0),
    "sethostname": (170, b"owned", 5),
    "setdomainname": (171, b"owned", 5),
    "setgroups": (116, 0, 0),
    "sched_setscheduler": (144, 0, 0, b"\0" * 8),
    "sched_fifo": (144, 0, 1, b"\1" + b"\0" * 7),
    "sched_setattr": (314, 0, 0, 0),
    "move_pages": (279, 0, 0, 0, 0, 0, 0x100),
    "mbind": (237, 0, 4096, 999, 0, 0, 0),
    "set_mempolicy": (238, 999, 0, 0),
    "process_madvise": (440, ALL_ONES, 0, 0, 0, 1),
    "process_mrelease": (448, ALL_ONES, 1),
    "fanotify_init": (300, 0x200, 0),
    "seccomp": (317, 99, 0, 0),
    "landlock": (444, 0, 0, 1),
    "openat2": (437, ALL_ONES, 0, 0, 0),
    "fchmodat2": (452, ALL_ONES, 0, 0, 0),
    "ioprio_set": (251, 99, 0, 0xFFFF),
    "vhangup": (153,),
    "sysfs": (139, 3),
    "unknown_call": (600,),
    "prctl_seccomp": (157, 22, 99),
    "prctl_memory_map": (157, 35, 99, 0, 0, 0),
    "ioctl_type_into_terminal": (16, 0, 0x5412, b"x"),
    "ioctl_type_with_high_bits": (16, 0, 0x1_0000_5412, b"x"),
    "ioctl_console": (16, 0, 0x541C, b"\2"),
    "ioctl_immutable": (16, 0, 0x4008_6602, b"\0" * 8),
    "chmod_setuid": (90, FILE, 0o4755),
    "chmod_setgid": (90, FILE, 0o2755),
    "fchmodat_setuid": (268, ALL_ONES, FILE, 0o4755),
    "open_setuid": (2, b"/build/a", os.O_CREAT | os.O_WRONLY, 0o4755),
    "openat_setuid": (257, ALL_ONES, b"/build/b", os.O_CREAT | os.O_WRONLY, 0o4755),
    "creat_setuid": (85, b"/build/c", 0o4755),
    "tmpfile_setuid": (2, b"/build", os.O_TMPFILE | os.O_RDWR, 0o4755),
}

FAMILIES = {
    "netlink": 16,
    "packet": 17,
    "vsock": 40,
    "alg": 38,
    "xdp": 44,
    "bluetooth": 31,
    "key": 15,
    "tipc": 30,
    "rds": 21,
    "qipcrtr": 42,
}

# With these, try to become root of namespaces of one's own first.
AS_OWN_ROOT = (
    *("pivot_root", "fsopen", "fsmount", "fspick", "move_mount", "unshare_mounts"),
    *("unshare_network", "sethostname", "setdomainname", "packet", "xdp"),
)

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


def root_of_first_process():
    """Look through process 1 at what lies outside (CVE-2019-5736)."""
    return f"saw {os.listdir('/proc/1/root/home')}"


def write_first_executable():
    """Overwrite the program of process 1 (CVE-2019-5736)."""
    os.close(os.open("/proc/1/exe", os.O_WRONLY))
    return "opened"


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
    known |= {"OTHER_STORE_PATH", "WORK_DIRECTORY", "SHLVL"}
    others = set(os.environ) - known
    if not others:
        raise Refused("only our own")
    return f"saw {sorted(others)}"


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


def spare_descriptors():
    """Find a descriptor that nobody meant to hand on (CVE-2024-21626)."""
    if not SPARE:
        raise Refused("none")
    return f"descriptors {SPARE}"


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


def setuid_mounts():
    """Find a place where setuid programs work."""
    with open("/proc/self/mountinfo") as lines:
        loose = [line.split()[4] for line in lines if "nosuid" not in line.split()[5]]
    if not loose:
        raise Refused("none")
    return str(loose)


def raise_limit():
    """Take back a limit that was set."""
    import resource

    resource.setrlimit(resource.RLIMIT_NPROC, (100_000, 100_000))
    return "raised"


def be_first():
    """Take more than one's share of the processor."""
    os.nice(-20)
    return "niced"


def link_out_of_store():
    """Keep a hard link to a file of the store."""
    os.link(sys.executable, "/out/link")
    return "linked"


def kill_everybody():
    """Signal processes that are not ours."""
    for process in range(2, 65536):
        if process != os.getpid() and process not in _own():
            try:
                os.kill(process, 0)
            except (ProcessLookupError, PermissionError):
                continue
            return f"could signal {process}"
    raise Refused("nobody there")


def _own():
    return {int(name) for name in os.listdir("/proc") if name.isdigit()}


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


def other_store_path():
    """Look at a path of this machine's store that is not in the closure."""
    return visible(os.environ["OTHER_STORE_PATH"])


def work_directory():
    """Look at where this machine keeps what is staged."""
    return visible(os.environ["WORK_DIRECTORY"])


ATTEMPTS = {
    **{f"call {name}": lambda n=name: system_call(n) for name in SYSCALLS},
    **{f"socket {name}": lambda n=name: socket_family(n) for name in FAMILIES},
    **{f"see {path}": lambda p=path: visible(p) for path in HIDDEN},
    **{f"write {path}": lambda p=path: writable(p) for path in UNWRITABLE},
    **{f"turn {path}": lambda p=path: knob(p) for path in KERNEL_KNOBS},
    **{
        function.__name__.replace("_", " "): function
        for function in (
            *(clone_user, mount_in_own_namespace, fchmod_setuid, mkdir_setgid),
            *(host_tcp, host_abstract, metadata_service, name_server, ipv6, interfaces),
            *(host_shared_memory, executor_visible, root_of_first_process, kill_everybody),
            *(write_first_executable, first_environment, foreign_variables, kernel_memory),
            *(kernel_log, keys, spare_descriptors, host_name, host_cgroup, unfiltered),
            *(new_privileges, capabilities, other_identity, setuid_mounts, raise_limit),
            *(be_first, link_out_of_store, call_as_i386, call_as_x32),
            *(other_store_path, work_directory),
        )
    },
}


def attempt(name):
    """Make one attempt in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        signal.alarm(10)
        try:
            said = [True, str(ATTEMPTS[name]())]
        except (Refused, OSError, ValueError) as error:
            said = [False, str(error) or repr(error)]
        os.write(writing, json.dumps(said).encode())
        os._exit(0)
    os.close(writing)
    said = b"".join(iter(lambda: os.read(reading, 4096), b""))
    os.close(reading)
    _, ended = os.waitpid(child, 0)
    return json.loads(said) if said else [False, f"ended by {ended}"]


def open_descriptors():
    """List the descriptors above stderr that are open and not this program's own text."""
    found = []
    for number in range(3, 256):
        try:
            shown = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        if not shown.endswith((".py", "/.script")):
            found.append(f"{number}: {shown}")
    return found


if __name__ == "__main__":
    SPARE += open_descriptors()
    if os.path.isdir("/build"):
        open(FILE, "w").close()
    print(json.dumps({name: attempt(name) for name in sys.argv[1:] or ATTEMPTS}))
