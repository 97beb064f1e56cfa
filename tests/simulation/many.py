"""Many: a lot of worlds, on all cores."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation.promises import Broken
from tests.simulation.world import World

AT_A_TIME = 25


def broken(seeds: Iterable[int], cores: int = 2) -> Iterator[str]:
    """Run the worlds of some seeds; return the story of each in which a promise was broken."""
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        yield from filter(None, pool.map(story, seeds, chunksize=AT_A_TIME))


def story(seed: int) -> str:
    """Run one world; return "" or what happened."""
    try:
        World(seed).run()
    except Broken as error:
        return str(error)
    return ""
