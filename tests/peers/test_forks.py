"""Forks: which two entries convict their author."""

import pytest

from engine.errors import Damaged
from peers.entries import Body, Checkpoint, Limit, Open, Reset, Standing, Voucher
from peers.entry import Written
from peers.forks import CHECKPOINT, LOG, VOUCHER, check, conflict
from tests.peers.frauds import placed
from tests.peers.ledgers import ROOT, Keeper, named

ONE, OTHER = Keeper(1), Keeper(3)
FIRST = placed(ONE, Limit(1))
STANDING = Standing(5, 0, 0, None)


def voucher(nonce: int, total: int) -> Voucher:
    """Return a voucher."""
    return Voucher(nonce, total, ROOT, 1, None if nonce == 1 else named("last"))


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (placed(ONE, Limit(2)), LOG),
        (placed(ONE, Limit(1), previous=named("another")), LOG),
        (placed(ONE, Limit(1), channel=None, before=None), LOG),
        (placed(ONE, Limit(1), 9, before=FIRST.entry.before), LOG),
        (placed(ONE, Limit(1), 6), LOG),
        (placed(ONE, Limit(1), 4), LOG),
        (placed(ONE, Limit(1), 6, previous=FIRST.id), ""),
        (placed(ONE, Limit(1), 7), ""),
        (placed(ONE, Limit(1)), ""),  # the same entry
        (placed(ONE, Limit(2), epoch=2), ""),
        (placed(ONE, Limit(1), 6, epoch=2), ""),
        (placed(ONE, Limit(1), 9, epoch=2, before=FIRST.entry.before), ""),
        (placed(ONE, Limit(1), 9, channel=bytes(32), before=FIRST.entry.before), ""),
        (placed(OTHER, Limit(2)), ""),
    ],
)
def test_a_log_is_one_chain(other: Written, what: str) -> None:
    """Two entries in one place, or one that does not follow the other; in one epoch alone."""
    assert conflict(FIRST, other) == conflict(other, FIRST) == what


def test_entries_in_no_channel_have_none_before_them() -> None:
    """That alone is no fork."""
    apart = [placed(ONE, Limit(1), number, channel=None, before=None) for number in (5, 9)]
    assert conflict(*apart) == ""


def test_a_channel_is_opened_once() -> None:
    """Two first entries of one channel are a fork."""
    opening = Open(OTHER.peer.key, 0, 5)
    both = [placed(ONE, opening, number, before=None) for number in (5, 9)]
    assert conflict(*both) == LOG


@pytest.mark.parametrize(
    ("other", "is_fork"),
    [
        (voucher(2, 11), True),
        (voucher(2, 9), True),
        (voucher(3, 9), True),
        (voucher(1, 11), True),
        (voucher(2, 10), False),
        (voucher(3, 10), False),
        (voucher(1, 10), False),
        (Limit(2), False),
    ],
)
def test_vouchers_only_grow(other: Body, is_fork: bool) -> None:
    """One nonce has one content, and a higher one no lower total."""
    held, came = placed(ONE, voucher(2, 10)), placed(ONE, other, 9)
    assert conflict(held, came) == conflict(came, held) == (VOUCHER if is_fork else "")


@pytest.mark.parametrize(
    ("other", "is_fork"),
    [
        (Checkpoint(2, (STANDING, STANDING), is_final=True), True),
        (Reset(2, (5, 5), "it was paid"), True),
        (Checkpoint(2, (STANDING, STANDING), is_final=False), False),
        (Checkpoint(3, (STANDING, STANDING), is_final=True), False),
    ],
)
def test_a_checkpoint_has_one_content(other: Body, is_fork: bool) -> None:
    """Whether it is one or a reset."""
    held = placed(ONE, Checkpoint(2, (STANDING, STANDING), is_final=False))
    came = placed(ONE, other, 9)
    assert conflict(held, came) == conflict(came, held) == (CHECKPOINT if is_fork else "")


@pytest.mark.parametrize("elsewhere", [{"channel": bytes(32)}, {"epoch": 2}])
def test_channels_and_epochs_are_apart(elsewhere: dict[str, object]) -> None:
    """What a peer vouches for in one says nothing of another."""
    assert not conflict(placed(ONE, voucher(1, 5)), placed(ONE, voucher(1, 6), 9, **elsewhere))
    final = [Checkpoint(1, (STANDING, STANDING), is_final=final) for final in (True, False)]
    assert not conflict(placed(ONE, final[0]), placed(ONE, final[1], 9, **elsewhere))


def test_the_evidence_is_two_entries_in_order() -> None:
    """A fork has one proof, whoever makes it."""
    signed = [one.signed for one in sorted((FIRST, placed(ONE, Limit(2))), key=lambda one: one.id)]
    assert check(LOG, signed) == ONE.peer
    for evidence in (signed[::-1], signed[:1], [*signed, signed[0]], [signed[0]] * 2):
        with pytest.raises(Damaged):
            check(LOG, evidence)
    with pytest.raises(Damaged):
        check(VOUCHER, signed)
