"""Who is answered of a batch, and when."""

from peers.connection import Channel, Connection
from peers.unjudged import Unjudged
from tests.peers.offered import block

LINE = Connection(1, bytes(32), Channel.CONTROL, "127.0.0.1", is_dialled=True)
FIRST, AGAIN = (LINE, b"first"), (LINE, b"again")
BATCH, OTHER = block("batch").cid, block("other").cid


def test_a_batch_is_answered_when_all_of_it_was_judged() -> None:
    """However often it came meanwhile; each time once."""
    unjudged = Unjudged()
    unjudged.came(BATCH, FIRST)
    unjudged.look(BATCH, 3)
    unjudged.judged(BATCH, 2)
    unjudged.came(BATCH, AGAIN)
    assert unjudged.answerable(BATCH) == ()
    unjudged.judged(BATCH, 1)
    assert unjudged.answerable(BATCH) == (FIRST, AGAIN)
    assert unjudged.answerable(BATCH) == ()


def test_a_batch_of_which_nothing_counts_is_answered_at_once() -> None:
    """Whatever other batches wait for."""
    unjudged = Unjudged()
    unjudged.came(OTHER, AGAIN)
    unjudged.look(OTHER, 1)
    unjudged.came(BATCH, FIRST)
    assert unjudged.answerable(BATCH) == (FIRST,)
