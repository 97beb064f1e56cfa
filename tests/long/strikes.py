"""strike: the n-th system call of a kind fails, once or from then on, in each scene.

What may come of it: the deed is done all the same, or it is refused with a reason (exit 3, or 5
where bytes could not be read); never a wrong yes, a traceback, or a loss.
"""

import random

from tests.long.hurts import CLASSES, Hurts
from tests.long.scenes import SCENES, prepared
from tests.long.suite import Field, Suite

ALWAYS = 0.3  # of trials, every later call of the kind fails too: the disk is full, or gone


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Do one deed with one kind of call failing, do it again, and look whether everything holds."""
    name = chance.choice(sorted(SCENES))
    counts = _counts(field, name)
    call = chance.choice([call for call, count in counts.items() if count])
    error = chance.choice(CLASSES[call])
    always = chance.random() < ALWAYS
    return strike(field, name, call, error, chance.randint(1, counts[call]), always=always)


def strike(
    field: Field, name: str, call: str, error: str, number: int, *, always: bool = False
) -> str:
    """Have one call of a scene's deed fail, then do it again."""
    life, scene = prepared(field, name), SCENES[name]
    below = str(life.home)
    hurts = Hurts(below=below, call=call, error=error, number=number, always=always)
    deed = scene.deed(life)
    ended = life.do(deed, hurts)
    if not scene.broken:
        life.check()
    life.succeed(scene.again(life) if scene.again else deed)
    life.finish()
    struck = ended.told.splitlines()
    return f"{name} {hurts}: {ended.code}, {len(struck)} struck, {struck[0] if struck else ''}"


def _counts(field: Field, name: str) -> dict[str, int]:
    """Return how many calls of each class a scene makes; found out once."""
    if name not in _FOUND:
        from tests.long.ground import clear

        life, scene = prepared(field, name), SCENES[name]
        ended = life.do(scene.deed(life), Hurts(count=True, below=str(life.home)))
        assert ended.code == 0, str(ended)
        _FOUND[name] = ended.counts["calls"]
        clear(life.place)
    return _FOUND[name]


_FOUND: dict[str, dict[str, int]] = {}

SUITE = Suite("strike", "the n-th failing system call", 600, trial)
