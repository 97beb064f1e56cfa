"""A hash of Nix is read in each of its forms."""

import base64
import hashlib

import pytest

from engine.errors import Refused
from engine.nix import nix32, sha256

RAW = hashlib.sha256(b"x").digest()


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{nix32.encode(RAW)}",
        f"sha256:{RAW.hex()}",
        f"sha256-{base64.b64encode(RAW).decode()}",
    ],
)
def test_a_hash_is_read(text: str) -> None:
    """In base 32 or 16, or as SRI."""
    assert sha256.parse(text) == RAW


@pytest.mark.parametrize(
    "text", ["", "sha256:", "sha256-", RAW.hex(), "sha1:" + "0" * 64, "sha256:é", "sha256-Zg=="]
)
def test_what_is_none_is_refused(text: str) -> None:
    """Of another kind, of no kind, too short, not even text that a hash has."""
    with pytest.raises(Refused):
        sha256.parse(text)
