"""Every question of ZAP has an answer, and only a known one lets somebody in."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from peers.zap import DOMAIN, answer

KEY = bytes(range(32))
ASKED = [b"1.0", b"id", DOMAIN, b"10.0.0.1", b"", b"CURVE", KEY]


def test_a_key_that_may() -> None:
    """It is let in, and its name is the key."""
    assert answer(ASKED, lambda *_: "") == [b"1.0", b"id", b"200", b"OK", KEY.hex().encode(), b""]


def test_a_key_that_may_not() -> None:
    """It is refused with the reason."""
    refused = answer(
        ASKED, lambda key, host: "shut out" if (key, host) == (KEY, "10.0.0.1") else ""
    )
    assert refused[2:4] == [b"400", b"shut out"]


@pytest.mark.parametrize(
    ("place", "other"),
    [(0, b"2.0"), (2, b""), (2, b"global"), (5, b"NULL"), (5, b"PLAIN"), (6, KEY[1:]), (6, b"")],
)
def test_another_question(place: int, other: bytes) -> None:
    """Another domain, mechanism or version is refused."""
    assert answer([*ASKED[:place], other, *ASKED[place + 1 :]], lambda *_: "")[2] == b"400"


def test_an_error_refuses() -> None:
    """An error of ours lets nobody in, and is none of the asker's."""
    assert answer(ASKED, lambda *_: str(1 // 0))[2] == b"500"


def test_an_address_that_is_none() -> None:
    """An address that is no text refuses."""
    assert answer([*ASKED[:3], b"\xff", *ASKED[4:]], lambda *_: "")[2] == b"500"


@given(st.lists(st.binary(max_size=40), max_size=9))
def test_junk_is_answered(request: list[bytes]) -> None:
    """Whatever is asked has an answer of six frames, and is refused."""
    answered = answer(request, lambda *_: "")
    assert len(answered) == 6
    assert answered[2] == b"400"
