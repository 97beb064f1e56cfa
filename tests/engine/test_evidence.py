"""What is attested, and whose signature on it holds."""

import pytest
from nacl.signing import SigningKey

from engine.content.cid import RAW, Cid
from engine.evidence import Evidence, attestation, evidence
from engine.step import ATTESTATION, RESULT, SIGNED, Attestation, Signed
from engine.store.memory import MemoryStore

SOME = Cid.of(RAW, b"some")
SAID = Attestation(SOME, SOME, "bwrap", "Linux", 1, 2, 3, 4, None, None, False, "")
PAYLOAD = ATTESTATION.block(SAID).data
KEY = SigningKey(bytes(32))
SIGNER = bytes(KEY.verify_key)


def signature(domain: bytes = ATTESTATION.kind.encode(), payload: bytes = PAYLOAD) -> bytes:
    """Return the signature of the key."""
    return KEY.sign(domain + b"\0" + payload).signature


@pytest.mark.parametrize(
    ("value", "holds"),
    [
        (Signed(PAYLOAD, SIGNER, signature()), True),
        (Signed(PAYLOAD, SIGNER, bytes(64)), False),
        (Signed(PAYLOAD, SIGNER, signature(RESULT.kind.encode())), False),
        (Signed(PAYLOAD, SIGNER, signature(payload=PAYLOAD + b" ")), False),
        (Signed(PAYLOAD, bytes(SigningKey(b"\1" * 32).verify_key), signature()), False),
        (Signed(PAYLOAD, b"\xff" * 32, signature()), False),
    ],
    ids=["good", "zeros", "another kind", "another text", "another key", "no key"],
)
def test_a_signature_is_of_this_record_by_this_key(value: Signed, *, holds: bool) -> None:
    """Over another record, of another kind or by another key it does not hold."""
    store, block = MemoryStore(), SIGNED.block(value)
    store.put([block])
    assert evidence(store, block.cid) == Evidence(SAID, value.public_key.hex(), holds)
    assert attestation(store, block.cid) == SAID


def test_what_is_unsigned_is_nobodys_word() -> None:
    """There is no signature that could fail."""
    store, block = MemoryStore(), ATTESTATION.block(SAID)
    store.put([block])
    assert evidence(store, block.cid) == Evidence(SAID, "", holds=True)
