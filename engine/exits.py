"""Exits: why a step failed, in words, from what its records say. Pure.

>>> failed_by("", 137)
'exit code 137 (ended by SIGKILL)'
"""

import signal
from contextlib import suppress
from typing import Final

_NOT_FOUND: Final = 127  # of a shell
_SIGNALLED: Final = 128  # and the number of the signal

_REASONS: Final = {
    "timeout": "it took longer than its 'time' allows (raise it in 'resources')",
    "memory": "it used more memory than its 'memory' allows (raise it in 'resources')",
    "disk": "it wrote more than its 'disk' allows (raise it in 'resources')",
    "refused-output": "an output cannot be kept",
    "missing-output": "an output is missing (write it to {outputs.NAME})",
}


def failed_by(reason: str, exit_code: int) -> str:
    """Return the reason of a failed step in words, from what its records say."""
    return _REASONS.get(reason, reason) if reason else _exit_words(exit_code)


def _exit_words(code: int) -> str:
    """Return an exit code, with what shells mean by it where that helps."""
    if code == _NOT_FOUND:
        return f"exit code {code} (a program was not found in its environment)"
    if _SIGNALLED < code <= _SIGNALLED + signal.SIGRTMAX:
        with suppress(ValueError):
            return f"exit code {code} (ended by {signal.Signals(code - _SIGNALLED).name})"
    return f"exit code {code}"
