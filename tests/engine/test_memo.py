"""What is known to come out of steps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.content.cid import DAG_CBOR, Cid
from engine.database import Database
from engine.memo import UNSIGNED, Claim, Memo, own_results

OTHER = b"o" * 32


def cid(text: str) -> Cid:
    """Return a CID of some text."""
    return Cid.of(DAG_CBOR, text.encode())


def claim(key: str, result: str, signer: bytes = UNSIGNED) -> Claim:
    """Return a claim, attested by its own words."""
    return Claim(cid(key), cid(result), cid(f"{key} gave {result}"), None, signer)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """Open a database."""
    database = Database(tmp_path / "state.db")
    yield database
    database.close()


def memo_of(database: Database, *claims: Claim) -> Memo:
    """Return a memo with these claims."""
    memo = Memo(database)
    with database.change() as change:
        memo.add(change, claims)
    return memo


def test_claims_are_found_by_key(database: Database) -> None:
    """Only keys with claims are in the answer."""
    memo = memo_of(database, claim("a", "1"), claim("b", "2"))

    assert memo.look_up([cid("a"), cid("c")]) == {cid("a"): (claim("a", "1"),)}


def test_many_keys_are_looked_up(database: Database) -> None:
    """More keys than one query takes make no difference."""
    claims = [claim(str(number), "r") for number in range(1_300)]
    memo = memo_of(database, *claims)

    assert len(memo.look_up([one.key for one in claims])) == 1_300


def test_conflicts_are_kept_and_shown(database: Database) -> None:
    """Two results for one key stand side by side, the earlier first."""
    memo = memo_of(database, claim("a", "2", OTHER), claim("a", "1"), claim("b", "1"))

    assert memo.conflicts() == {cid("a"): (claim("a", "2", OTHER), claim("a", "1"))}


def test_the_first_claim_stands(database: Database) -> None:
    """The same signer's second attestation of one result changes nothing."""
    again = Claim(cid("a"), cid("1"), cid("another time"), None, UNSIGNED)
    memo = memo_of(database, claim("a", "1"), again)

    assert memo.look_up([cid("a")]) == {cid("a"): (claim("a", "1"),)}


def test_the_disowned_are_not_believed(database: Database) -> None:
    """What a disowned signer says, before or after, is not among the claims."""
    memo = memo_of(database, claim("a", "1", OTHER))
    memo.disown(OTHER)
    with database.change() as change:
        memo.add(change, [claim("b", "1", OTHER), claim("b", "2")])

    assert memo.look_up([cid("a"), cid("b")]) == {cid("b"): (claim("b", "2"),)}


def test_only_own_results_are_reused_by_default() -> None:
    """Others' claims are passed over; of one's own the earliest counts."""
    own = b"s" * 32
    policy = own_results(own)

    assert policy([claim("a", "1", OTHER)]) is None
    assert policy([claim("a", "1", OTHER), claim("a", "2", own)]) == claim("a", "2", own)
    assert policy([claim("a", "3"), claim("a", "2", own)]) == claim("a", "3")
