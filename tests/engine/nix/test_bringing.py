"""Closures that came with an Environment, from who knows whom."""

from pathlib import Path

import pytest

from engine.closures import Brought, Closures
from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.errors import Refused, Unavailable
from engine.nix.closure import Materialiser
from engine.nix.records import ENVIRONMENT
from tests.engine.nix.conftest import LIBRARY, Content

MUCH = 2**40


def closures(content: Content) -> Closures:
    """Begin with what is on disk; nobody has said how any closure is carried."""
    return Closures(content.store, Materialiser(content.work, content.store), {})


def put(content: Content) -> Cid:
    """Have the records of the environment in the store."""
    content.store.put([ENVIRONMENT.block(content.opened.environment)])
    return content.opened.cid


def test_an_environment_that_is_brought_can_be_placed(content: Content) -> None:
    """By the closure that it carries, which who brought it is told."""
    here = closures(content)
    size = sum(path.nar_size for path in content.opened.closure.paths)
    brought = here.bring(put(content), MUCH)
    assert brought == Brought(content.opened.closure_cid, size)
    assert (here.place(brought.closure).farm / LIBRARY).is_dir()


def test_one_that_is_too_large_is_not_unpacked(content: Content) -> None:
    """However few blocks it is made of."""
    size = sum(path.nar_size for path in content.opened.closure.paths)
    here = closures(content)
    with pytest.raises(Refused, match=f"an environment of {size} bytes"):
        here.bring(put(content), size - 1)
    assert not [*content.work.glob("closures/*")]


def test_what_is_no_environment_is_refused(content: Content) -> None:
    """It is a block that somebody named."""
    block = Block(Cid.of(RAW, b"no"), b"no")
    content.store.put([block])
    with pytest.raises(Refused):
        closures(content).bring(block.cid, MUCH)


def test_an_environment_that_is_let_go_is_unpacked_no_more(content: Content) -> None:
    """Another process has it until that ends; then it is made again when it is wanted."""
    mine, other = closures(content), closures(content)
    environment = put(content)
    closure = mine.bring(environment, MUCH).closure
    farm = other.place(closure).farm
    mine.let_go(environment)
    assert farm.is_dir()
    other.let_go(environment)
    assert not farm.exists()
    with pytest.raises(Unavailable):
        mine.let_go(Cid.of(RAW, b"nowhere"))
    assert mine.bring(environment, MUCH).closure == closure
    assert Path(mine.place(closure).farm).is_dir()
