"""Network name: what a network of peers may be called. Pure, and read by every command.

>>> is_name("tallystick"), is_name("")
(True, False)
"""

from typing import Final

MAX_NAME: Final = 100  # characters


def is_name(text: str) -> bool:
    """Return whether a network may be called so."""
    return 0 < len(text) <= MAX_NAME and text.isprintable() and text == text.strip()
