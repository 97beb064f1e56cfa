"""Bindings: what a name means in a home is kept, and moves only when a person says so."""

from contextlib import closing
from pathlib import Path

import pytest

from engine.errors import Refused
from peers.bindings import Bindings
from tests.peers.resources import edition


def test_a_name_means_what_was_used_first(tmp_path: Path) -> None:
    """Also after the file was closed; another author's of the same name is kept beside it."""
    assert not Bindings.is_here(tmp_path)
    with closing(Bindings(tmp_path)) as file:
        assert file.meant("digits") is None
        file.use(edition(1, 2))
        file.use(edition(2, 7))
    assert Bindings.is_here(tmp_path)
    with closing(Bindings(tmp_path)) as file:
        assert file.meant("digits") == edition(1, 2).author
        assert set(file.used()) == {edition(1, 2), edition(2, 7)}


def test_a_person_moves_a_name_to_another_version(tmp_path: Path) -> None:
    """The same author's: forwards or back."""
    with closing(Bindings(tmp_path)) as file:
        for version in (1, 3, 2):
            file.use(edition(1, version))
            assert file.used() == [edition(1, version)]


def test_what_was_published_is_remembered(tmp_path: Path) -> None:
    """Every version, and the name means the last of them here."""
    with closing(Bindings(tmp_path)) as file:
        file.make(edition(1, 1))
        file.make(edition(1, 2))
        assert file.made() == [edition(1, 1), edition(1, 2)]
        assert file.used() == [edition(1, 2)]


def test_publishing_takes_no_name_from_others(tmp_path: Path) -> None:
    """Who used somebody's of that name goes on meaning that."""
    with closing(Bindings(tmp_path)) as file:
        file.use(edition(2, 1))
        file.make(edition(1, 1))
        assert file.meant("digits") == edition(2, 1).author


def test_a_version_is_given_once(tmp_path: Path) -> None:
    """Of two processes that publish at once one is told to try again; twice the same is no harm."""
    with closing(Bindings(tmp_path)) as file:
        file.make(edition(1, 1))
        file.make(edition(1, 1))
        with pytest.raises(Refused, match="digits@1 has just been published"):
            file.make(edition(1, 1, of=1))
        assert file.made() == file.used() == [edition(1, 1)]


def test_a_release_is_forgotten(tmp_path: Path) -> None:
    """No name means it then; another version, or another author's, is meant as before."""
    with closing(Bindings(tmp_path)) as file:
        file.use(edition(1, 1))
        file.use(edition(2, 1))
        file.make(edition(2, 1, "mine"))
        file.forget(edition(1, 1).release)
        assert file.meant("digits") is None
        assert set(file.used()) == {edition(2, 1), edition(2, 1, "mine")}
        file.forget(edition(2, 2).release)
        assert file.meant("mine") == edition(2, 1).author
        assert file.made() == [edition(2, 1, "mine")]
