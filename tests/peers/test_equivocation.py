"""Twofold: when a provider has given its word for two results of one step."""

import pytest

from engine.errors import Damaged
from peers.equivocation import RESULTS, check
from peers.forks import LOG
from peers.identity import PeerId
from tests.peers.frauds import DAY_MS, PROVIDER, forked, word, words
from tests.peers.keys import identity

ONE, TWO = word(), word(gave="two", index=0)
LATE = word(gave="two", started_ms=7 * DAY_MS + 1)
WHO = PeerId(PROVIDER.public_key)


def test_two_results_of_one_step_convict() -> None:
    """Out of two batches, wherever in them they are, or out of one."""
    assert check(RESULTS, words(ONE, TWO)) == WHO
    assert check(RESULTS, words(ONE, word(gave="two", started_ms=7 * DAY_MS))) == WHO


@pytest.mark.parametrize(
    "other",
    [
        ONE,
        word(gave="two", step="another"),
        word(gave="two", signer=identity(4)),
        word(gave="two", started_ms=7 * DAY_MS + 1),
        word(1),
        word(gave="two", reason="memory"),
        word(gave="two", of="another"),
        [*LATE[:2], TWO[2], *LATE[3:]],
        [TWO[0], *word(gave="three")[1:]],
        [*TWO[:1], ONE[1], *TWO[2:]],
        [*TWO[:3], ONE[3], TWO[4]],
        [*TWO[:2], *word(gave="three")[2:]],
        [TWO[1], TWO[1], *TWO[2:]],
        word(gave="two", epoch=2),
        [*TWO[:4], word(signer=identity(4))[4]],
        [*TWO[:4], forked(LOG)[0]],
    ],
)
def test_anything_else_convicts_nobody(other: list[bytes]) -> None:
    """Other steps, providers, epochs, long after, a failure, or records that do not fit."""
    for evidence in ([*ONE, *other], [*other, *ONE]):
        with pytest.raises(Damaged):
            check(RESULTS, evidence)


def test_the_two_are_in_order() -> None:
    """It has one proof, whoever makes it."""
    evidence = words(ONE, TWO)
    for other in (evidence[5:] + evidence[:5], evidence[:-1], [*evidence, b""]):
        with pytest.raises(Damaged):
            check(RESULTS, other)
