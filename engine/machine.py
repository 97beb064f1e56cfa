"""Machine: what a step ran on, as far as that may matter to what came out. Pure.

Two machines of one *class* have the same processor: who wants to know whether a difference comes of
that asks one of another class.

>>> here = machine_of(cpuinfo, level=4, cores=2, kernel="Linux 6.1.0")       # doctest: +SKIP
>>> here.name
'GenuineIntel 6/207 x86-64-v4'
"""

from typing import Final

from engine.errors import Damaged
from engine.values import dataclass

# what the kernels that the numeric profile chooses (docs/steps.md) are made of
USED: Final = frozenset({"avx", "avx2", "bmi1", "bmi2", "f16c", "fma"})
MASKED: Final = "avx512"  # how the features begin that it keeps programs from

_MOST: Final = 64  # features of one kind; a processor of today has 16 that are masked
_LONGEST: Final = 256  # characters of a text that a machine says of itself


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine, as it says of itself."""

    kernel: str  # as "Linux 6.1.0"
    vendor: str  # of the processor, as "GenuineIntel"
    family: int
    model: int
    brand: str  # as "Intel(R) Xeon(R) Processor"
    level: int  # 1 to 4, of x86-64; 0 for another processor
    used: tuple[str, ...]  # features that the numeric profile counts on, sorted
    masked: tuple[str, ...]  # features that it has and the profile keeps programs from, sorted
    cores: int  # that a step sees

    @property
    def name(self) -> str:
        """Its class, as people read it."""
        level = f" x86-64-v{self.level}" if self.level else ""
        return f"{self.vendor} {self.family}/{self.model}{level}"


def machine_of(cpuinfo: str, *, level: int, cores: int, kernel: str) -> Machine:
    """Return the machine that the text of /proc/cpuinfo is of."""
    pairs = [line.partition(":") for line in cpuinfo.partition("\n\n")[0].splitlines()]
    said = {key.strip(): value.strip() for key, _, value in pairs}
    flags = set(said.get("flags", "").split())
    return Machine(
        kernel[:_LONGEST],
        said.get("vendor_id", "unknown")[:_LONGEST],
        _number(said.get("cpu family")),
        _number(said.get("model")),
        said.get("model name", "")[:_LONGEST],
        level,
        tuple(sorted(flags & USED)),
        tuple(sorted(flag for flag in flags if flag.startswith(MASKED))[:_MOST]),
        cores,
    )


def class_in(system: str) -> str:
    """Return the class of machine that the text of an attestation names; "" when it names none.

    >>> class_in("Linux 6.1.0 x86_64; GenuineIntel 6/207 x86-64-v4")
    'GenuineIntel 6/207 x86-64-v4'
    """
    return system.partition("; ")[2]


def check(machine: Machine) -> None:
    """Look whether something can be a machine.

    Raises: Damaged.
    """
    texts = (machine.kernel, machine.vendor, machine.brand, *machine.used, *machine.masked)
    if any(len(text) > _LONGEST for text in texts):
        raise Damaged(f"a text about its machine is over {_LONGEST} characters")
    if min(machine.family, machine.model, machine.cores) < 0 or not 0 <= machine.level <= 4:
        raise Damaged("a figure of its machine is none")
    for features in (machine.used, machine.masked):
        if len(features) > _MOST or list(features) != sorted(set(features)):
            raise Damaged(f"the features of its machine are not sorted, or over {_MOST}")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
