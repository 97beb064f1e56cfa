"""Ending: the signals that end the program, and what is said and exited with then.

Imported by the first lines of the program: it imports next to nothing itself.
"""

import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

EXIT_CANCELLED = 1
EXIT_UNAVAILABLE = 3

_GOES_ON = "the same command goes on from there"
_ANEW = "run the command again: it begins anew"
_AGAIN = "run the command again: what it finished is kept"
_FIXES = {"run": _GOES_ON, "rerun": _ANEW, "check-determinism": _ANEW, "verify": _ANEW}


def fix(words: list[str]) -> str:
    """Return what to do when the command of these words was cancelled."""
    is_value = False
    for word in words:
        if is_value or word.startswith("-"):
            is_value = not is_value and word == "--home"
            continue
        return _FIXES.get(word, _AGAIN)
    return _AGAIN
