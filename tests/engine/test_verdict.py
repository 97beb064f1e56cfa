"""Verdicts on results, and where trees part."""

from itertools import combinations

import pytest

from engine.compare import Difference, compare
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.deviation import Deviation, Spot
from engine.step import Result
from engine.store.add import add_path
from engine.verdict import StepVerdict, can_be_wrong, judge, of_run
from engine.workflow.model import OutputFile, Verify
from tests.fakes.content import MemoryContent

KEY = Cid.of(DAG_CBOR, b"key")
EXACT = Verify("exact", None)
CLOSE = Verify("tolerance", "1e-6")


@pytest.fixture
def store(tmp_path):
    """Return a store of which files over 64 KiB lie in a directory."""
    folder = tmp_path / "whole"
    folder.mkdir()
    return MemoryContent(folder)


@pytest.fixture
def tree(store, tmp_path):
    """Return a function that adds files, given by path, as one tree."""

    def add(**files):
        place = tmp_path / f"tree{len(list(tmp_path.iterdir()))}"
        place.mkdir()
        for name, content in files.items():
            (place / name.replace("__", ".")).write_bytes(content)
        return add_path(store, place).cid

    return add


def file_of(store, data):
    """Add one small file."""
    cid = Cid.of(RAW, data)
    store.blocks[cid] = data
    return cid


def verdict(store, was, now, rule, path="m.json"):
    """Judge one output."""
    declared = {"o": OutputFile(path, rule)}
    return judge("a", Result(KEY, 0, {"o": was}), Result(KEY, 0, {"o": now}), declared, store.get)


def test_the_same_result_is_identical(store):
    """Equal addresses need no look inside."""
    cid = file_of(store, b"{}")

    assert verdict(store, cid, cid, EXACT).verdict == "identical"


def test_other_bytes_differ_and_it_is_said_where(store):
    """Under `exact` the first byte that differs is named."""
    found = verdict(store, file_of(store, b"[1.0]"), file_of(store, b"[1.5]"), EXACT)

    assert found.verdict == "differs"
    assert found.outputs["o"].difference == Difference("", "byte 3", "was 0x30 and is 0x35")


def test_near_numbers_are_equivalent(store):
    """Under a tolerance a JSON file is compared number by number."""
    near = verdict(store, file_of(store, b"[1.0]"), file_of(store, b"[1.0000001]"), CLOSE)
    far = verdict(store, file_of(store, b"[1.0]"), file_of(store, b"[1.5]"), CLOSE)

    assert near.verdict == "equivalent"
    assert far.outputs["o"].difference == Difference("", "$[0]", "was 1.0 and is 1.5")


def test_what_is_not_numbers_is_compared_exactly(store):
    """A tolerance does not excuse other bytes in a text."""
    was, now = file_of(store, b"1.0"), file_of(store, b"1.0000001")

    assert verdict(store, was, now, CLOSE, "m.txt").verdict == "differs"
    assert verdict(store, file_of(store, b"{"), file_of(store, b"["), CLOSE).verdict == "differs"


def test_none_is_never_compared(store):
    """Under `none` anything is equivalent, but only the same is identical."""
    was, now = file_of(store, b"a"), file_of(store, b"b")

    assert verdict(store, was, now, Verify("none", None)).verdict == "equivalent"


def test_a_step_that_fails_now_has_failed(store):
    """A rerun that gives nothing says why."""
    was = Result(KEY, 0, {"o": file_of(store, b"a")})

    found = judge("a", was, Result(KEY, 1, {}), {}, store.get, "exit code 1")

    assert (found.verdict, found.note) == ("failed", "exit code 1")


def test_a_failure_that_fails_again_is_identical(store):
    """What was recorded as a failure is reproduced by the same exit code."""
    was = Result(KEY, 3, {})

    assert judge("a", was, was, {}, store.get, "exit code 3").verdict == "identical"
    assert judge("a", was, Result(KEY, 4, {}), {}, store.get).verdict == "differs"


def test_files_of_a_directory_are_compared_one_by_one(store, tree):
    """The first path that differs is named; formats go by the names of files."""
    was = tree(a__json=b"[1]", b__txt=b"x", c=b"1")
    near = tree(a__json=b"[1.0000001]", b__txt=b"x", c=b"1")
    other = tree(a__json=b"[1]", b__txt=b"x", d=b"1")

    assert compare(store.get, was, near, 1e-6) is None
    assert compare(store.get, was, near, None) == Difference(
        "a.json", "byte 2", "was 0x5d and is 0x2e"
    )
    assert compare(store.get, was, other, None) == Difference("c", "", "is missing")


