"""Where texts part, line by line."""

import random
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.lines import MAX_LINES, MAX_WIDTH, Line, changed_lines

TEXTS = st.lists(st.sampled_from("abc"), max_size=12).map("\n".join)


def test_a_line_that_changed_is_shown_with_its_column():
    """Both as they are, and where they part."""
    found = changed_lines("a\nlr = 0.1\nb\n", "a\nlr = 0.2\nb\n")

    assert (found.count, found.first) == (1, (Line(2, 8, "lr = 0.1", "lr = 0.2"),))


def test_lines_put_in_and_taken_out_move_nothing():
    """What comes after them is the same, whatever its number now is."""
    found = changed_lines("a\nb\nc\nd\n", "new\na\nb\nd\n")

    assert found.first == (Line(1, 1, None, "new"), Line(3, 1, "c", None))


def test_an_end_of_line_at_the_end_counts():
    """A file without one has another last line."""
    assert changed_lines("a\n", "a").first == (Line(2, 1, "", None),)


def test_only_some_are_shown_and_all_are_counted():
    """However many lines are not the same."""
    found = changed_lines("\n".join("abcdefghij"), "\n".join("ABCDEFGHIJ"))

    assert (found.count, len(found.first)) == (10, MAX_LINES)


def test_a_long_line_is_shown_around_the_place():
    """A file of one line is not printed whole."""
    was, now = "x" * 100_000 + "1" + "y" * 100_000, "x" * 100_000 + "2" + "y" * 100_000
    (line,) = changed_lines(was, now).first

    assert line.column == 100_001
    assert line.was is not None
    assert line.was[0] == line.was[-1] == "…"
    assert "x1y" in line.was
    assert len(line.was) == MAX_WIDTH + 2


def test_few_changes_far_apart_are_few():
    """Whatever the length of a text, only the lines that differ are counted."""
    old = [f"row {n}" for n in range(1_500)]
    new = [*old[:2], "other 3", *old[3:1497], "other 1498", *old[1498:]]
    found = changed_lines("\n".join(old), "\n".join(new))

    assert (found.count, found.is_whole) == (2, True)
    assert [line.number for line in found.first] == [3, 1498]


def test_many_changes_are_parted_by_what_is_there_once():
    """Every other line of a long text is another, and some are gone."""
    old = [f"row {n}" for n in range(20_000)]
    new = [f"row {n}" if n % 2 else "other" for n in range(20_000) if n % 100]
    found = changed_lines("\n".join(old), "\n".join(new))

    assert (found.count, found.is_whole) == (10_000, True)


def test_texts_with_nothing_in_common_are_not_matched():
    """Lines are then compared by their numbers."""
    was = "\n".join(f"{n % 7}" for n in range(1_002))
    now = "\n".join(f"{n % 5} x" for n in range(1_002))

    assert changed_lines(was, now) == replace(changed_lines(was, now), count=1_002, is_whole=True)


def test_texts_made_to_be_hard_are_not_matched_for_ever():
    """Over a bound it is said that there may be fewer changes."""
    chance = random.Random(1)  # noqa: S311
    was, now = ("\n".join(chance.choices("ab", k=50_000)) for _ in range(2))
    found = changed_lines(was, now)

    assert not found.is_whole
    assert found.count <= 50_000


@settings(deadline=None)
@given(TEXTS, TEXTS)
def test_texts_differ_if_and_only_if_a_line_does(was, now):
    """And every line that is shown is in the text that it is said to be of, at its number."""
    found = changed_lines(was, now)

    assert (found.count == 0) == (was == now)
    for line in found.first:
        lines = was.split("\n") if line.now is None else now.split("\n")
        assert lines[line.number - 1] == (line.was if line.now is None else line.now)
