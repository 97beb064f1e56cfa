"""The reproductions: at which size tests run each, and what a full one must give."""

import shlex
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from tests.commands import EXAMPLES

PER_RUN: Final = 50_000  # micro-credits, as each `publish` asks
SHARE_PERCENT: Final = 5


@dataclass(frozen=True)
class Reproduction:
    """An example that is published: its folder, and params at which each step runs in moments."""

    name: str
    small: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return EXAMPLES / self.name

    @property
    def sizes(self) -> tuple[str, ...]:
        """Return the words that make it small."""
        return tuple(word for one in self.small for word in ("-p", one))

    @property
    def claims(self) -> tuple[str, ...]:
        """Return what its author says of every run, as `publish` has it."""
        words = shlex.split((self.folder / "publish").read_text(), comments=True)
        return tuple(then for word, then in pairwise(words) if word == "--check")


REPRODUCTIONS: Final = (
    Reproduction(
        "selfplay",
        (
            *("shards=[0, 1]", "games=8", "simulations=8", "epochs=1", "arenas=[0]"),
            *("arena_openings=4", "match_simulations=4", "exam_openings=4", "ladder_openings=2"),
        ),
    ),
    Reproduction(
        "masked",
        (*("steps=5", "copies=1", "probe_seeds=[0]", "examples=32", "epochs=1"),),
    ),
    Reproduction(
        "language",
        (
            *("rates=[0.003, 0.01]", "updates=10", "questions=10", "orders=[1, 2]"),
            *("tasks=[prose, close, sum]", "sample_seeds=[1]", "sample_length=20"),
        ),
    ),
    Reproduction(
        "structure",
        (
            *("crops=40", "epochs=1", "sequences=60", "width=8", "members=[0]"),
            *("places=[0, 1]", "crop_size=24"),
        ),
    ),
    Reproduction(
        "synthesis",
        (
            *("pairs=300", 'asked={"2": 2, "3": 2}', "tests=4", "width=16", "updates=10"),
            *("shards=[0, 1]", "shard_count=2", "candidates=100"),
        ),
    ),
    Reproduction(
        "pictures",
        (
            *("training={updates: 20, batch: 16, rate: 0.005, drop: 0.3, blur: 0.2}", "shards=[0]"),
            *("shard_count=1", "match_epochs=2", "digits=[3, 8]", "candidates=8", "keep=2"),
        ),
    ),
    Reproduction(
        "league",
        (
            *("agents=[main-1, main-exploiter-1]", "updates=4", "snapshots=1"),
            *("against=[league]", "exploiter_updates=4"),
        ),
    ),
    Reproduction("clinical", ("folds=[0, 1, 2]", "bootstrap_seeds=[0, 1]", "resamples=50")),
)
