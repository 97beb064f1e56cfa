"""A peer's figures are as Prometheus reads them, and strangers cannot make them many."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers import figures
from peers.figures import (
    FAULTS,
    MAX_SERIES,
    OTHER,
    PEERS,
    SENT,
    STEPS,
    STEPS_ENDED,
    Figures,
    Metric,
)

ROOT = Path(__file__).parents[2]
METRICS = [one for one in vars(figures).values() if isinstance(one, Metric)]
SAMPLE = re.compile(r'[a-z_]+(\{([a-z_]+="([^"\\\n]|\\["\\])*",?)*\})? -?\d+')


def test_figures_are_text() -> None:
    """With what each is, by name."""
    some = Figures()
    some.put(PEERS, 7)
    some.put(PEERS, 3)
    some.count(SENT, "bulk", by=10)
    some.count(SENT, "bulk", by=5)
    some.put(STEPS, 2, "running")
    some.count(STEPS_ENDED, "for_others", "done")
    assert some.text() == (
        "# HELP tallystick_peers Peers whose record is known.\n"
        "# TYPE tallystick_peers gauge\n"
        "tallystick_peers 3\n"
        "# HELP tallystick_sent_bytes_total Bytes of messages sent, by channel.\n"
        "# TYPE tallystick_sent_bytes_total counter\n"
        'tallystick_sent_bytes_total{channel="bulk"} 15\n'
        "# HELP tallystick_steps Steps of others at hand: state is leased, which all are, "
        "or running.\n"
        "# TYPE tallystick_steps gauge\n"
        'tallystick_steps{state="running"} 2\n'
        "# HELP tallystick_steps_ended_total Steps that ended: side is for_others or by_others; "
        "state is done, failed or returned.\n"
        "# TYPE tallystick_steps_ended_total counter\n"
        'tallystick_steps_ended_total{side="for_others",state="done"} 1\n'
    )


@given(st.lists(st.text(), max_size=200))
def test_reasons_of_strangers_break_no_line_and_are_bounded(reasons: list[str]) -> None:
    """Whatever they say."""
    some = Figures()
    for reason in reasons:
        some.count(FAULTS, reason)
    lines = some.text().split("\n")[2:-1]
    assert all(SAMPLE.fullmatch(line) for line in lines)
    assert len(lines) <= MAX_SERIES
    assert sum(int(line.rpartition(" ")[2]) for line in lines) == len(reasons)


def test_too_many_series_are_one() -> None:
    """Those that came first keep their own."""
    some = Figures()
    for number in range(1_000):
        some.count(FAULTS, "x" * (number % 79) + chr(ord("a") + number % 26))
    assert some.text().count("\ntallystick_faults_total{") == MAX_SERIES
    assert f'why="{OTHER}"' in some.text()


def test_a_number_in_a_reason_makes_no_series() -> None:
    """It counts as the same reason."""
    some = Figures()
    for number in range(10):
        some.count(FAULTS, f"there is no type {number}")
    assert some.text().endswith('{why="there is no type N"} 10\n')


def test_labels_are_those_of_the_metric() -> None:
    """Else it is our mistake."""
    with pytest.raises(ValueError, match="channel"):
        Figures().count(SENT)


@pytest.mark.parametrize("metric", METRICS, ids=lambda one: one.name)
def test_each_figure_is_documented(metric: Metric) -> None:
    """As it is said to Prometheus."""
    labels = "{" + ",".join(metric.labels) + "}" if metric.labels else ""
    assert f"| `{metric.name}{labels}` | {metric.text} |" in (ROOT / "docs/service.md").read_text()


def test_no_figure_is_documented_that_is_not_there() -> None:
    """The table has as many rows as there are metrics."""
    _, table = (ROOT / "docs/service.md").read_text().split("## Metrics")
    assert table.count("\n| `") == len(METRICS)
