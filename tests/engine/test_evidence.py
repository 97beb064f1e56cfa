"""What is attested, and whose signature on it holds."""

from dataclasses import replace

import pytest
from nacl.signing import SigningKey

from engine import merkle
from engine.batch import BATCH, PROOF, Batch, Proof, Said, batch_of, proofs
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.evidence import Evidence, attestation, evidence, signers
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


def batched(count: int) -> tuple[MemoryStore, Block, list[Block]]:
    """Return a store with a signed batch of attestations of one result, the batch, and proofs."""
    blocks = [ATTESTATION.block(replace(SAID, started_ms=at)) for at in range(count)]
    said = [Said(SOME, SOME, block.cid) for block in blocks]
    root = merkle.root([one.leaf for one in said])
    payload = BATCH.encode(Batch(SOME, 1, count, root))
    signed = SIGNED.block(Signed(payload, SIGNER, signature(BATCH.kind.encode(), payload)))
    shown = proofs(signed.cid, said)
    store = MemoryStore()
    store.put([signed, *blocks, *shown])
    return store, signed, shown


@pytest.mark.parametrize("count", [1, 2, 7])
def test_one_signature_proves_each_attestation_of_a_batch(count: int) -> None:
    """With the batch, an attestation and some hashes, and nothing of the others."""
    store, _, shown = batched(count)
    for at, proof in enumerate(shown):
        said = replace(SAID, started_ms=at)
        assert evidence(store, proof.cid) == Evidence(said, SIGNER.hex(), holds=True)
        assert attestation(store, proof.cid) == said


def test_a_proof_is_of_its_attestation_in_its_batch_alone() -> None:
    """At another place, of another attestation or of another batch it proves nothing."""
    store, signed, shown = batched(3)
    proof = PROOF.decode(shown[0].data)
    other = SIGNED.block(replace(SIGNED.decode(signed.data), signature=bytes(64)))
    wrong = (
        replace(proof, index=1),
        replace(proof, attestation=PROOF.decode(shown[1].data).attestation),
        replace(proof, batch=other.cid),
        replace(proof, hashes=proof.hashes[:-1]),
    )
    store.put([other, *map(PROOF.block, wrong)])
    assert [evidence(store, PROOF.cid(one)).holds for one in wrong] == [False] * 4


def test_whose_word_it_is_is_read_of_many_at_once() -> None:
    """Of proofs and of signed attestations; of what is unsigned, or not here, it is not known."""
    store, _, shown = batched(3)
    plain, alone = ATTESTATION.block(SAID), SIGNED.block(Signed(PAYLOAD, SIGNER, signature()))
    store.put([plain, alone])
    asked = [*(one.cid for one in shown), plain.cid, alone.cid, SOME]
    found = [*(one.cid for one in shown), alone.cid]
    assert signers(store, asked) == dict.fromkeys(found, SIGNER)


@pytest.mark.parametrize("hashes", [(), (bytes(32),) * 12])
def test_which_batch_a_proof_is_of_stands_at_its_begin(hashes: tuple[bytes, ...]) -> None:
    """It is read from any proof without the rest, and from nothing that is none."""
    batch = Cid.of(RAW, b"a batch")
    proof = PROOF.encode(Proof(batch, SOME, 7, hashes))
    assert batch_of(proof) == batch
    assert batch_of(proof[: proof.index(batch) + 35]) is None
    assert batch_of(PAYLOAD) is None
    assert batch_of(b"") is None
