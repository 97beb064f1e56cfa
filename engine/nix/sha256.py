"""Sha256: a hash as Nix prints it, in any of its forms. Pure.

>>> parse("sha256-" + "A" * 43 + "=") == bytes(32)
True
"""

import base64
from typing import Final

from engine.errors import Refused
from engine.nix import nix32

BYTES: Final = 32

_FIX: Final = "ask whoever made it for another"


def parse(text: str) -> bytes:
    """Read a hash in a form that Nix prints for sha256: nix32 or base 16, or base64 of SRI.

    Raises: Refused for anything else.
    """
    try:
        if text.startswith("sha256-"):
            raw = base64.b64decode(text[7:], validate=True)
        elif len(text) == len("sha256:") + 2 * BYTES:
            raw = bytes.fromhex(text.removeprefix("sha256:"))
        else:
            raw = nix32.decode(text.removeprefix("sha256:"), BYTES)
    except ValueError:
        raw = b""
    if len(raw) != BYTES or not text.startswith("sha256"):
        raise Refused(f"not a sha256 of Nix: '{text[:80]}'", fix=_FIX)
    return raw
