"""Groups: what each step waits for, and in which order they come."""

import networkx as nx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.graph import Group, Need, groups
from engine.workflow.model import GIB, Workflow
from engine.workflow.order import in_order
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from tests.engine.workflow.corpus import HEAD, LARGE, steps


def _groups(workflow: Workflow, **given_: str) -> dict[str, Group]:
    return {group.step: group for group in groups(workflow, bind(workflow, given_))}


def test_everything() -> None:
    """Each form of reference is the need that it should be."""
    found = _groups(parse(LARGE, "w"), n="1")
    assert list(found) == ["prepare", "each", "train", "score", "report"]
    shards = Need("prepare", "one")
    assert found["prepare"].needs == ()
    assert found["each"] == Group("each", None, True, (shards,), False, 2, GIB, 1, True)
    assert found["train"].count == 9
    assert found["train"].needs == (Need("prepare", "one"),)
    assert (found["train"].cpus, found["train"].reusable) == (1, False)
    assert found["score"].needs == (Need("train", "same"),)
    assert found["report"].needs == (
        Need("each", "all", carries_skip=False),
        Need("prepare", "one", carries_skip=False),
        Need("score", "all", carries_skip=False),
        Need("train", "item", 0),
    )


def test_a_read_carries_a_skip() -> None:
    """A step that is read and also needed passes its skip on."""
    found = _groups(
        steps("  a: {run: x, outputs: {o: o}}\n  b: {run: x, needs: [a], inputs: {i: a.o}}\n")
    )
    assert found["b"].needs == (Need("a", "one"),)


def test_when() -> None:
    """A step whose `when` is false is skipped, and must be given a truth value."""
    workflow = steps("  a: {run: x, when: params.all}\n", "params: {all: null}\n")
    assert _groups(workflow, all="false")["a"].skipped
    assert not _groups(workflow, all="true")["a"].skipped
    with pytest.raises(Refused, match="not a truth value") as refused:
        _groups(workflow, all="no")
    assert refused.value.where == "steps.a.when"


def test_params_of_the_run_are_checked() -> None:
    """What the defaults allow and the given params do not is refused before anything runs."""
    text = (
        "  a: {run: x, scatter: {s: params.n}, outputs: {o: o}}\n"
        "  b: {run: x, inputs: {i: 'a[1].o'}}\n"
        "  c: {run: x, scatter: {s: [1, 2]}, inputs: {i: a.o}}\n"
    )
    workflow = steps(text, "params: {n: [1, 2]}\n")
    assert _groups(workflow)["b"].needs == (Need("a", "item", 1),)
    with pytest.raises(Refused, match="no such instance"):
        _groups(workflow, n="[1]")
    with pytest.raises(Refused, match="3 instances and step 'c' has 2"):
        _groups(workflow, n="[1, 2, 3]")


def test_entries_of_one_instance() -> None:
    """A step may scatter over the directory that one instance of a scattered step made."""
    found = _groups(
        steps(
            "  a: {run: x, scatter: {s: [1, 2]}, outputs: {o: o}}\n"
            "  b: {run: x, scatter: {f: 'a[1].o/sub/*'}, outputs: {o: o}}\n"
            "  c: {run: x, scatter: {f: 'a[1].o/sub/*'}, inputs: {i: b.o}}\n"
        )
    )
    assert found["b"].needs == (Need("a", "item", 1),)
    assert found["c"].needs == (Need("a", "item", 1), Need("b", "same"))


dags = st.integers(1, 7).flatmap(
    lambda n: st.tuples(
        st.permutations(range(n)),
        st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=12),
    )
)


def _file(order: list[int], edges: list[tuple[int, int]]) -> str:
    lines = []
    for number in order:
        needs = sorted({f"s{low}" for low, high in edges if high == number and low < high})
        lines.append(f"  s{number}: {{run: x, needs: [{', '.join(needs)}]}}\n")
    return "".join(lines)


@given(dags)
def test_order(dag: tuple[list[int], list[tuple[int, int]]]) -> None:
    """Groups come after all they need, in an order that the order of the file does not change."""
    order, edges = dag
    found = groups(workflow := steps(_file(order, edges)), bind(workflow, {}))
    seen: set[str] = set()
    for group in found:
        assert {need.step for need in group.needs} <= seen
        seen.add(group.step)
    assert len(seen) == len(order)
    assert found == groups(steps(_file(sorted(order), edges)), bind(workflow, {}))


@given(st.integers(1, 6), st.integers(0, 5))
def test_cycles_are_named(length: int, others: int) -> None:
    """A circle of any length is refused with the names in it, in order, and no others."""
    text = "".join(
        f"  c{number}: {{run: x, needs: [c{(number + 1) % length}]}}\n" for number in range(length)
    )
    text += "".join(f"  o{number}: {{run: x, needs: [c0]}}\n" for number in range(others))
    with pytest.raises(Refused) as refused:
        parse(f"{HEAD}steps:\n{text}", "w")
    circle = " → ".join([f"c{number}" for number in range(length)] + ["c0"])
    assert refused.value.what == f"steps wait for one another in a circle: {circle}"


@given(st.sets(st.tuples(st.integers(1, 12), st.integers(0, 11)), max_size=40))
def test_order_is_lexicographical(pairs: set[tuple[int, int]]) -> None:
    """Of the steps that could come next the first by name does, as networkx orders a graph."""
    edges = {f"s{late:02}": {f"s{early:02}" for b, early in pairs if b == late and early < late}
             for late in range(13)}  # fmt: skip
    workflow = steps(
        "".join(f"  {name}: {{run: x, needs: [{', '.join(edges[name])}]}}\n" for name in edges)
    )
    graph = nx.DiGraph([(early, late) for late in edges for early in edges[late]])
    graph.add_nodes_from(edges)
    assert in_order(workflow) == tuple(nx.lexicographical_topological_sort(graph))
