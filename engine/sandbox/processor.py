"""Processor: which x86-64 level this machine has. Below v3 even `exp` gives other last bits."""

from pathlib import Path
from typing import Final

NEEDED: Final = 3  # FMA and AVX2: what the numeric profile of every step counts on

# The flags of /proc/cpuinfo that make up each level (x86-64 psABI, table 3.1).
_LEVELS: Final = (
    (2, {"cx16", "lahf_lm", "popcnt", "pni", "sse4_1", "sse4_2", "ssse3"}),
    (3, {"avx", "avx2", "bmi1", "bmi2", "f16c", "fma", "abm", "movbe", "xsave"}),
    (4, {"avx512f", "avx512bw", "avx512cd", "avx512dq", "avx512vl"}),
)


def cpu_level(cpuinfo: str | None = None) -> int:
    """Return 1 to 4, or 0 for another processor; `cpuinfo` is the text of /proc/cpuinfo."""
    text = Path("/proc/cpuinfo").read_text() if cpuinfo is None else cpuinfo
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    flags = set(line.partition(":")[2].split())
    if "lm" not in flags:
        return 0
    level = 1
    for higher, needed in _LEVELS:
        if not needed <= flags:
            break
        level = higher
    return level
