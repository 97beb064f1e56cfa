"""Keys and signatures of binary caches."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.nix.signature import PublicKey, SecretKey

# made by `nix-store --generate-binary-cache-key`, for this test only
KEY_FILE = (
    "test-1:aEiLWCRlPgiSIftUJzC5qMlcx5ajfeuYl6+neWrU2CC"
    "cL3SndQqIDcPdalk6jjoIjxIthH4I6/UZGd6rryh4OA=="
)
PUBLIC = "test-1:nC90p3UKiA3D3WpZOo46CI8SLYR+COv1GRneq68oeDg="


def test_key_files_are_nix_own() -> None:
    """A key file that Nix wrote is read, printed alike, and has the public key Nix gave it."""
    key = SecretKey.parse(KEY_FILE + "\n")
    assert key.show() == KEY_FILE
    assert str(key.public()) == PUBLIC
    assert PublicKey.parse(PUBLIC) == key.public()


@given(st.binary(max_size=50), st.binary(min_size=32, max_size=32))
def test_only_the_key_verifies(message: bytes, seed: bytes) -> None:
    """A signature holds for its message, its key and its key's name, and for nothing else."""
    key = SecretKey("k-1", seed)
    signature = key.sign(message)
    assert key.public().verifies(message, signature)
    assert not key.public().verifies(message + b"x", signature)
    assert not PublicKey("k-2", key.public().key).verifies(message, signature)
    assert not SecretKey.parse(KEY_FILE).public().verifies(message, signature)


@pytest.mark.parametrize(
    "signature", ["", "k", "k:", "k:!", "k:\x80", "k:AAAA", ":" + "A" * 86 + "=="]
)
def test_a_malformed_signature_does_not_verify(signature: str) -> None:
    """What is no signature does not verify, and does not raise."""
    assert not SecretKey("k", bytes(32)).public().verifies(b"", signature)


def test_a_secret_is_not_printed() -> None:
    """A key's repr does not hold its seed."""
    assert "seed" not in repr(SecretKey("k", b"\x07" * 32))


@pytest.mark.parametrize("text", ["", "k", "k:AAAA", "k:" + "A" * 86 + "=="])
def test_other_key_files_are_refused(text: str) -> None:
    """A key of another length, or whose halves do not fit, is refused."""
    with pytest.raises(Refused):
        SecretKey.parse(text)
