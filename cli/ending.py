"""Ending: the signals that end the program, and what is said and exited with then.

Imported by the first lines of the program: it imports next to nothing itself.
"""

import signal

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
FIX = "the same command goes on from there"  # of what was cancelled

EXIT_CANCELLED = 1
EXIT_UNAVAILABLE = 3
