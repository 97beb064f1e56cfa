"""Sizes and times as people write them, and the paths of outputs."""

import pytest

from engine.errors import Refused
from engine.workflow.paths import inside, overlap
from engine.workflow.units import parse_size, parse_time, show_size


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("0B", 0), ("1B", 1), ("1kB", 1000), ("1KiB", 1024), ("1MB", 10**6), ("1 MiB", 2**20),
        ("1GB", 10**9), ("1GiB", 2**30), ("1.5GiB", 3 * 2**29), ("1TB", 10**12), ("2TiB", 2**41),
        ("0.1B", 1), ("999999999999999B", 999999999999999),
    ],
)  # fmt: skip
def test_size(text: str, size: int) -> None:
    """A size is a number and a unit, in bytes rounded up."""
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("size", "shown"),
    [(0, "0B"), (1000, "1000B"), (1024, "1KiB"), (3 * 2**29, "1536MiB"), (2**36, "64GiB")],
)
def test_a_size_is_shown_as_it_is_read(size: int, shown: str) -> None:
    """Whole, in the largest unit that does that."""
    assert show_size(size) == shown
    assert parse_size(shown) == size


@pytest.mark.parametrize(
    ("text", "ms"),
    [("1ms", 1), ("1s", 1000), ("2min", 120_000), ("1.5h", 5_400_000), ("1d", 86_400_000)],
)
def test_time(text: str, ms: int) -> None:
    """A time is a number and a unit, in milliseconds rounded up."""
    assert parse_time(text) == ms


@pytest.mark.parametrize(
    "text", ["", "1", "GiB", "-1GiB", "1e3B", "1  GiB", "1GiB ", "\u0661B", "1.B", "1m"]
)
def test_no_quantity(text: str) -> None:
    """Anything else is refused, as a size and as a time, with how to write one."""
    for parse in (parse_size, parse_time):
        with pytest.raises(Refused) as refused:
            parse(text)
        assert refused.value.fix


def test_unit_in_other_case() -> None:
    """A unit in the wrong case is told the right one."""
    with pytest.raises(Refused) as refused:
        parse_size("1gib")
    assert refused.value.fix == "did you mean 'GiB'?"


@pytest.mark.parametrize(
    ("path", "shortest"),
    [
        ("a", "a"),
        ("./a//b/", "a/b"),
        (".a/..b/c..", ".a/..b/c.."),
        ("a b/é", "a b/é"),
        ("a\\b", "a\\b"),
    ],
)
def test_inside(path: str, shortest: str) -> None:
    """A path below a directory is kept in its shortest form."""
    assert inside(path) == shortest


@pytest.mark.parametrize(
    "path",
    ["", ".", "/", "/a", "..", "a/..", "../a", "a/../b", "a\0b", "a\nb", "\x7f", "e\u0301",
     "a" * 256, "a/" * 65, "/".join(["a" * 200] * 20)],
)  # fmt: skip
def test_not_inside(path: str) -> None:
    """A path that is absolute, climbs, names nothing, or no file system holds is refused."""
    with pytest.raises(Refused):
        inside(path)


def test_overlap() -> None:
    """Paths overlap when they are the same or one is inside the other, name by name."""
    assert overlap("a", "a")
    assert overlap("a/b", "a")
    assert overlap("a", "a/b")
    assert not overlap("a", "ab")
    assert not overlap("a/b", "a/c")
