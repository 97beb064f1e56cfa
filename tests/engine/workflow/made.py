"""Whole workflow files, at random and valid, and the same as YAML and by the builder."""

import random
import re
from typing import Final

from hypothesis import strategies as st

from engine.workflow.builder import StepHandle, Workflow
from engine.workflow.parse import KEYS
from engine.workflow.values import to_json
from engine.workflow.yaml_scalars import plain
from tests.engine.workflow.made_steps import Around, final, shared, step
from tests.engine.workflow.made_tables import (
    ITEMS,
    NAMES,
    TEXT,
    VALUES,
    Data,
    environments,
    inputs,
    tables,
)

_PLAIN: Final = re.compile(r"[A-Za-z.][A-Za-z0-9_./-]*")  # what needs no quotes anywhere in YAML
_REFERENCE: Final = re.compile(r"([a-z][a-z0-9_-]*)(\[(\*|\d+)\])?\.([a-z][a-z0-9_-]*)(?:/(.*))?")


@st.composite
def files(draw: st.DrawFn) -> dict[str, Data]:
    """Return the data of a workflow file that nothing is wrong with."""
    params = draw(tables(VALUES | ITEMS | st.booleans(), 4))
    found: dict[str, Data] = {"workflow": draw(NAMES).replace("_", "-")}
    sources = draw(tables(inputs()))
    rooms = draw(st.dictionaries(NAMES, environments(), min_size=1, max_size=3))
    around = Around(params, tuple(sources), tuple(rooms))
    defaults = draw(st.none() | st.just({}))
    if draw(st.booleans()):
        defaults = shared(draw, around)
    some = {"params": params, "inputs": sources, "environments": rooms, "defaults": defaults}
    assert {*some, "workflow", "description", "trust", "steps", "outputs"} == {*KEYS}
    for key, table in some.items():
        if table or (table is not None and draw(st.booleans())):
            found[key] = table
    if draw(st.booleans()):
        found["description"] = draw(TEXT)
    if draw(st.booleans()):
        found["trust"] = draw(st.sampled_from(["any", "own", "audit", "audit:0.1", "2", "2/3"]))
    has_default = "environment" in (defaults or {})
    found["steps"] = dict(
        step(draw, around, has_default=has_default) for _ in range(draw(st.integers(1, 4)))
    )
    if "needs" in (defaults or {}):  # of a step that itself needs nothing
        first = next(iter(found["steps"]))
        found["defaults"]["needs"], found["steps"][first]["needs"] = [first], []
    if draw(st.booleans()):
        names = draw(st.lists(NAMES, max_size=3, unique=True))
        chosen = {name: final(draw, around) for name in names}
        found["outputs"] = {name: text for name, text in chosen.items() if text}
    return dict(draw(st.permutations([*found.items()])))


def to_yaml(value: Data, chance: random.Random, indent: int = 0) -> str:
    """Return data as YAML, in block or flow style and with or without quotes, by chance."""
    margin = " " * indent
    if isinstance(value, dict) and value and chance.random() < 0.7:
        lines = (
            f"{margin}{_word(key, chance)}:{_below(item, chance, indent)}"
            for key, item in value.items()
        )
        return "\n".join(lines)
    if isinstance(value, list) and value and chance.random() < 0.5:
        return "\n".join(f"{margin}-{_below(item, chance, indent)}" for item in value)
    return margin + _flow(value, chance)


def _below(value: Data, chance: random.Random, indent: int) -> str:
    text = to_yaml(value, chance, indent + 2)
    return f"\n{text}" if "\n" in text or isinstance(value, dict | list) else f" {text.strip()}"


def _flow(value: Data, chance: random.Random) -> str:
    if isinstance(value, dict):
        pairs = (f"{_word(key, chance)}: {_flow(item, chance)}" for key, item in value.items())
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(item, chance) for item in value) + "]"
    return _word(value, chance)


def _word(value: Data, chance: random.Random) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and plain(value) == value:
        return chance.choice([value, f"'{value}'", to_json(value)])
    return to_json(value)


def build(data: Data) -> Workflow:
    """Return the same by calls: steps are referred to by what `step` returned."""
    params = data.get("params", {})
    early = {name: value for name, value in params.items() if value is not None}
    found = Workflow(
        data["workflow"],
        description=data.get("description", ""),
        trust=data.get("trust", ""),
        params=early,
        outputs={} if data.get("outputs") == {} else None,
    )
    for name in params.keys() - early.keys():
        found.param(name)
    for name, source in data.get("inputs", {}).items():
        found.input(name, source) if isinstance(source, str) else found.input(name, **source)
    for name, source in data.get("environments", {}).items():
        found.environment(name, **source)
    if "defaults" in data:
        found.defaults(**data["defaults"])
    handles: dict[str, StepHandle] = {}
    for name, keys in data["steps"].items():
        handles[name] = found.step(name, **_by_handles(keys, handles))
    for name, text in data.get("outputs", {}).items():
        found.output(name, _by_handle(text, handles))
    return found


def _by_handles(keys: Data, handles: dict[str, StepHandle]) -> Data:
    found = dict(keys)
    if "inputs" in keys:
        found["inputs"] = {key: _by_handle(text, handles) for key, text in keys["inputs"].items()}
    if "needs" in keys:
        found["needs"] = tuple(handles[name] for name in keys["needs"])
    return found


def _by_handle(text: str, handles: dict[str, StepHandle]) -> str:
    step, _, pick, output, path = _REFERENCE.fullmatch(text).groups(default="")
    if step not in handles:
        return text
    handle = handles[step]
    if pick:
        handle = handle["*" if pick == "*" else int(pick)]
    if path or not output.isidentifier() or output == "output":
        return handle.output(output, path)
    return getattr(handle, output)
