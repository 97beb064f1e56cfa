"""Contract: the names and variables that every step sees, version 1 (docs/steps.md). Pure.

All of it is in the step key. A change to anything here is a new version of the contract.
"""

from typing import Final

IN: Final = "/in"
OUT: Final = "/out"

PROFILE: Final[dict[str, str]] = {
    "HOME": "/build",
    "LC_ALL": "C.UTF-8",
    "MKL_NUM_THREADS": "1",
    # numpy and OpenBLAS give other last bits on AVX-512: the old names serve numpy to 2.3,
    # X86_V4 the newer
    "NPY_DISABLE_CPU_FEATURES": (
        "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL AVX512_ICL AVX512_SPR"
    ),
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "SOURCE_DATE_EPOCH": "315532800",  # 1980-01-01 UTC, the oldest that zip files can say
    "TMPDIR": "/tmp",  # noqa: S108 - the step's own, not this machine's
    "TZ": "UTC",
}


def variables(search_path: tuple[str, ...], overrides: dict[str, str]) -> dict[str, str]:
    """Return all variables of a step: the profile, the environment's PATH, the author's own."""
    return {**PROFILE, "PATH": ":".join(search_path), **overrides}


def input_path(name: str) -> str:
    """Return where a step sees an input."""
    return f"{IN}/{name}"


def item_path(name: str, index: int) -> str:
    """Return where a step sees one value of a gathered input."""
    return f"{IN}/{name}/{index}"


def list_path(name: str) -> str:
    """Return the file that has the paths of a gathered input, one a line."""
    return f"{IN}/{name}.list"


def output_path(path: str) -> str:
    """Return where a step makes an output."""
    return f"{OUT}/{path}"
