"""What can be asked for: each operation in plain words, and as a line of Python.

An operation has phrases and lines that mean the same; `{k}` in both is one number, out of a range.
A program is some operations on a list of numbers `x`, one a line, and what it gives back. Words and
lines are lists of tokens with blanks between them, which Python reads as well.
"""

from dataclasses import dataclass

import numpy as np

NUMBERS = "zero one two three four five six seven eight nine".split()
EACH, KEEP = "x = [ {} for n in x ]", "x = [ n for n in x if {} ]"
HEAD = "def f ( x ) :"  # every program begins so, and no model has to write it


@dataclass(frozen=True)
class Operation:
    """One thing to do: how to ask for it, how to write it, and which numbers it may have."""

    phrases: tuple[str, ...]
    lines: tuple[str, ...]
    numbers: tuple[int, int] = (0, 0)  # from, to


OPERATIONS = {
    "add": Operation(
        ("add {k} to each number", "make every number {k} larger"),
        (EACH.format("n + {k}"),),
        (1, 9),
    ),
    "subtract": Operation(
        ("subtract {k} from each number", "make every number {k} smaller"),
        (EACH.format("n - {k}"),),
        (1, 9),
    ),
    "times": Operation(
        ("multiply each number by {k}", "make every number {k} times as large"),
        (EACH.format("n * {k}"), EACH.format("{k} * n")),
        (3, 9),
    ),
    "double": Operation(
        ("double each number", "make every number twice as large"),
        (EACH.format("n * 2"), EACH.format("n + n")),
    ),
    "square": Operation(
        ("square each number", "multiply each number by itself"), (EACH.format("n * n"),)
    ),
    "negate": Operation(
        ("flip the sign of each number", "negate every number"), (EACH.format("- n"),)
    ),
    "size": Operation(
        ("forget the sign of each number", "make every number positive"),
        (EACH.format("abs ( n )"),),
    ),
    "rest": Operation(
        ("divide each number by {k} and keep the rest", "take every number modulo {k}"),
        (EACH.format("n % {k}"),),
        (3, 9),
    ),
    "above": Operation(
        ("keep the numbers above {k}", "keep what is larger than {k}"),
        (KEEP.format("n > {k}"), KEEP.format("{k} < n")),
        (0, 9),
    ),
    "below": Operation(
        ("keep the numbers below {k}", "keep what is smaller than {k}"),
        (KEEP.format("n < {k}"), KEEP.format("{k} > n")),
        (0, 9),
    ),
    "without": Operation(
        ("remove every {k}", "keep what is not {k}"), (KEEP.format("n != {k}"),), (0, 9)
    ),
    "even": Operation(
        ("keep the even numbers", "throw out the odd ones"), (KEEP.format("n % 2 == 0"),)
    ),
    "odd": Operation(
        ("keep the odd numbers", "throw out the even ones"), (KEEP.format("n % 2 == 1"),)
    ),
    "first": Operation(
        ("keep the first {k}", "take {k} from the front"), ("x = x [ : {k} ]",), (2, 6)
    ),
    "last": Operation(
        ("keep the last {k}", "take {k} from the back"), ("x = x [ - {k} : ]",), (2, 6)
    ),
    "behead": Operation(
        ("drop the first {k}", "remove {k} from the front"), ("x = x [ {k} : ]",), (1, 4)
    ),
    "curtail": Operation(
        ("drop the last {k}", "remove {k} from the back"), ("x = x [ : - {k} ]",), (1, 4)
    ),
    "reverse": Operation(
        ("reverse the list", "turn the list around"),
        ("x = x [ : : - 1 ]", "x = list ( reversed ( x ) )"),
    ),
    "sort": Operation(
        ("sort the list", "put the smallest in front and so on"), ("x = sorted ( x )",)
    ),
    "descend": Operation(
        ("sort the list from high to low", "put the largest in front and so on"),
        ("x = sorted ( x , reverse = True )", "x = sorted ( x ) [ : : - 1 ]"),
    ),
    "unique": Operation(
        ("remove what is there twice", "keep each number once"),
        ("x = list ( dict . fromkeys ( x ) )",),
    ),
    "strip": Operation(
        ("drop from the front what is below {k}", "while the first is below {k} remove it"),
        ("while x and x [ 0 ] < {k} : x = x [ 1 : ]",),
        (1, 9),
    ),
    "extend": Operation(
        (
            "repeat the list until it has {k} numbers",
            "while there are fewer than {k} repeat the list",
        ),
        ("while x and len ( x ) < {k} : x = x + x",),
        (5, 9),
    ),
}
ENDS = {
    "list": Operation(("",), ("return x",)),
    "sum": Operation(("add them up", "return the sum"), ("return sum ( x )",)),
    "count": Operation(("count them", "return how many there are"), ("return len ( x )",)),
    "largest": Operation(
        ("return the largest", "find the maximum"), ("return max ( x , default = 0 )",)
    ),
    "smallest": Operation(
        ("return the smallest", "find the minimum"), ("return min ( x , default = 0 )",)
    ),
}
SWAPPED = 0.25  # of the comments tell two neighbours in the other order


def say(rng: np.random.Generator, kinds: list[str]) -> tuple[str, list[str]]:
    """Return a comment that asks for those operations, the last of them an end, and its lines."""
    told, lines = [], []
    for kind in kinds:
        one = OPERATIONS.get(kind) or ENDS[kind]
        number = int(rng.integers(one.numbers[0], one.numbers[1] + 1))
        told.append(one.phrases[rng.integers(len(one.phrases))].format(k=NUMBERS[number]))
        lines.append(one.lines[rng.integers(len(one.lines))].format(k=number))
    told = [phrase for phrase in told if phrase]
    if len(told) > 1 and rng.random() < SWAPPED:
        at = int(rng.integers(len(told) - 1))
        told[at : at + 2] = [f"{told[at + 1]} , but before that {told[at]}"]
    return " , then ".join(told), lines


def source(lines: list[str]) -> str:
    """Return a program as Python has it, with lines indented below its head."""
    return "\n ".join([HEAD, *lines]) + "\n"
