"""`tally config`: settings, where each came from, and changing one."""

from pathlib import Path

import pytest

from tests.cli.program import Program


def test_each_setting_says_where_it_came_from(empty: Program) -> None:
    """A flag, the environment, the file, or built in; flags of the program count too."""
    empty("config", "set", "jobs", "3")
    shown = empty.told("config", "show")
    path = empty.told("config", "path")["path"]
    assert shown["jobs"] == {"value": 3, "origin": path}
    assert shown["home"]["origin"] == "TALLY_HOME"
    assert shown["output"]["origin"] == "--output"
    assert shown["memory"]["origin"] == "built-in"
    assert empty("--home", empty.home.parent / "other", "runs").code == 0
    assert (empty.home.parent / "other").is_dir()
    other = empty("--home", "/elsewhere", "config", "show", "-o", "json")
    assert other.json["home"] == {"value": "/elsewhere", "origin": "--home"}


def test_sizes_are_shown_as_people_read_them(empty: Program) -> None:
    """Scripts get bytes."""
    empty("config", "set", "memory", "3GiB")
    (line,) = (line for line in empty("config", "show").out.splitlines() if "memory" in line[:6])
    assert line.split()[1:3] == ["3.0", "GiB"]
    assert empty.told("config", "show")["memory"]["value"] == 3 * 2**30


def test_credits_are_shown_as_people_read_them(empty: Program) -> None:
    """Scripts get micro-credits."""
    empty("config", "set", "max_cost", "2.5")
    empty("config", "set", "prices", "core-second=0.001")
    shown = empty("config", "show").out
    assert "2.5 credits" in shown
    assert "core-second=0.001" in shown
    values = empty.told("config", "show")
    assert values["max_cost"]["value"] == 2_500_000
    assert values["prices"]["value"] == {"core-second": 1_000}


def test_what_a_price_may_be_is_said(empty: Program) -> None:
    """Which names there are, or which was meant; and how an amount is written."""
    said = empty("config", "set", "prices", "corsecond=1").err
    assert "did you mean 'core-second'" in said
    assert "known: core-second, gib-second" in empty("config", "set", "prices", "coffee=1").err
    said = empty("config", "set", "prices", "core-second=0.0000001").err
    assert "at most six decimals" in said


def test_a_mistyped_setting_asks_for_the_nearest(empty: Program) -> None:
    """And one that is like none, says which there are."""
    assert "did you mean 'jobs'?" in empty("config", "set", "jbos", "3").err
    assert "known: home, output" in empty("config", "set", "xyz", "3").err


def test_a_setting_is_kept_and_removed(empty: Program) -> None:
    """`set` is for all commands after it; `unset` goes back to what was."""
    empty("config", "set", "output", "json")
    assert empty("runs").json == {"runs": []}
    assert empty("runs", "-o", "table").out == ""
    empty("config", "unset", "output")
    assert empty("runs").out == ""


@pytest.mark.parametrize(
    "words",
    [
        ("set", "jbos", "3"),
        ("unset", "jbos"),
        ("set", "jobs", "x"),
        ("set", "jobs", "0"),
        ("set", "memory", "3"),
        ("set", "output", "xml"),
        ("get", "jobs"),
    ],
)
def test_a_bad_setting_is_refused(empty: Program, words: tuple[str, ...]) -> None:
    """No such setting, no such value: exit 2, and the file stays as it was."""
    before = empty.told("config", "show")
    assert empty("config", *words).code == 2
    assert empty.told("config", "show") == before


def test_a_bad_config_file_names_itself(empty: Program) -> None:
    """Every command refuses it with its place; `config path` too can be asked where it is."""
    path = empty.told("config", "path")["path"]
    empty("config", "set", "jobs", "3")
    Path(path).write_text("jobs = [")
    done = empty("runs")
    assert done.code == 2
    assert path in done.err


def test_a_bad_variable_names_itself(empty: Program) -> None:
    """The origin of the value is where."""
    done = empty.at(empty.home, TALLY_JOBS="many")("runs")
    assert done.code == 2
    assert "TALLY_JOBS" in done.err
