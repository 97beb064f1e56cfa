"""Overlay: the files that are laid over what a step sees, for the conditions of one run. Pure."""

from typing import Final

from blake3 import blake3

from engine.determinism.conditions import Conditions
from engine.determinism.facts import Facts, as_the_contract, otherwise, spelled_otherwise
from engine.determinism.shim import PLACE, PRELOADS, with_setting

_NICENESS: Final = (18, 15, 12, 9, 6, 3, 0)
_RANDOM: Final = 1024 * 1024  # bytes; who reads more in one go finds an end
_UUID: Final = "/proc/sys/kernel/random/uuid"  # another each time it is read
_ONE_UUID: Final = b"00000000-0000-4000-8000-000000000001\n"
_V3_FLAGS: Final = (
    "fpu cx8 cmov mmx fxsr sse sse2 ht syscall nx lm constant_tsc nopl pni pclmulqdq ssse3 fma "
    "cx16 sse4_1 sse4_2 movbe popcnt aes xsave avx f16c rdrand lahf_lm abm bmi1 avx2 bmi2"
)
_CPU: Final = f"""\
processor\t: {{number}}
vendor_id\t: AuthenticAMD
cpu family\t: 23
model\t\t: 49
model name\t: another processor
stepping\t: 0
microcode\t: 0x8301034
cpu MHz\t\t: 2000.000
cache size\t: 512 KB
cpu cores\t: 1
flags\t\t: {_V3_FLAGS}
bogomips\t: 4000.00

"""
_MACHINE: Final = {
    "/proc/version": b"Linux version 6.1.0-other (builder@other) #1 SMP\n",
    "/proc/uptime": b"86400.00 86400.00\n",
    "/proc/loadavg": b"0.00 0.00 0.00 1/100 1000\n",
    "/proc/sys/kernel/osrelease": b"6.1.0-other\n",
    "/proc/sys/kernel/random/boot_id": b"00000000-0000-4000-8000-000000000000\n",
}


def files(shim: bytes, conditions: Conditions, facts: Facts, now_s: int) -> dict[str, bytes]:
    """Return what is laid over what a step sees, by place."""
    found = {PLACE: with_setting(shim, conditions, now_s)}
    found |= dict.fromkeys(PRELOADS, f"{PLACE}\n".encode())
    if conditions.random == "held":
        fixed = blake3(b"not random").digest(_RANDOM)
        found |= {"/dev/urandom": fixed, "/dev/random": fixed, _UUID: _ONE_UUID}
    count = 1 if conditions.processors == "held" else facts.processors
    if conditions.machine != "free":
        cpus = "".join(_CPU.format(number=number) for number in range(count))
        found |= {**_MACHINE, "/proc/cpuinfo": cpus.encode()}
    if conditions.processors == "held":
        found["/proc/stat"] = _stat(count)
    return found


def variables(conditions: Conditions, facts: Facts) -> dict[str, str]:
    """Return which of a step's variables are others, and what they say."""
    found: dict[str, str] = {}
    if facts.seeds and conditions.hashes != "free":
        found |= dict.fromkeys(facts.seeds, "0" if conditions.hashes == "held" else "1")
    if conditions.memory != "free":
        found["MALLOC_PERTURB_"] = "85" if conditions.memory == "held" else "170"
    if conditions.profile == "held":
        found |= as_the_contract(facts.overridden)
    elif conditions.profile == "varied":
        found |= otherwise(facts.overridden)
    elif conditions.profile == "respelled":
        found |= spelled_otherwise(facts.overridden)
    return found


def niceness(conditions: Conditions) -> tuple[int, ...]:
    """Return how nice each thread and process is: varied, those that began last go first."""
    return _NICENESS if conditions.schedule == "varied" else ()


def calls_denied(conditions: Conditions) -> frozenset[str]:
    """Return the system calls that a step finds missing (engine/sandbox/seccomp.py)."""
    denied = {"getrandom"} if conditions.random == "held" else set()
    return frozenset(denied if conditions.threads else {*denied, "thread"})


def _stat(count: int) -> bytes:
    """Return /proc/stat of a machine with so many processors."""
    each = "".join(f"cpu{number} 0 0 0 0 0 0 0 0 0 0\n" for number in range(count))
    return f"cpu  0 0 0 0 0 0 0 0 0 0\n{each}intr 0\nctxt 0\nbtime 0\nprocesses 1\n".encode()
