"""Many: a lot of worlds, on all cores."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.simulation.edges import NodeWorld
from tests.simulation.promises import Broken
from tests.simulation.world import World

AT_A_TIME = 10

_MEMORY = Path("/dev/shm")


def broken(story: Callable[[int], str], seeds: Iterable[int], cores: int = 2) -> Iterator[str]:
    """Run the worlds of some seeds; return the story of each in which a promise was broken."""
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        yield from filter(None, pool.map(story, seeds, chunksize=AT_A_TIME))


def story(seed: int) -> str:
    """Run one world; return "" or what happened."""
    return _story(World(seed))


def node_story(seed: int) -> str:
    """Run one world of nodes; return "" or what happened."""
    with folder() as place:
        return _story(NodeWorld(seed, Path(place)))


def folder() -> "TemporaryDirectory[str]":
    """Return a place for the books of nodes, in memory if there is one."""
    return TemporaryDirectory(dir=_MEMORY if _MEMORY.is_dir() else None)


def _story(world: World) -> str:
    try:
        world.run()
    except Broken as error:
        return str(error)
    return ""
