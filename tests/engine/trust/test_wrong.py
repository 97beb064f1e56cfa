"""Evidence of a wrong result: what it shows, and to whom it is no evidence."""

from dataclasses import replace

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.errors import Damaged
from engine.step import ATTESTATION
from engine.store.memory import MemoryStore
from engine.trust.wrong import WRONG_RESULT, WrongResult, open_wrong, stands
from tests.engine.trust.parts import KEY, gives, public, word

ENVIRONMENT = Cid.of(DAG_CBOR, b"environment")


@pytest.fixture
def wrong() -> WrongResult:
    """Return that one peer gave what another peer and this machine did not."""
    store = MemoryStore()
    claim = word(store, gives(store, "liar", b"lie"))
    others = tuple(word(store, gives(store, peer, b"right")) for peer in ("honest", ""))
    return WrongResult(KEY, ENVIRONMENT, 1, 1, 1, 1, claim, others)


def test_it_shows_whose_word_is_against_whose(wrong: WrongResult) -> None:
    """By itself, after it was written down and read."""
    shown = open_wrong(WRONG_RESULT.decode(WRONG_RESULT.encode(wrong)))
    assert shown.claim.signer == public("liar")
    assert [one.signer for one in shown.others] == [public("honest"), b""]


def test_forged_words_convict_nobody(wrong: WrongResult) -> None:
    """Each part is signed, or is named by what is."""
    claim, (other, own) = wrong.claim, wrong.others
    later = replace(ATTESTATION.decode(claim.attestation), started_ms=99)  # of the same result
    forged = [
        replace(claim, signed=b"", path=b""),
        replace(claim, path=b""),
        replace(claim, signed=other.signed),
        replace(claim, attestation=own.attestation),
        replace(claim, result=other.result),
        replace(claim, attestation=ATTESTATION.encode(later)),
        replace(claim, signed=claim.signed[:-1] + bytes([claim.signed[-1] ^ 1])),
    ]
    for one in forged:
        with pytest.raises(Damaged):
            open_wrong(replace(wrong, claim=one))


def test_a_limit_that_was_reached_is_no_result(wrong: WrongResult) -> None:
    """Whoever signs that a step ran out of memory or time says nothing of what it gives."""
    store = MemoryStore()
    for reason in ("memory", "timeout", "cancelled"):
        claim = word(store, gives(store, "honest", b"", reason=reason))
        with pytest.raises(Damaged, match="did not succeed"):
            open_wrong(replace(wrong, claim=claim))


def test_it_stands_by_what_this_machine_sees(wrong: WrongResult) -> None:
    """Twice, and on the class of machine that the accused says it has, if it says one."""
    shown = open_wrong(wrong)
    claimed, right = shown.claim.result.outputs, shown.others[0].result.outputs
    assert stands(shown, right, right, "x") == ("wrong", "")
    assert stands(shown, claimed, claimed, "x")[0] == "right"
    assert stands(shown, right, claimed, "x")[0] == "right"
    assert stands(shown, right, {}, "x")[0] == "undecided"
    assert stands(shown, {}, {}, "x")[0] == "undecided"
    store = MemoryStore()
    elsewhere = word(store, gives(store, "liar", b"lie", machine="Linux 6; amd"))
    shown = open_wrong(replace(wrong, claim=elsewhere))
    assert stands(shown, right, right, "intel")[0] == "undecided"
    assert stands(shown, right, right, "amd") == ("wrong", "")


def test_those_who_agree_are_no_evidence(wrong: WrongResult) -> None:
    """Neither is another word of the accused; and nobody is accused without another's word."""
    for others in ((wrong.claim,), ()):
        with pytest.raises((Damaged, ValueError)):
            open_wrong(WRONG_RESULT.decode(WRONG_RESULT.encode(replace(wrong, others=others))))


def test_it_is_of_one_step(wrong: WrongResult) -> None:
    """What others got from another step is not to the point."""
    with pytest.raises(Damaged):
        open_wrong(replace(wrong, step=ENVIRONMENT))
