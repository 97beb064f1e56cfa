"""Derivations against those that Nix itself wrote, and their round trip."""

import contextlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.nix.derivation import Derivation, Output, drv_path, parse, show

GOLDEN = json.loads(Path(__file__).parents[2].joinpath("vectors/derivations.json").read_text())

texts = st.text(
    st.characters(codec="utf-8") | st.sampled_from('"\\\n\r\t\udc80\udcff'), max_size=20
)
derivations = st.builds(
    Derivation,
    outputs=st.dictionaries(texts, st.builds(Output, texts, texts, texts), max_size=3),
    inputs=st.dictionaries(texts, st.lists(texts, max_size=3).map(tuple), max_size=3),
    sources=st.lists(texts, max_size=3).map(tuple),
    system=texts,
    builder=texts,
    arguments=st.lists(texts, max_size=3).map(tuple),
    variables=st.dictionaries(texts, texts, max_size=4),
)


@pytest.mark.parametrize("path", GOLDEN)
def test_nix_derivations_print_back(path: str) -> None:
    """What Nix wrote is read, printed to the same bytes, and its path follows from them."""
    data = GOLDEN[path].encode()
    derivation = parse(data)
    assert show(derivation) == data
    assert str(drv_path(path[44:-4], derivation)) == path


@given(derivations)
def test_parse_inverts_show(derivation: Derivation) -> None:
    """Every derivation, of whatever bytes, survives printing."""
    assert parse(show(derivation)) == derivation


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda tail: b'Derive([("' + tail))
def test_junk_is_refused(data: bytes) -> None:
    """Junk is refused, whatever it is."""
    with contextlib.suppress(Refused):
        assert show(parse(data)) == data


@given(st.sampled_from(sorted(GOLDEN)), st.data())
def test_damaged_derivations_are_refused_or_canonical(path: str, draw: st.DataObject) -> None:
    """A byte changed anywhere gives another derivation in canonical form, or a refusal."""
    data = bytearray(GOLDEN[path].encode())
    data[draw.draw(st.integers(0, len(data) - 1))] ^= draw.draw(st.integers(1, 255))
    with contextlib.suppress(Refused):
        assert show(parse(bytes(data))) == bytes(data)


@pytest.mark.parametrize(
    "data",
    [
        b'Derive([],[],[],"","",[],[])x',
        b'Derive([],[],[],"","",[], [])',
        b'Derive([("b","","",""),("a","","","")],[],[],"","",[],[])',
        b'Derive([],[],[],"","",[],[("a","1"),("a","2")])',
        b'Derive([],[],[],"","\\x",[],[])',
        b'DrvWithVersion("xp-dyn-drv",[],[],[],"","",[],[])',
    ],
    ids=["trailing", "space", "unsorted", "twice", "escape", "dynamic"],
)
def test_other_forms_are_refused(data: bytes) -> None:
    """A derivation has one form."""
    with pytest.raises(Refused):
        parse(data)
