"""Frauds: what a peer would sign that cheats, and what proves it."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Final

from engine import merkle
from engine.batch import BATCH, Batch, Said, proofs
from engine.content.cid import DAG_CBOR, Cid
from engine.step import ATTESTATION, RESULT, Attestation, Result
from peers import breaches, equivocation, forks
from peers.agreement import OFFER, Offer
from peers.entries import Agreed, Body, Checkpoint, Limit, Receipt, Reset, Standing, Voucher
from peers.entry import NETWORK, Entry, Written, write
from peers.entry_kinds import write_body
from peers.keyring import Identity
from peers.signed import seal
from tests.peers.bills import billed
from tests.peers.keys import identity
from tests.peers.ledgers import ROOT, Keeper, named, opened

DAY_MS = 24 * 3600 * 1000
PROVIDER = identity(3)


def placed(author: Keeper, body: Body, number: int = 5, **other: object) -> Written:
    """Return what an author may sign at any place of a log, in a channel with a second peer."""
    before, previous = named(f"before {number}"), named(f"previous {number}")
    channel = author.ledger.channel(Keeper(2).peer).id
    place = Entry(
        network=NETWORK,
        author=author.peer.key,
        epoch=1,
        number=number,
        previous=previous,
        before=before,
        channel=channel,
        refs=(),
        made_ms=0,
        payload=write_body(body),
    )
    return write(replace(place, **other), body, author.key)  # type: ignore[arg-type]


def offer(requester: Keeper, provider: Keeper, cap: int, run: int = 0) -> tuple[Cid, bytes]:
    """Return an agreement, and the signed offer that it is."""
    keys = requester.peer.key, provider.peer.key
    terms = Offer(run.to_bytes(16, "big"), *keys, {}, cap, "own", (), 1, 1, 1, 1_000, 0)
    sealed = seal(OFFER, terms, requester.key)
    return sealed.cid, sealed.data


def word(
    exit_code: int = 0,
    *,
    signer: Identity = PROVIDER,
    step: str = "step",
    gave: str = "one",
    started_ms: int = 0,
    reason: str = "",
    index: int = 1,
    of: str = "",
    epoch: int = 1,
) -> list[bytes]:
    """Return a provider's word for a result `of` a step, and its entry for the agreement."""
    outputs = {} if exit_code else {"out": named(gave)}
    key = Cid.of(DAG_CBOR, step.encode())
    result = RESULT.encode(Result(Cid.of(DAG_CBOR, (of or step).encode()), exit_code, outputs))
    said = _attested(key, result, started_ms, reason)
    others = [Said(*(Cid.of(DAG_CBOR, bytes([n])) for n in (at, at + 9, at + 99))) for at in (1, 2)]
    others.insert(index, Said(key, *(Cid.of(DAG_CBOR, data) for data in (result, said))))
    root = merkle.root([one.leaf for one in others])
    batch = seal(BATCH, Batch(named("agreement"), 1, len(others), root), signer)
    agreed = Agreed(named("agreement"), 10)
    entry = replace(placed(Keeper(1), agreed).entry, author=signer.public_key, epoch=epoch)
    path = proofs(batch.cid, others)[index].data
    return [batch.data, path, said, result, write(entry, agreed, signer).signed]


def _attested(step: Cid, result: bytes, started_ms: int, reason: str) -> bytes:
    about = step, Cid.of(DAG_CBOR, result), "bwrap", "linux", started_ms, 5, 4, 1_000
    return ATTESTATION.encode(Attestation(*about, None, None, truncated=False, reason=reason))


def words(one: list[bytes], two: list[bytes]) -> list[bytes]:
    """Return the word of a provider for two results, in their order."""
    low, high = sorted((one, two), key=lambda parts: Cid.of(DAG_CBOR, parts[3]))
    return [*low, *high]


def over_cap() -> list[bytes]:
    """Return an offer, and receipts that are together for one micro-credit more."""
    one, two = opened()
    agreement, signed = offer(one, two, 100)
    two.say(Agreed(agreement, 101), one)
    receipts = [one.say(Receipt(agreement, ROOT, 1, amount), two) for amount in (60, 41)]
    return [signed, *(receipt.signed for receipt in receipts)]


def wrong_receipt(**other: object) -> list[bytes]:
    """Return a receipt that is for one micro-credit less than its lines, and those."""
    receipt, (lines,) = billed(named("agreement"), 60, 40)
    body = replace(receipt, **(other or {"amount": 99}))  # type: ignore[arg-type]
    return [placed(Keeper(1), body, refs=(lines.cid,)).signed, lines.data]


def low_total() -> list[bytes]:
    """Return what leads from an Open to a voucher that is for one micro-credit too little."""
    one, two = opened()
    agreement, _ = offer(one, two, 100)
    two.say(Agreed(agreement, 100), one)
    chain = [one.log[1], one.say(Receipt(agreement, ROOT, 1, 60), two), one.say(Limit(3), two)]
    chain.append(one.write(Voucher(1, 59, ROOT, 1, None), two))
    return [written.signed for written in chain]


def forked(what: str) -> list[bytes]:
    """Return two entries that are no more than a fork of some kind."""
    one, standing = Keeper(1), Standing(5, 0, 0, None)
    pairs: dict[str, tuple[Body, Body]] = {
        forks.LOG: (Limit(1), Limit(2)),
        forks.VOUCHER: (Voucher(1, 10, ROOT, 1, None), Voucher(2, 9, ROOT, 1, named("first"))),
        forks.CHECKPOINT: (
            Checkpoint(1, (standing, standing), is_final=False),
            Reset(1, (5, 5), "it was paid"),
        ),
    }
    first, then = pairs[what]
    two = placed(one, then, 5 if what == forks.LOG else 9)
    return [one.signed for one in sorted((placed(one, first), two), key=lambda entry: entry.id)]


REAL: Final[dict[str, Callable[[], list[bytes]]]] = {
    **{what: partial(forked, what) for what in (forks.LOG, forks.VOUCHER, forks.CHECKPOINT)},
    equivocation.RESULTS: lambda: words(word(), word(gave="two", started_ms=7 * DAY_MS)),
    breaches.CAP: over_cap,
    breaches.RECEIPT: wrong_receipt,
    breaches.TOTAL: low_total,
}
