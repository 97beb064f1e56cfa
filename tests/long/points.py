"""point: killed at each named moment of engine/durable.py, several times, in any scene it is in."""

import random
from typing import get_args

from engine.durable import Point
from tests.long.ground import clear
from tests.long.hurts import Hurts
from tests.long.scenes import SCENES, prepared
from tests.long.suite import Field, Suite

HITS = 4  # of each moment, as far as it comes so often
# what takes a real Nix to come by
WITH_NIX = frozenset({"environment.captured"})


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Kill one deed at one moment: at its first time, at its last, and at others between."""
    moment, place = _table()[number]
    scenes = _where(field)[moment]
    assert scenes, f"no scene comes by {moment}"
    name, hit = chance.choice(scenes) if place else scenes[0]
    if place == HITS - 1:
        hit = max(at for other, at in scenes if other == name)
    return kill(field, name, moment, hit)


def kill(field: Field, name: str, moment: str, hit: int) -> str:
    """Kill a scene's deed at a moment, do it again, and look whether everything holds."""
    life, scene = prepared(field, name), SCENES[name]
    deed = scene.deed(life)
    ended = life.do(deed, Hurts(moment=moment, hit=hit))
    if ended.code != -9 and hit > 1:  # threads take turns in another order than when it was counted
        clear(life.place)
        return kill(field, name, moment, 1)
    assert ended.code == -9, f"not killed at {moment}: {ended}"
    if not scene.broken:
        life.check()
    life.succeed(scene.again(life) if scene.again else deed)
    life.finish()
    return f"{name} killed at {moment} ({hit})"


def _table() -> list[tuple[str, int]]:
    """Return each moment with each of its hits."""
    moments = [point for point in get_args(Point) if point not in WITH_NIX]
    return [(moment, place) for place in range(HITS) for moment in moments]


def _where(field: Field) -> dict[str, list[tuple[str, int]]]:
    """Return in which scenes each moment comes, and how often; found out once."""
    if not _FOUND:
        found: dict[str, list[tuple[str, int]]] = {point: [] for point in get_args(Point)}
        for name, scene in SCENES.items():
            life = prepared(field, name)
            ended = life.do(scene.deed(life), Hurts(count=True))
            assert ended.code == 0, str(ended)
            clear(life.place)
            for moment, count in ended.counts["moments"].items():
                found[moment] += [(name, hit) for hit in range(1, count + 1)]
        _FOUND.update(found)
    return _FOUND


_FOUND: dict[str, list[tuple[str, int]]] = {}

SUITE = Suite("point", "kill -9 at every named moment", len(_table()), trial)
