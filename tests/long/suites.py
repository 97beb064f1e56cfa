"""The suites there are, in the order in which they are run."""

from typing import Final

from tests.long import (
    clocks,
    crowds,
    disks,
    fuzz,
    interrupts,
    junk,
    kills,
    ledgers,
    points,
    providers,
    releases,
    rot,
    strikes,
    trades,
    worlds,
)
from tests.long.suite import Suite

_MODULES: Final = (
    kills,
    interrupts,
    points,
    providers,
    releases,
    strikes,
    disks,
    rot,
    clocks,
    crowds,
    trades,
    junk,
    fuzz,
    worlds,
    ledgers,
)
SUITES: Final[dict[str, Suite]] = {module.SUITE.name: module.SUITE for module in _MODULES}
