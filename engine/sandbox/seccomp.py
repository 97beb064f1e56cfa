"""Seccomp: the system calls a step may make. Everything else is as if it did not exist.

An allow-list answered with ENOSYS, so that a new system call of a new kernel is closed until
somebody opens it here, and so that libraries fall back to older calls they know. What a program
might try in earnest is answered with EPERM, which reads better in its log.
"""

import errno
import functools
import os
import tempfile
from typing import TYPE_CHECKING, Final

from engine.errors import NoSandbox

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

INSTALL: Final = (
    "install libseccomp 2.5 or newer: `apt install libseccomp2`, `dnf install libseccomp`"
)

ALLOWED: Final = """
accept accept4 access alarm arch_prctl bind brk capget capset chdir clock_getres clock_gettime
clock_nanosleep close close_range connect copy_file_range dup dup2 dup3 epoll_create
epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait eventfd eventfd2 execve execveat exit
exit_group faccessat faccessat2 fadvise64 fallocate fchdir fcntl fdatasync fgetxattr
flistxattr flock fork fstat fstatfs fsync ftruncate futex futex_waitv get_robust_list getcpu
getcwd getdents getdents64 getegid geteuid getgid getgroups getitimer getpeername getpgid getpgrp
getpid getppid getpriority getrandom getresgid getresuid getrlimit getrusage getsid getsockname
getsockopt gettid gettimeofday getuid getxattr inotify_add_watch inotify_init inotify_init1
inotify_rm_watch ioprio_get kill lgetxattr link linkat listen listxattr llistxattr lseek lstat
madvise membarrier mincore mkdir mkdirat mlock mlock2 mlockall mmap mprotect mremap msync munlock
munlockall munmap nanosleep newfstatat pause pidfd_open pidfd_send_signal pipe pipe2 poll ppoll
pkey_alloc pkey_free pkey_mprotect pread64 preadv preadv2 prlimit64 pselect6 pwrite64 pwritev
pwritev2 read readahead readlink readlinkat readv recvfrom recvmmsg recvmsg remap_file_pages
rename renameat renameat2 restart_syscall rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask
rt_sigqueueinfo rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_tgsigqueueinfo sched_get_priority_max
sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler
sched_rr_get_interval sched_setaffinity sched_yield select sendfile sendmmsg sendmsg sendto
set_robust_list set_tid_address setfsgid setfsuid setgid setitimer setpgid setpriority setregid
setresgid setresuid setreuid setrlimit setsid setsockopt setuid
shutdown sigaltstack signalfd signalfd4 splice stat statfs statx symlink symlinkat sync
sync_file_range syncfs sysinfo tee tgkill time timer_create timer_delete timer_getoverrun
timer_gettime timer_settime timerfd_create timerfd_gettime timerfd_settime times tkill truncate
umask uname unlink unlinkat utime utimensat utimes vfork wait4 waitid write writev
""".split()

# Known, wanted by hostile programs or useless here: said plainly.
DENIED: Final = """
acct add_key adjtimex afs_syscall bpf chown chroot clock_adjtime clock_settime create_module
delete_module fanotify_init fanotify_mark fchown fchownat finit_module fremovexattr fsconfig
fsetxattr fsmount fsopen fspick get_kernel_syms get_mempolicy getpmsg init_module
io_uring_enter io_uring_register io_uring_setup ioperm iopl ioprio_set kcmp kexec_file_load
kexec_load keyctl lchown lookup_dcookie lremovexattr lsetxattr mbind memfd_create memfd_secret
migrate_pages mknod mknodat modify_ldt mount mount_setattr move_mount move_pages mq_getsetattr
mq_notify mq_open mq_timedreceive mq_timedsend mq_unlink msgctl msgget msgrcv msgsnd
name_to_handle_at nfsservctl open_by_handle_at open_tree perf_event_open personality
pidfd_getfd pivot_root process_madvise process_vm_readv process_vm_writev ptrace putpmsg
query_module quotactl quotactl_fd reboot removexattr request_key sched_setattr
sched_setparam sched_setscheduler seccomp semctl semget semop semtimedop set_mempolicy setdomainname
 setgroups sethostname setns
settimeofday setxattr shmat shmctl shmdt shmget swapoff swapon sysfs syslog tuxcall umount2
unshare uselib userfaultfd ustat vhangup vmsplice vserver
""".split()

