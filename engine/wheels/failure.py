"""Failure: what one of our builders (inside/) refused, as an error for the author. Pure."""

import json
import re

from engine.errors import StepFailed
from engine.wheels.choice import Wheel
from engine.wheels.inside.refusal import MARK

_TOLD = re.compile(re.escape(MARK) + r"(\{.*\})")


def explained(failed: StepFailed, wheels: tuple[Wheel, ...]) -> StepFailed:
    """Return what a builder said in the log of a failed build, at its line of the lock file.

    The failure itself when none of ours said anything.
    """
    match = _TOLD.search(failed.what)
    try:
        told = json.loads(match[1]) if match else {}
        what, label, fix = told["what"], told["wheel"], told["fix"]
    except (ValueError, KeyError):
        return failed
    where = next((each.where for each in wheels if each.label == label), label)
    return StepFailed(f"{label}: {what}", where=where, fix=fix)
