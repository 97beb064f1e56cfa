"""Bill: what a requester pays for a step that a provider handed back. Pure.

A provider says how long a step ran; it is paid for no longer than the step was out, by the clock of
whoever pays.
"""

from peers.price_list import Prices
from peers.prices import Outcome
from peers.receipts import Line, priced
from peers.step_messages import Need
from peers.testimony import Testimony


def line_of(
    prices: Prices, need: Need, said: Testimony, out_ms: int, *, is_known: bool = False
) -> Line:
    """Return what is paid for a result that was accepted; a failure, unless it is seen twice, not.

    `is_known`: the provider says that it had it from before.
    """
    outcome = Outcome.NOTHING
    if said.succeeded:
        outcome = Outcome.KNOWN if is_known else Outcome.RAN
    wall_ms = min(said.attestation.wall_ms, out_ms)
    line = Line(
        step=said.said.step,
        attestation=said.said.attestation,
        outcome=outcome.value,
        cores=need.cores,
        memory=need.memory,
        wall_ms=wall_ms,
        transferred=0,
        amount=0,
    )
    return priced(prices, line)
