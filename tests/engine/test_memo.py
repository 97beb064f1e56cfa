"""What is known to come out of steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.memo import UNSIGNED, Memo, Witness, own_results

OTHER = b"o" * 32


def cid(text: str) -> Cid:
    """Return a CID of some text."""
    return Cid.of(DAG_CBOR, text.encode())


def said(key: str, result: str, signer: bytes = UNSIGNED) -> Witness:
    """Return a witness, attested by its own words."""
    return Witness(cid(key), cid(result), cid(f"{key} gave {result}"), None, signer)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open a database."""
    database = Database(tmp_path / "state.db")
    yield database
    database.close()


def memo_of(database: Database, *witnesses: Witness) -> Memo:
    """Return a memo with these witnesses."""
    memo = Memo(database)
    with database.change() as change:
        memo.add(change, witnesses)
    return memo


def test_witnesses_are_found_by_key(database: Database) -> None:
    """Only keys with witnesses are in the answer."""
    memo = memo_of(database, said("a", "1"), said("b", "2"))

    assert memo.look_up([cid("a"), cid("c")]) == {cid("a"): (said("a", "1"),)}


def test_many_keys_are_looked_up(database: Database) -> None:
    """More keys than one query takes make no difference."""
    witnesses = [said(str(number), "r") for number in range(1_300)]
    memo = memo_of(database, *witnesses)

    assert len(memo.look_up([one.key for one in witnesses])) == 1_300


def test_conflicts_are_kept_and_shown(database: Database) -> None:
    """Two results for one key stand side by side, the earlier first."""
    memo = memo_of(database, said("a", "2", OTHER), said("a", "1"), said("b", "1"))

    assert memo.conflicts() == {cid("a"): (said("a", "2", OTHER), said("a", "1"))}


def test_the_first_witness_stands(database: Database) -> None:
    """The same signer's second attestation of one result changes nothing."""
    again = Witness(cid("a"), cid("1"), cid("another time"), None, UNSIGNED)
    memo = memo_of(database, said("a", "1"), again)

    assert memo.look_up([cid("a")]) == {cid("a"): (said("a", "1"),)}


def test_the_disowned_are_not_believed(database: Database) -> None:
    """What a disowned signer says, before or after, is not among the witnesses."""
    memo = memo_of(database, said("a", "1", OTHER))
    memo.disown(OTHER)
    with database.change() as change:
        memo.add(change, [said("b", "1", OTHER), said("b", "2")])

    assert memo.look_up([cid("a"), cid("b")]) == {cid("b"): (said("b", "2"),)}


def test_what_the_disowned_alone_gave_is_doubted(database: Database) -> None:
    """What somebody else gave too stands, and nothing is doubted while nobody is disowned."""
    memo = memo_of(database, said("a", "1", OTHER), said("b", "1", OTHER), said("b", "1"))
    keys = [cid("a"), cid("b"), cid("c")]
    assert memo.doubted(keys) == set()
    memo.disown(OTHER)
    assert memo.doubted(keys) == {(cid("a"), cid("1"))}


def test_only_own_results_are_reused_by_default() -> None:
    """Others' witnesses are passed over; of one's own the earliest counts."""
    own = b"s" * 32
    policy = own_results(own)

    assert policy([said("a", "1", OTHER)]) is None
    assert policy([said("a", "1", OTHER), said("a", "2", own)]) == said("a", "2", own)
    assert policy([said("a", "3"), said("a", "2", own)]) == said("a", "3")
