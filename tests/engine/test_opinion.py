"""What comparators write, read from anywhere."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.opinion import MAX_DIFFERENCE, Opinion, read_opinion


def test_an_opinion_is_read():
    """What is left out has no value."""
    full = {"equivalent": False, "difference": "row 3", "deviation": 2}
    assert read_opinion(json.dumps(full).encode()) == Opinion(False, "row 3", 2.0)
    assert read_opinion(b'{"equivalent": true}') == Opinion(True, "", None)
    assert read_opinion(b'{"equivalent": true, "deviation": null}') == Opinion(True, "", None)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[" * 100_000, "not JSON"),
        (b"true", "not a map"),
        (b"{}", "'equivalent'"),
        (b'{"equivalent": 1}', "'equivalent'"),
        (b'{"equivalent": null}', "'equivalent'"),
        (b'{"equivalent": true, "difference": null}', "'difference'"),
        (rb'{"equivalent": true, "difference": "\ud800"}', "'difference'"),
        (b'{"equivalent": true, "deviation": -1}', "'deviation'"),
        (b'{"equivalent": true, "deviation": NaN}', "'deviation'"),
        (b'{"equivalent": true, "deviation": Infinity}', "'deviation'"),
        (b'{"equivalent": true, "deviation": 1' + b"0" * 400 + b"}", "'deviation'"),
        (b'{"equivalent": true, "deviation": true}', "'deviation'"),
        (b'{"equivalent": true, "deviation": "1"}', "'deviation'"),
        (b'{"equivalent": true, "why": ""}', "unknown key 'why'"),
    ],
)
def test_what_is_no_opinion_is_a_failure(data, said):
    """And never equivalent."""
    found = read_opinion(data)
    assert said in found.failed
    assert not found.equivalent


def test_a_long_difference_is_cut():
    """It is shown on a line."""
    data = json.dumps({"equivalent": False, "difference": "x" * 10_000}).encode()
    assert len(read_opinion(data).difference) == MAX_DIFFERENCE


@given(st.binary(max_size=60))
def test_junk_is_never_equivalent(data):
    """Any bytes are an opinion or a failure."""
    found = read_opinion(data)
    assert not (found.failed and found.equivalent)
