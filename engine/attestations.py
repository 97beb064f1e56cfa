"""Attestations: every version of what is attested of a step, read alike. Pure.

Version 2 says also on which machine. Version 1 is read for ever, and is what peers sign for one
another (docs/adr/0146). A signature is on a version: that on one holds for no other.

>>> read_attestation(data).wall_ms                                       # doctest: +SKIP
23
"""

import re
from typing import Any, Final

from engine import machine
from engine.content.schema import Record, kind_of
from engine.errors import Damaged
from engine.machine import Machine
from engine.step import ATTESTATION, Attestation, check_attestation
from engine.values import dataclass


class UnknownVersion(Damaged):
    """What is attested in a version that a later program wrote: nothing is judged of it here."""


@dataclass(frozen=True, slots=True)
class MachineAttestation(Attestation):
    """An Attestation that says on which machine the step ran."""

    machine: Machine


def _check(said: MachineAttestation) -> None:
    check_attestation(said)
    machine.check(said.machine)


WITH_MACHINE: Final = Record("tallystick/attestation/2", MachineAttestation, _check)

_VERSIONS: Final[dict[str, Record[Any]]] = {
    record.kind: record for record in (ATTESTATION, WITH_MACHINE)
}
_LATER: Final = re.compile(r"tallystick/(attestation|signed|proof)/[1-9][0-9]{0,8}")


def record_of(said: Attestation) -> Record[Any]:
    """Return the version of the record that an attestation is."""
    return WITH_MACHINE if isinstance(said, MachineAttestation) else ATTESTATION


def read_attestation(data: bytes) -> Attestation:
    """Return what is attested, in whichever version.

    Raises: Damaged when it is malformed; UnknownVersion for one that is not known here.
    """
    kind = kind_of(data) or ""
    if kind not in _VERSIONS and _LATER.fullmatch(kind):
        raise UnknownVersion(f"this is a {kind}, which this version of tally does not know")
    said: Attestation = _VERSIONS.get(kind, ATTESTATION).decode(data)
    return said


def machine_of(said: Attestation) -> Machine | None:
    """Return on which machine a step ran, if that is said."""
    return said.machine if isinstance(said, MachineAttestation) else None
