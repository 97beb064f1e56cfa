"""Builders' words: signed, about an environment, agreeing or not."""

from dataclasses import replace

import pytest

from engine.built import BUILT, BuildAttestation, BuiltPath, about, count, is_word, outputs_of, sign
from engine.built import read as read_word
from engine.content.cid import Cid
from engine.errors import Damaged
from engine.machine import Machine
from engine.nix.records import CLOSURE, Closure, ClosurePath
from engine.seals import seal
from engine.step import SIGNED
from peers.keyring import Identity

LIBRARY, PROGRAM = "0" * 31 + "1-library", "0" * 31 + "2-program"
MACHINE = Machine("Linux 6.1.0", "GenuineIntel", 6, 207, "Xeon", 4, ("avx",), ("avx512f",), 2)
ONE, TWO = Identity(b"1" * 32), Identity(b"2" * 32)


def closure(library: bytes = b"l" * 32) -> Closure:
    """Return a program that needs a library of some content."""
    paths = (
        ClosurePath(LIBRARY, library, 100, ()),
        ClosurePath(PROGRAM, b"p" * 32, 200, (LIBRARY,)),
    )
    return Closure("/nix/store", "x86_64-linux", (PROGRAM,), (), paths)


def word(made: Closure) -> BuildAttestation:
    """Return what somebody says who built a closure."""
    return BuildAttestation(
        derivation="/nix/store/" + "0" * 31 + "3-program.drv",
        system="x86_64-linux",
        outputs=outputs_of(made, {"out": f"/nix/store/{PROGRAM}"}),
        closure=CLOSURE.cid(made),
        built_ms=1_700_000_000_000,
        nix_version="2.8.0",
        machine=MACHINE,
    )


def said(*words: tuple[BuildAttestation, Identity]) -> list[tuple[Cid, bytes]]:
    """Return words signed, as a store has them."""
    blocks = [sign(one, signer) for one, signer in words]
    return [(block.cid, block.data) for block in blocks]


def test_a_word_says_who_built_what() -> None:
    """It is read back with its signer, and is known for what it is."""
    block = sign(word(closure()), ONE)
    assert read_word(block.data) == (ONE.public_key, word(closure()))
    assert is_word(block.data)
    assert not is_word(CLOSURE.encode(closure()))
    assert not is_word(seal("tallystick/closure/1", CLOSURE.encode(closure()), ONE).data)
    assert word(closure()).outputs == {"out": BuiltPath(PROGRAM, b"p" * 32, 200)}


def test_a_word_of_another_signer_is_none() -> None:
    """A signature on other bytes, or of another key, is damage, and counts for nothing."""
    signed = SIGNED.decode(sign(word(closure()), ONE).data)
    other = SIGNED.block(replace(signed, public_key=TWO.public_key))
    with pytest.raises(Damaged, match="not signed by its signer"):
        read_word(other.data)
    found = about(closure(), CLOSURE.cid(closure()), [(other.cid, other.data)])
    assert list(found) == []


def test_a_signature_on_another_kind_of_record_is_none() -> None:
    """What was signed as a result, or anything else, holds for no build."""
    forged = seal("tallystick/attestation/1", BUILT.encode(word(closure())), ONE)
    with pytest.raises(Damaged, match="not signed by its signer"):
        read_word(forged.data)


def test_a_closure_with_one_other_path_is_another_one() -> None:
    """The program is the same and what it needs is not: the builder differs."""
    mine, poisoned = closure(), closure(library=b"x" * 32)
    words = said((word(mine), ONE))
    (about_mine,) = about(mine, CLOSURE.cid(mine), words)
    (about_other,) = about(poisoned, CLOSURE.cid(poisoned), words)
    assert (about_mine.agrees, about_other.agrees) == (True, False)


def test_a_word_about_other_outputs_is_about_another_environment() -> None:
    """It neither agrees nor differs."""
    mine = closure()
    other = replace(mine, roots=(LIBRARY,))
    outputs = outputs_of(other, {"out": f"/nix/store/{LIBRARY}"})
    words = said((replace(word(mine), outputs=outputs), ONE))
    assert list(about(mine, CLOSURE.cid(mine), words)) == []


def test_no_signature_of_a_word_about_another_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """There may be very many: what they are about is compared first."""
    mine = closure()
    other = replace(mine, roots=(LIBRARY,))
    outputs = outputs_of(other, {"out": f"/nix/store/{LIBRARY}"})
    words = said(*[(replace(word(mine), outputs=outputs, built_ms=at), ONE) for at in range(9)])
    looked: list[object] = []
    monkeypatch.setattr("engine.built.holds", lambda *one: looked.append(one) or True)
    assert list(about(mine, CLOSURE.cid(mine), words)) == []
    assert not looked
    assert len(list(about(mine, CLOSURE.cid(mine), said((word(mine), ONE))))) == 1
    assert len(looked) == 1


def test_signers_are_counted_and_not_words() -> None:
    """Saying it twice is saying it once, and who said something else once differs."""
    mine, other = closure(), closure(library=b"x" * 32)
    later = replace(word(mine), built_ms=1_800_000_000_000)
    words = said((word(mine), ONE), (later, ONE), (word(mine), TWO))
    counted = count(about(mine, CLOSURE.cid(mine), words))
    assert (len(counted.agree), len(counted.differ)) == (2, 0)
    words += said((word(other), TWO))
    counted = count(about(mine, CLOSURE.cid(mine), words))
    assert counted.agree == {ONE.public_key}
    assert counted.differ == {TWO.public_key}


@pytest.mark.parametrize(
    "change",
    [
        {"outputs": {}},
        {"outputs": {"out": BuiltPath("program", b"p" * 32, 200)}},
        {"outputs": {"out": BuiltPath(PROGRAM, b"p" * 31, 200)}},
        {"outputs": {"out": BuiltPath(PROGRAM, b"p" * 32, -1)}},
        {"derivation": "program.drv"},
        {"built_ms": -1},
        {"nix_version": "2" * 257},
        {"machine": replace(MACHINE, level=5)},
    ],
)
def test_what_no_builder_says_is_damage(change: dict[str, object]) -> None:
    """A record that could not be a builder's is refused where it is read, and never written."""
    with pytest.raises(ValueError, match="not a tallystick/built/1"):
        BUILT.encode(replace(word(closure()), **change))


def test_an_environment_has_the_outputs_of_its_derivation() -> None:
    """One whose roots are no outputs of a derivation cannot be attested as made by it."""
    with pytest.raises(ValueError, match="other paths"):
        outputs_of(closure(), {"out": f"/nix/store/{LIBRARY}"})
