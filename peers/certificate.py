"""Certificate: a peer's own key says which CURVE key carries its connections. Pure.

The two keys are not one key in two shapes: so the one that is in use all day can be renewed
while the peer stays who it is.
"""

from typing import Final

from engine.content.schema import Record
from engine.errors import Damaged
from engine.values import dataclass

CURVE_BYTES: Final = 32
LONGEST_MS: Final = (
    400 * 24 * 3600 * 1000
)  # a year and some: a key that leaked is not good for ever
SKEW_MS: Final = 10 * 60 * 1000  # how far two clocks may be apart


@dataclass(frozen=True, slots=True)
class Certificate:
    """A CURVE key, from when to when, and the how-manieth it is."""

    curve_key: bytes  # X25519, 32 bytes
    not_before_ms: int  # since 1970 UTC
    not_after_ms: int
    serial: int  # of two, the higher counts


def _check(certificate: Certificate) -> None:
    if len(certificate.curve_key) != CURVE_BYTES:
        raise Damaged("a CURVE key has 32 bytes")
    if not 0 <= certificate.not_before_ms < certificate.not_after_ms:
        raise Damaged("a certificate ends after it begins")
    if certificate.not_after_ms - certificate.not_before_ms > LONGEST_MS:
        raise Damaged("a certificate holds for 400 days at most")
    if certificate.serial < 1:
        raise Damaged("the first certificate has serial 1")


CERTIFICATE: Final = Record("tallystick/transport-key/1", Certificate, _check)


def holds(certificate: Certificate, now_ms: int) -> bool:
    """Return whether it is in force, by a clock that may be ten minutes from its maker's."""
    begun = certificate.not_before_ms - SKEW_MS <= now_ms
    return begun and now_ms < certificate.not_after_ms + SKEW_MS
