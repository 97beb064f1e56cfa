"""The suites there are, in the order in which they are run."""

from tests.long import kills, points
from tests.long.suite import Suite

SUITES: dict[str, Suite] = {suite.name: suite for suite in (kills.SUITE, points.SUITE)}
