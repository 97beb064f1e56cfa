"""Inputs whose content is not here."""

from pathlib import Path

import pytest

from engine.clock import SystemClock
from engine.downloads import Downloads
from engine.errors import NotHere
from engine.foreign import Foreign
from engine.inputs import Inputs
from engine.sources import Sources
from engine.store.disk import DiskStore
from engine.workflow.model import InputSource

NAME = "Qm" + "a" * 44


def test_one_is_named_as_its_author_named_it(tmp_path: Path) -> None:
    """By its name and by the CID in the workflow, to be found there."""
    with DiskStore(tmp_path / "store") as store:
        foreign = Foreign(store, Sources(store, []), None)
        downloads = Downloads(
            store,
            fetched=lambda _: [],
            keep=lambda *_: None,
            mirrors=lambda _: iter(()),
            reading=lambda _: store.get,
            fetch=None,
            clock=SystemClock(),
        )
        inputs = Inputs(store, tmp_path, bring=None, downloads=downloads, foreign=foreign)
        with pytest.raises(NotHere) as error:
            inputs.bring({"raw": InputSource(None, NAME, None, None, (), "any")})
    assert "the content of input 'raw' is not here" in error.value.what
    assert error.value.where == NAME