_CLONE_NEW: Final = 0x7E02_0080  # the flags of clone that make namespaces
_CLONE_THREAD: Final = 0x0001_0000
_SPECIAL_BITS: Final = 0o6000  # setuid and setgid
_MAKES_FILE: Final = os.O_CREAT | 0o20000000  # __O_TMPFILE; without either, the mode is not read
_SOCKETS: Final = (1, 2, 10)  # AF_UNIX, AF_INET, AF_INET6; there is only lo to reach
# Terminal and file requests programs make; compared on 32 bits, because the kernel reads no more
# (CVE-2019-10063). TIOCSTI and TIOCLINUX are what must not be here.
_IOCTLS: Final = (
    *(0x5401, 0x5402, 0x5403, 0x5404),  # TCGETS TCSETS TCSETSW TCSETSF
    *(0x540E, 0x540F, 0x5410, 0x5413, 0x5414),  # TIOCSCTTY TIOCGPGRP TIOCSPGRP TIOC[GS]WINSZ
    *(0x541B, 0x5421, 0x5422, 0x5429),  # FIONREAD FIONBIO TIOCNOTTY TIOCGSID
    *(0x5450, 0x5451, 0x5452),  # FIONCLEX FIOCLEX FIOASYNC
    *(0x8004_5430, 0x4004_5431),  # TIOCGPTN TIOCSPTLCK
    *(0x4004_9409, 0x4020_940D),  # FICLONE FICLONERANGE
)
_PRCTLS: Final = (
    *(1, 2, 3, 4, 7, 8),  # PDEATHSIG, DUMPABLE, KEEPCAPS, each set and get
    *(15, 16, 21, 23, 29, 30),  # NAME, GET_SECCOMP, CAPBSET_READ, TIMERSLACK
    *(36, 37, 38, 39, 40, 41, 42),  # CHILD_SUBREAPER, NO_NEW_PRIVS, TID_ADDRESS, THP_DISABLE
    0x5356_4D41,  # SET_VMA: names of memory areas
)
_LOW_32: Final = 0xFFFF_FFFF


@functools.cache
def program(without: frozenset[str] = frozenset()) -> bytes:
    """Compile the filter to the BPF that bubblewrap loads; `without`: calls that are not there.

    "thread" among them is the clone that makes a thread.

    Raises: NoSandbox when libseccomp is not here.
    """
    try:
        import pyseccomp

        rules = pyseccomp.SyscallFilter(pyseccomp.ERRNO(errno.ENOSYS))
    except (ImportError, OSError, RuntimeError, AttributeError) as error:  # or half of it was, once
        raise NoSandbox(f"libseccomp cannot be loaded: {error}", fix=INSTALL) from error
    rules.set_attr(pyseccomp.Attr.CTL_OPTIMIZE, 2)  # a tree: loads in 0.2 ms, not 0.5
    for name in ALLOWED:
        if name not in without:
            rules.add_rule(pyseccomp.ALLOW, name)
    for name in DENIED:
        rules.add_rule(pyseccomp.ERRNO(errno.EPERM), name)
    _add_by_argument(rules, _CLONE_NEW | (_CLONE_THREAD if "thread" in without else 0))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _add_by_argument(rules: "SyscallFilter", no_clone: int) -> None:
    """Allow what depends on an argument; each line is one way through."""
    from pyseccomp import ALLOW, MASKED_EQ, Arg

    def allow(name: str, argument: int, mask: int, value: int) -> None:
        rules.add_rule(ALLOW, name, Arg(argument, MASKED_EQ, mask, value))

    allow("clone", 0, no_clone, 0)
    for family in _SOCKETS:
        allow("socket", 0, _LOW_32, family)
    allow("socketpair", 0, _LOW_32, 1)
    for request in _IOCTLS:
        allow("ioctl", 1, _LOW_32, request)
    for option in _PRCTLS:
        allow("prctl", 0, _LOW_32, option)
    for name, mode in (("chmod", 1), ("fchmod", 1), ("fchmodat", 2), ("creat", 1)):
        allow(name, mode, _SPECIAL_BITS, 0)
    for name, flags in (("open", 1), ("openat", 2)):  # open(O_CREAT, 04755) is a chmod too
        allow(name, flags, _MAKES_FILE, 0)
        allow(name, flags + 1, _SPECIAL_BITS, 0)
