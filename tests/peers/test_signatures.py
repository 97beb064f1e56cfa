"""Signatures that others look at meanwhile are looked at all the same."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

from engine.step import SIGNED
from peers.audit import AtOnce
from peers.signatures import MANY, Elsewhere, looking
from tests.peers.ledgers import opened


def test_the_first_wrong_one_is_found_by_others() -> None:
    """Other processes find the same signature wrong as this one does, in whichever batch."""
    one, _ = opened()
    good = SIGNED.decode(one.log[0].signed)
    bad = replace(good, signature=bytes(64))
    added = [(pos, bad if pos in (1_234, 1_300, 2_000) else good) for pos in range(2_100)]
    here = AtOnce()
    with ProcessPoolExecutor(1, get_context("fork")) as pool:
        elsewhere = Elsewhere(pool)
        for pos, sealed in added:
            here.add(pos, sealed)
            elsewhere.add(pos, sealed)
        assert elsewhere.wrong() == here.wrong() == (1_234, bad)
        assert Elsewhere(pool).wrong() is None


def test_few_are_looked_at_here() -> None:
    """No process is started for a few."""
    with looking(MANY - 1) as signatures:
        assert isinstance(signatures, AtOnce)
