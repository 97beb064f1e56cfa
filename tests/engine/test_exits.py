"""Exits: why a step failed, in words."""

import signal

import pytest

from engine.exits import failed_by


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (1, "exit code 1"),
        (127, "exit code 127 (a program was not found in its environment)"),
        (128 + signal.SIGSEGV, "exit code 139 (ended by SIGSEGV)"),
        (128, "exit code 128"),
        (128 + signal.SIGRTMIN + 1, f"exit code {128 + signal.SIGRTMIN + 1}"),
        (255, "exit code 255"),
    ],
)
def test_an_exit_code_is_explained_where_shells_mean_something_by_it(code: int, words: str) -> None:
    """A signal that has no name, as most real-time ones, leaves the number alone."""
    assert failed_by("", code) == words


def test_a_reason_says_more_than_the_code() -> None:
    """A step that was ended is not explained by the signal that ended it."""
    assert failed_by("timeout", 137).startswith("it took longer than its 'time' allows")


def test_a_reason_of_a_later_version_is_shown_as_it_is() -> None:
    """Records come from others, and reasons may be added."""
    assert failed_by("disowned", 1) == "disowned"
