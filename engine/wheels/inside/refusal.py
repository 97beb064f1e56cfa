"""Refusal: how a build says what is wrong, so that tally can say it to the author."""

from __future__ import annotations

import json
import sys

MARK = "tally-refuses: "  # begins the line that engine/wheels/failure.py looks for


class Refusal(Exception):
    """What is wrong with a wheel, which one (its label, as "numpy-2.2.6"), and what to do."""

    def __init__(self, what: str, wheel: str, fix: str) -> None:
        super().__init__(what)
        self.what = what
        self.wheel = wheel
        self.fix = fix


def show(refusal: Refusal) -> None:
    """Print it where Nix shows it."""
    told = {"what": refusal.what, "wheel": refusal.wheel, "fix": refusal.fix}
    sys.stderr.write(MARK + json.dumps(told) + "\n")
