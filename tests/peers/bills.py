"""What agreements and receipts name, as it is in a ledger."""

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.runner import Signer
from peers.agreement import OFFER, Offer
from peers.entries import Agreed, Receipt
from peers.receipts import LINES, Line, Lines, receipt_of
from peers.signed import seal

PRICES = {"core-second": 1_000}


def offered(
    requester: Signer,
    provider: bytes,
    cap: int,
    name: str = "run",
    royalties: tuple[Cid, ...] = (),
    epoch: int = 0,
) -> Block:
    """Return a signed offer for a run that has a name."""
    run_id = name.encode().ljust(16, b"\0")[:16]
    offer = Offer(
        run_id=run_id,
        requester=requester.public_key,
        provider=provider,
        prices=PRICES,
        price_cap=cap,
        policy="",
        royalties=royalties,
        cores=1,
        memory_bytes=1,
        disk_bytes=1,
        lease_ms=1_000,
        claim_ms=0,
        epoch=epoch,
    )
    return seal(OFFER, offer, requester)


def agreed(offer: Block, cap: int) -> tuple[Agreed, tuple[Block, ...]]:
    """Return what a provider enters of an offer, and what that names."""
    return Agreed(offer.cid, cap), (offer,)


def billed(agreement: Cid, *walls_ms: int) -> tuple[Receipt, tuple[Block, ...]]:
    """Return a receipt for steps that ran for so long, and its lines."""
    lines = tuple(
        Line(Cid.of(RAW, f"{agreement}{at}".encode()), None, "ran", 1, 1, wall_ms, 0, wall_ms)
        for at, wall_ms in enumerate(walls_ms)
    )
    of = Lines(agreement, None, lines)
    return receipt_of(of), (LINES.block(of),)
