"""Instances: a cross product, numbered flat, the last name fastest, computed and not kept."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.expand import MAX_INSTANCES, Bindings, bindings, count
from engine.workflow.parameters import Params, bind
from tests.engine.workflow.corpus import steps

axes = st.lists(st.lists(st.integers(0, 9).map(str), max_size=4).map(tuple), max_size=4).map(tuple)


@given(axes)
def test_cross_product(axes: tuple[tuple[str, ...], ...]) -> None:
    """Instance i is the i-th of the cross product in the order written, last name fastest."""
    names = tuple(f"n{number}" for number in range(len(axes)))
    found = Bindings(names, axes)
    assert list(found) == list(itertools.product(*axes))
    assert len(found) == len(list(itertools.product(*axes)))
    assert found[:] == list(found)
    for index in range(len(found)):
        places = found.positions(index)
        assert tuple(axis[place] for axis, place in zip(axes, places, strict=True)) == found[index]


def test_no_such_instance() -> None:
    """There is no instance before the first or after the last."""
    found = Bindings(("a",), (("1", "2"),))
    for index in (-1, 2):
        with pytest.raises(IndexError):
            found[index]


def test_sources() -> None:
    """Items come from a list param, a literal list, or the entries of a directory by bytes."""
    text = (
        "  d: {run: x, outputs: {o: o}}\n"
        "  a: {run: x, scatter: {p: params.n, q: [x, {b: 1}], r: d.o/*}}\n"
        "  b: {run: x, scatter: {p: params.n, q: [1, 2]}}\n"
    )
    workflow = steps(text, "params: {n: [0.1, no]}\n")
    params = bind(workflow, {})
    found = bindings(workflow, params, "a", entries=["é", "b", "Z", "a10", "a9"])
    assert found.names == ("p", "q", "r")
    assert found.axes == (
        ("0.1", '"no"'),
        ('"x"', '{"b":1}'),
        ('"Z"', '"a10"', '"a9"', '"b"', '"é"'),
    )
    assert [count(workflow, params, name) for name in ("d", "a", "b")] == [1, None, 4]


def test_empty() -> None:
    """An empty list makes no instances."""
    workflow = steps("  a: {run: x, scatter: {p: params.n, q: [1]}}\n", "params: {n: []}\n")
    assert count(workflow, bind(workflow, {}), "a") == 0


def test_a_hundred_thousand_are_cheap() -> None:
    """A scatter of 100 000 keeps its lists and nothing else, and any instance is found at once."""
    wide = ", ".join(map(str, range(400)))
    workflow = steps(f"  a: {{run: x, scatter: {{p: [{wide}], q: [{wide}]}}}}\n")
    found = bindings(workflow, Params({}), "a")
    started = time.process_time()
    assert len(found) == 160_000
    assert found[159_999] == ("399", "399")
    assert time.process_time() - started < 0.5


def test_too_many() -> None:
    """Over a million instances of one step are refused with the fix."""
    wide = ", ".join(map(str, range(1001)))
    with pytest.raises(Refused, match=f"more than {MAX_INSTANCES}") as refused:
        steps(f"  a: {{run: x, scatter: {{p: [{wide}], q: [{wide}]}}}}\n")
    assert refused.value.fix == "scatter over batches"


def test_param_that_is_no_list() -> None:
    """A param given on the command line must be a list where a step scatters over it."""
    workflow = steps("  a: {run: x, scatter: {p: params.n}}\n", "params: {n: [1]}\n")
    with pytest.raises(Refused, match=r"params\.n, which is not a list") as refused:
        count(workflow, bind(workflow, {"n": "5"}), "a")
    assert refused.value.fix == "give a list, as -p 'n=[0, 1]'"