def test_a_verdict_has_the_values_where_outputs_part(store):
    """A number of a known format, else a byte; where one ends there is no value."""
    was, now = file_of(store, b"[1.0]"), file_of(store, b"[1.5]")
    by_value = verdict(store, was, now, CLOSE).outputs["o"].difference
    by_byte = verdict(store, was, now, EXACT).outputs["o"].difference
    longer = verdict(store, was, file_of(store, b"[1.0]\n"), EXACT).outputs["o"].difference

    assert (by_value.was, by_value.now) == ("1.0", "1.5")
    assert (by_byte.was, by_byte.now) == ("0x30", "0x35")
    assert (longer.where, longer.was, longer.now) == ("byte 5", None, "0x0a")


def test_a_verdict_says_how_far_numbers_are_apart(store):
    """By their difference and by its part of the larger, whether that is near enough or not."""
    was = file_of(store, b'{"a": 1000, "b": [0.5, 1e-9], "c": "x"}')
    now = file_of(store, b'{"a": 1000.0001, "b": [0.5, 1e-10], "c": "x"}')
    for rule, word in ((CLOSE, "equivalent"), (EXACT, "differs")):
        found = verdict(store, was, now, rule).outputs["o"]
        assert found.verdict == word
        assert found.deviation == Deviation(
            Spot("", "$.a", pytest.approx(1e-4)), Spot("", "$.b[1]", pytest.approx(0.9)), True
        )


def test_a_verdict_on_a_tree_lists_what_changed(store, tree):
    """What is new, missing and changed, counted; the first ones with what is in them."""
    was = tree(a__json=b"[1, 2]", b=b"x", c=b"1")
    now = tree(a__json=b"[1, 4]", b=b"x", d=b"1")
    found = verdict(store, was, now, EXACT, "d").outputs["o"]

    assert found.inside.counts == {"added": 1, "removed": 1, "changed": 1}
    assert [(part.path, part.how) for part in found.inside.first] == [
        ("a.json", "changed"),
        ("c", "removed"),
        ("d", "added"),
    ]
    assert found.deviation.absolute == Spot("a.json", "$[1]", 2.0)


def test_an_output_that_is_there_once_only_differs(store):
    """It is said to be missing, or new."""
    cid = file_of(store, b"a")
    found = judge("a", Result(KEY, 0, {"o": cid}), Result(KEY, 0, {"p": cid}), {}, store.get)

    assert {name: one.difference.what for name, one in found.outputs.items()} == {
        "o": "is missing",
        "p": "is new",
    }


def test_large_files_are_compared_across_blocks(store, tree):
    """The offset counts from the start of the file, whatever block it falls in."""
    data = bytes(3 * 1024 * 1024)
    changed = bytearray(data)
    changed[2_500_000] = 1

    found = compare(store.get, tree(f=data), tree(f=bytes(changed)), None)
    longer = compare(store.get, tree(f=data), tree(f=data + b"x"), None)

    assert found == Difference("f", "byte 2500000", "was 0x00 and is 0x01")
    assert longer == Difference("f", "byte 3145728", "it goes on from here")


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], "reproduced"),
        (["identical"], "reproduced"),
        (["identical", "equivalent"], "equivalent"),
        (["differs", "equivalent"], "differs"),
        (["identical", "failed", "differs"], "failed"),
    ],
)
def test_a_run_is_as_good_as_its_worst_step(parts, whole):
    """Reproduced means that every step is identical."""
    assert of_run(StepVerdict("a", part, {}, "") for part in parts) == whole


def test_a_sample_bounds_what_can_be_wrong():
    """20 of 400 identical: under 14 % can be wrong, at 95 % confidence."""
    assert can_be_wrong(20, 400) == 14
    assert can_be_wrong(400, 400) == 0
    assert can_be_wrong(20, 10**6) == 14


def test_the_bound_is_what_counting_gives():
    """For a small run, count the samples that would have been clean."""
    total, sampled = 12, 5
    samples = list(combinations(range(total), sampled))
    wrong = max(
        w
        for w in range(total - sampled + 1)
        if sum(min(sample) >= w for sample in samples) * 20 >= len(samples)
    )

    assert can_be_wrong(sampled, total) == -(-100 * (wrong + 1) // total)
