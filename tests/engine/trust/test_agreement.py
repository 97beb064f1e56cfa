"""Which results are the same: by the rules of their outputs, wherever their content is."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.opinion import Opinion
from engine.workflow.model import Comparator, Resources, Verify
from tests.engine.trust.crews import Bench, Scripted
from tests.engine.trust.parts import public


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Return a new home."""
    bench = Bench(tmp_path)
    yield bench
    bench.book.close()


def test_a_lie_whose_content_is_elsewhere_is_found(bench: Bench) -> None:
    """What is to be exact is told apart by its CID: outputs may stay with who made them."""
    lie = bench.says("liar", b"lie", stays=True)
    peers = Scripted(lie, bench.says("b", b"x"), bench.says("c", b"x"))
    own = Scripted(bench.says("", b"x"), bench.says("", b"x"))
    assert bench.run("audit", peers, own).result().signer == public("b")
    assert bench.accused == [public("liar")]


def test_what_cannot_be_compared_accuses_nobody(bench: Bench) -> None:
    """What this machine gave is taken, and nobody stands worse for it."""
    bench.verify = Verify("tolerance", "0.01")
    bench.book.keep([], passed=[public("a")])
    given = bench.says("a", b"1.0", stays=True)
    peers = Scripted(given, bench.says("b", b"2.0"), bench.says("c", b"2.0"))
    own = Scripted(bench.says("", b"2.0"), bench.says("", b"2.0"))
    assert bench.run("audit", peers, own).result().signer != public("a")
    assert (bench.accused, bench.book.passed([public("a")])) == ([], {public("a"): 1})
    assert bench.findings()[given.result_cid] == "disputed"


@pytest.mark.parametrize("is_same", [True, False])
def test_the_authors_program_says_what_is_the_same(bench: Bench, is_same: bool) -> None:
    """What it calls equivalent is no lie; what it does not is one."""
    bench.verify = Verify("compare", None, Comparator("sh", ("cmp",), "", {}, Resources()))
    bench.opinion = Opinion(is_same, "", None)
    given = bench.says("a", b"1")
    own = Scripted(bench.says("", b"2"), bench.says("", b"2"))
    bench.run("audit", Scripted(given, bench.says("b", b"2"), bench.says("c", b"2")), own).result()
    assert bench.findings()[given.result_cid] == ("confirmed" if is_same else "wrong")


def test_near_enough_is_the_same(bench: Bench) -> None:
    """By the rule of the output; beyond it, not."""
    bench.verify = Verify("tolerance", "0.01")
    for mine, finding in ((b'{"a": 1.001}', "confirmed"), (b'{"a": 1.1}', "disputed")):
        peers = Scripted(bench.says("a", b'{"a": 1.0}'))
        own = Scripted(bench.says("", mine), bench.says("", mine))
        bench.run("audit", peers, own)
        assert finding in bench.findings().values()


def test_any_result_is_as_good_where_none_is_verified(bench: Bench) -> None:
    """No check is made of it; a tolerance of all that a number is, is none either."""
    for bench.verify in (Verify("none", None), Verify("tolerance", "1e300")):
        own = Scripted()
        bench.run("own", Scripted(bench.says("a", b"x")), own).result()
        assert not own.orders
