"""Both versions of an attestation, and the machine that the later one names."""

from dataclasses import replace

import pytest

from engine.attestations import WITH_MACHINE, MachineAttestation, machine_of, read_attestation
from engine.content.cid import RAW, Cid
from engine.errors import Damaged
from engine.machine import Machine
from engine.machine import machine_of as read_machine
from engine.step import ATTESTATION, RESULT, Attestation, Result

SOME = Cid.of(RAW, b"some")
FIRST = Attestation(SOME, SOME, "bwrap", "Linux", 1, 2, 3, 4, None, None, False, "")
HERE = Machine("Linux 6.1", "GenuineIntel", 6, 207, "Xeon", 4, ("avx2", "fma"), ("avx512f",), 2)
SECOND = MachineAttestation(SOME, SOME, "bwrap", "Linux", 1, 2, 3, 4, None, None, False, "", HERE)
CPUINFO = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 25
model\t\t: 97
model name\t: AMD Ryzen 9 7950X
flags\t\t: fpu lm avx2 fma avx avx512f avx512_bf16 sse

processor\t: 1
vendor_id\t: another
"""


def test_both_versions_are_read_alike() -> None:
    """Who reads what is attested need not know which version it is; only one has a machine."""
    assert read_attestation(ATTESTATION.encode(FIRST)) == FIRST
    assert read_attestation(WITH_MACHINE.encode(SECOND)) == SECOND
    assert (machine_of(FIRST), machine_of(SECOND)) == (None, HERE)
    assert FIRST != SECOND


def test_another_record_is_no_attestation() -> None:
    """It is said which kind it is, as of a version that is not known yet."""
    with pytest.raises(Damaged, match="it is tallystick/result/1"):
        read_attestation(RESULT.encode(Result(SOME, 0, {})))
    with pytest.raises(Damaged, match="not a tallystick/attestation/1"):
        read_attestation(b"\xa0")


@pytest.mark.parametrize(
    "wrong",
    [
        replace(HERE, brand="x" * 257),
        replace(HERE, level=5),
        replace(HERE, cores=-1),
        replace(HERE, used=("fma", "avx2")),
        replace(HERE, masked=("avx512f", "avx512f")),
        replace(HERE, masked=tuple(f"{at:03}" for at in range(65))),
    ],
)
def test_what_can_be_no_machine_is_refused(wrong: Machine) -> None:
    """Texts without end, figures that are none, features out of order."""
    with pytest.raises(ValueError, match="machine"):
        WITH_MACHINE.encode(replace(SECOND, machine=wrong))


def test_a_figure_below_zero_is_refused_in_both() -> None:
    """The rules of the first version hold for the second."""
    with pytest.raises(ValueError, match="below zero"):
        WITH_MACHINE.encode(replace(SECOND, wall_ms=-1))


def test_a_machine_is_read_from_what_the_kernel_says() -> None:
    """Of the first processor; features that the profile uses, and those it masks."""
    machine = read_machine(CPUINFO, level=3, cores=4, kernel="Linux 6.1")
    assert machine.name == "AuthenticAMD 25/97 x86-64-v3"
    assert (machine.used, machine.masked) == (("avx", "avx2", "fma"), ("avx512_bf16", "avx512f"))
    assert (machine.brand, machine.cores) == ("AMD Ryzen 9 7950X", 4)


def test_a_processor_that_says_little_is_a_machine_too() -> None:
    """As one that is no x86-64."""
    machine = read_machine("processor: 0\n", level=0, cores=1, kernel="Linux")
    assert (machine.name, machine.used) == ("unknown 0/0", ())
    WITH_MACHINE.encode(replace(SECOND, machine=machine))
