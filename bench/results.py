"""Results: the file of all figures that were ever measured here, and the latest of each."""

import json
import time
from pathlib import Path
from typing import Any, Final

from bench import machine
from bench.row import Row
from bench.setting import Setting

FILE: Final = Path(__file__).with_name("results.jsonl")


def append(file: Path, rows: list[Row], setting: Setting) -> None:
    """Add what was measured, with what it was measured on and with."""
    result = {
        "when": time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime()),
        "machine": machine.machine(),
        "versions": {**machine.versions(), "peers": setting.peers.versions},
        "rounds": setting.rounds,
        "rows": [row.as_json() for row in rows],
    }
    with file.open("a") as results:
        results.write(json.dumps(result, ensure_ascii=False) + "\n")


def table(file: Path) -> str:
    """Return the latest of each figure, as Markdown."""
    latest: dict[tuple[str, str], dict[str, Any]] = {}
    for line in file.read_text().splitlines():
        for row in json.loads(line)["rows"]:
            latest[row["part"], row["what"]] = row
    head = ["| part | what | measured | target | |", "| --- | --- | --- | --- | --- |"]
    return "\n".join([*head, *map(_cells, sorted(latest.values(), key=lambda row: row["part"]))])


def _cells(row: dict[str, Any]) -> str:
    target = f"{row['target']['how']} {row['target']['value']:g}" if row["target"] else ""
    figure = f"{row['figure']:.3g} {row['unit']}".strip()
    return f"| {row['part']} | {row['what']} | {figure} | {target} | {row['verdict']} |"
