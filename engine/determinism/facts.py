"""Facts: what a step's record and environment say that bears on whether it is deterministic. Pure.

>>> open_seeds({"PYTHONHASHSEED": "random"})
('PYTHONHASHSEED',)
"""

from collections.abc import Mapping, Sequence
from typing import Final

from engine.values import dataclass
from engine.workflow.contract import PROFILE

# of what a step finds in these unless its own `env` says otherwise: another value that any
# x86-64-v3 machine can run with, and the contract's own, spelled otherwise
_V3: Final = "X86_V3 FMA3 AVX2 "
_OTHERS: Final = {
    "MKL_NUM_THREADS": ("2", "01"),
    "NPY_DISABLE_CPU_FEATURES": (
        _V3 + PROFILE["NPY_DISABLE_CPU_FEATURES"],
        PROFILE["NPY_DISABLE_CPU_FEATURES"] + " ",
    ),
    "OMP_NUM_THREADS": ("2", "01"),
    "OPENBLAS_CORETYPE": ("Sandybridge", "haswell"),
    "OPENBLAS_NUM_THREADS": ("2", "01"),
}
_SEEDS: Final = ("PYTHONHASHSEED",)
# a library that is preloaded sets what programs see of directories, but not for a static one
_LISTING: Final = ("cpio", "du", "find", "grep", "ls", "rsync", "stat", "tar", "zip")
_OPEN: Final = ("", "random")


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a step before it is run."""

    seeds: tuple[str, ...] = ()  # variables that leave the order of hashes open
    overridden: tuple[str, ...] = ()  # variables of the numeric profile that are not as it has them
    static: tuple[str, ...] = ()  # programs it names whose directories nobody can reorder
    processors: int = 1  # of this machine, that may be varied


def open_seeds(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of a step that leave the order of hashes to chance."""
    return tuple(name for name in _SEEDS if variables.get(name, "") in _OPEN)


def overridden(variables: Mapping[str, str]) -> tuple[str, ...]:
    """Return the variables of the numeric profile that a step has otherwise."""
    return tuple(name for name in _OTHERS if variables.get(name) != PROFILE[name])


def as_the_contract(names: Sequence[str]) -> dict[str, str]:
    """Return the contract's values of variables of the profile."""
    return {name: PROFILE[name] for name in names}


def otherwise(names: Sequence[str]) -> dict[str, str]:
    """Return values for them with which other kernels do the arithmetic."""
    return {name: _OTHERS[name][0] for name in names}


def spelled_otherwise(names: Sequence[str]) -> dict[str, str]:
    """Return values for them that mean what the contract's do."""
    return {name: _OTHERS[name][1] for name in names}


def listing(text: str, static: Sequence[str]) -> tuple[str, ...]:
    """Return the static programs that a command names and that list directories or file times."""
    cut = "".join(letter if letter.isalnum() or letter in "._+-" else " " for letter in text)
    words = set(cut.split())
    return tuple(name for name in _LISTING if name in static and name in words)
