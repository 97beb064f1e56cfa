"""The gallery: what the reproductions gave at full size, as one page. `docs/gallery.md`.

Pictures and numbers beside it are what `pytest tests/test_reproductions.py --full` made.
"""

import json
import shlex
from pathlib import Path
from typing import Any, Final

from tests.reproductions import REPRODUCTIONS, Reproduction

PAGE: Final = Path(__file__).parents[1] / "docs" / "gallery.md"
MADE: Final = PAGE.with_suffix("")  # the folder beside it


def page() -> str:
    """Return the page: what a person wrote at its beginning, and a section for each."""
    head, *_ = PAGE.read_text().split("## ")
    return "\n".join([head.rstrip() + "\n", *map(_section, REPRODUCTIONS)])


def _section(one: Reproduction) -> str:
    words = shlex.split((one.folder / "publish").read_text(), comments=True)
    title = words[words.index("--title") + 1]
    picture = next(
        path.name for path in sorted(MADE.glob(f"{one.name}.*")) if path.suffix != ".json"
    )
    metrics = json.loads((MADE / f"{one.name}.json").read_text())
    rows = [f"| `{claim}` | {_value(metrics, claim)} |" for claim in one.claims]
    lines = [
        f"## {title}",
        f"![What the run of {one.name} made](gallery/{picture})",
        f"[examples/{one.name}](../examples/{one.name}) says what is miniature, and its limits.",
        "\n".join(["| claim | this run |", "| --- | --- |", *rows]),
    ]
    return "\n\n".join(lines) + "\n"


def _value(metrics: Any, claim: str) -> str:
    _, *keys = claim.split()[0].split(".")
    for key in keys:
        metrics = metrics[int(key) if isinstance(metrics, list) else key]
    return str(metrics)
