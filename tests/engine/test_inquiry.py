"""Which instances need not run, and where is what they gave."""

from collections.abc import Iterator, Mapping, Set
from pathlib import Path

import pytest

from engine.content.cid import RAW, Cid
from engine.inquiry import Answer, Away, Inquiry
from engine.lookup import Lookup
from engine.memo import Witness, own_results
from engine.presence import Presence
from engine.rows import Name, StepRow
from engine.step import RESULT, Result
from engine.workflow.graph import groups
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import Resolver
from tests.fakes.home import NOWHERE, Home

TEXT = """\
workflow: far
environments: {sh: {nix: ./env.nix}}
defaults: {environment: sh}
steps:
  make: {run: "make {outputs.o}", outputs: {o: o}}
"""
PEER = b"p" * 32
THERE = Cid.of(RAW, b"with a peer")
STAYS = {"make": {"o"}}
MAKE = ("make", 0)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Open a home in which a peer is known to have made what is not here."""
    home = Home(tmp_path / "home")
    key = ask(home, {}).keys[0]
    result = RESULT.block(Result(key, 0, {"o": THERE}))
    home.store.put([result])
    with home.database.change() as change:
        home.memo.add(change, [Witness(key, result.cid, result.cid, None, PEER)])
    yield home
    home.close()


def asked(
    home: Home, stays: Mapping[str, Set[str]], earlier: Mapping[Name, StepRow] | None = None
) -> tuple[Inquiry, Answer]:
    """Ask for the step; return what was asked, and the answer."""
    workflow = parse(TEXT, "w.yaml")
    bound = bind(workflow, {})
    resolver = Resolver(workflow, bound, {}, {"sh": NOWHERE}, home._select)
    lookup = Lookup(home.store, home.memo, own_results(PEER), Presence(home.store, home.store.hold))
    inquiry = Inquiry(resolver, lookup, groups(workflow, bound), earlier=earlier, stays=stays)
    (answer,) = inquiry.answer([("make", (0,))])
    return inquiry, answer


def ask(home: Home, stays: Mapping[str, Set[str]]) -> Answer:
    """Return the answer alone."""
    return asked(home, stays)[1]


def test_what_stayed_with_a_peer_is_reused(home: Home) -> None:
    """It is known which step gave it, and who has it; also when it is looked for once more."""
    inquiry, answer = asked(home, STAYS)
    assert answer.hits[0].outputs == {"o": THERE}
    assert not answer.orders
    assert not answer.own
    assert inquiry.away == {THERE: Away(MAKE, PEER)}
    inquiry.away.clear()
    assert inquiry.again({MAKE: answer.keys[0]}).keys() == {MAKE}
    assert inquiry.away == {THERE: Away(MAKE, PEER)}


def test_a_run_here_does_not_take_what_is_not_here(home: Home) -> None:
    """The step is run."""
    inquiry, answer = asked(home, {})
    assert not answer.hits
    assert answer.orders.keys() == {0}
    assert inquiry.away == {}
    assert inquiry.again({MAKE: answer.keys[0]}) == {}


def test_what_a_run_made_before_it_was_interrupted_is_its_own(home: Home) -> None:
    """Though it stayed with a peer; a result that it did not record is not."""
    hit = ask(home, STAYS).hits[0]
    row = StepRow("make", 0, "ran", hit.key, hit.result, hit.attestation, None, 1, None, None, "")
    assert asked(home, STAYS, {MAKE: row})[1].own == {0}
    assert asked(home, STAYS, {MAKE: row._replace(result=THERE)})[1].own == set()
