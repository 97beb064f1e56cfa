"""What came of some markets: `python -m tests.simulation.credit STEPS SEED…`; the same anywhere."""

import sys
from collections.abc import Sequence

from blake3 import blake3

from peers import ledger_state
from peers.proofs import FRAUD_PROOF, check
from tests.peers.ledgers import replay
from tests.simulation.credit.story import tell
from tests.simulation.hashed import hashed


def main(arguments: Sequence[str]) -> None:
    """Print what each peer's log gives, and whom proofs convict."""
    steps, *seeds = map(int, arguments)
    for seed in seeds:
        market = tell(seed, steps)
        with hashed():
            for trader in market.traders:
                rows = [row.written for row in trader.shelf.rows]
                state = ledger_state.encode(replay(trader.peer, rows))
                convicts = [
                    check(FRAUD_PROOF.decode(FRAUD_PROOF.encode(one[0]))) for one in trader.proofs
                ]
                print(seed, trader.number, blake3(state).hexdigest(), *convicts)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1:])
