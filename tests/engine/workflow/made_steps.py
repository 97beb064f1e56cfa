"""Steps of a workflow file, at random and valid: each reads what is there before it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from hypothesis import strategies as st

from engine.workflow.names import RESERVED_STEPS
from engine.workflow.steps import DEFAULT_KEYS
from tests.engine.workflow.made_tables import (
    ITEMS,
    NAMES,
    TEXT,
    Data,
    resources,
    tables,
    verifies,
)

Draw: TypeAlias = Callable[[st.SearchStrategy[Data]], Data]

_VARIABLES: Final = st.sampled_from(["A", "_b", "Path_2", "PATH", "x"])
_PARTS: Final = st.sampled_from(["", "/x", "/./d//x/", "/a b"])


@dataclass(frozen=True, slots=True)
class Made:
    """A step that later ones may read."""

    name: str
    scatter: Data  # of the file, or None
    count: int | None  # None while a param or a directory decides
    outputs: tuple[str, ...]


@dataclass(slots=True)
class Around:
    """What is there for a step to name."""

    params: Mapping[str, Data]
    inputs: tuple[str, ...]
    environments: tuple[str, ...]
    steps: list[Made] = field(default_factory=list)


def for_lists(name: str) -> bool:
    """Return what a param without a default is for: a list to scatter over, or a truth value."""
    return len(name) % 2 == 1


def step(draw: Draw, around: Around, *, has_default: bool) -> tuple[str, dict[str, Data]]:
    """Return a step with its name, and enter it among those that are there."""
    taken = [*RESERVED_STEPS, *(one.name for one in around.steps)]
    name = draw(NAMES.filter(lambda name: name not in taken))
    like = draw(st.sampled_from([None, *(one for one in around.steps if one.scatter)]))
    scatter, count = (like.scatter, like.count) if like else _scatter(draw, around)
    reads = {
        key: _reference(draw, around, scatter)
        for key in draw(st.lists(NAMES, max_size=3, unique=True))
        if key not in (scatter or {})
    }
    reads = {key: text for key, text in reads.items() if text}
    outputs = draw(tables(st.none()))
    known = _Known(
        tuple(key for key in reads if "[*]" in reads[key]),
        tuple(key for key in reads if "[*]" not in reads[key]),
        tuple(outputs),
        tuple(around.params),
        tuple(scatter or {}),
    )
    keys: dict[str, Data] = {"run": _run(draw, known)}
    if reads or draw(st.booleans()):
        keys["inputs"] = reads
    if outputs or draw(st.booleans()):
        keys["outputs"] = {key: _output(draw, around, key) for key in outputs}
    if scatter:
        keys["scatter"] = scatter
    keys |= shared(draw, around, known)
    if not has_default:
        keys.setdefault("environment", around.environments[0])
    around.steps.append(Made(name, scatter, count, tuple(outputs)))
    return name, dict(draw(st.permutations([*keys.items()])))


def shared(draw: Draw, around: Around, known: "_Known | None" = None) -> dict[str, Data]:
    """Return any of the keys that may be defaults, too."""
    known = known or _Known((), (), (), tuple(around.params), ())
    truths = [
        key
        for key, value in around.params.items()
        if isinstance(value, bool) or (value is None and not for_lists(key))
    ]
    keys = {
        "environment": st.sampled_from(around.environments),
        "resources": resources(),
        "retries": st.integers(0, 100),
        "env": st.dictionaries(_VARIABLES, _word(known), max_size=2),
        "cache": st.booleans(),
        "needs": st.lists(st.sampled_from([one.name for one in around.steps]), max_size=2)
        if around.steps
        else st.just([]),
    }
    assert {*keys, "when"} == {*DEFAULT_KEYS}
    if truths:
        keys["when"] = st.sampled_from(truths).map(lambda name: f"params.{name}")
    found: dict[str, Data] = draw(st.fixed_dictionaries({}, optional=keys))
    return found


def final(draw: Draw, around: Around) -> str | None:
    """Return a reference for the workflow's own outputs, if there is one."""
    return _reference(draw, Around({}, (), (), around.steps), None)


def _scatter(draw: Draw, around: Around) -> tuple[Data, int | None]:
    if draw(st.booleans()):
        return None, 1
    count: int | None = 1
    found: dict[str, Data] = {}
    for key in draw(st.lists(NAMES, min_size=1, max_size=2, unique=True)):
        found[key], items = draw(st.sampled_from(_axes(draw, around, bool(found))))
        count = None if count is None or items is None else count * items
    return found, count


def _axes(draw: Draw, around: Around, second: bool) -> list[tuple[Data, int | None]]:
    """Return what a step may be scattered over: one directory at most."""
    items = draw(ITEMS)
    found: list[tuple[Data, int | None]] = [(items, len(items))]
    for key, value in around.params.items():
        if isinstance(value, list) or (value is None and for_lists(key)):
            found.append((f"params.{key}", None if value is None else len(value)))
    for one in around.steps if not second else ():
        pick = "[0]" if one.scatter else ""
        if one.count != 0:
            found += [(f"{one.name}{pick}.{out}{draw(_PARTS)}/*", None) for out in one.outputs]
    return found


def _reference(draw: Draw, around: Around, scatter: Data) -> str | None:
    choices = [f"inputs.{name}" for name in around.inputs]
    for one in around.steps:
        picks = [""] if not one.scatter else ["[*]"]
        if one.scatter and one.count != 0:
            picks.append("[0]")
        if one.scatter and scatter and [*one.scatter.items()] == [*scatter.items()]:
            picks.append("")
        choices += [f"{one.name}{pick}.{out}" for pick in picks for out in one.outputs]
    if not choices:
        return None
    return draw(st.sampled_from(choices)) + str(draw(_PARTS))


def _output(draw: Draw, around: Around, name: str) -> Data:
    path = draw(st.sampled_from([f"{name}.d", f"./{name}.d/", f"{name}.d//é"]))
    if draw(st.booleans()):
        return path
    rules = verifies() | _comparators(around)
    return {"path": path, **draw(st.fixed_dictionaries({}, optional={"verify": rules}))}


def _comparators(around: Around) -> st.SearchStrategy[Data]:
    """Return every program that may compare two outputs."""
    reads = st.sampled_from([f"inputs.{name}" for name in around.inputs] or [""])
    run = st.sampled_from(
        ["cmp {inputs.was} {inputs.now}", ["cmp", "{inputs.was}", "{inputs.now}", 1.50]]
    )
    may = {
        "environment": st.sampled_from(around.environments),
        "resources": resources(),
        "inputs": st.dictionaries(NAMES.filter(lambda name: name not in ("was", "now")), reads)
        if around.inputs
        else st.just({}),
    }
    return st.fixed_dictionaries({"run": run}, optional=may).map(lambda found: {"compare": found})


@dataclass(frozen=True, slots=True)
class _Known:
    """What placeholders of a step may name."""

    gathers: tuple[str, ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    params: tuple[str, ...]
    axes: tuple[str, ...]

    def placeholders(self, *, many: bool) -> st.SearchStrategy[str]:
        """Return placeholders; `many`: also those that stand for several paths."""
        found = ["{resources.cpus}", *(f"{{params.{name}}}" for name in self.params)]
        found += [f"{{inputs.{name}}}" for name in self.inputs]
        found += [f"{{inputs.{name}.list}}" for name in self.gathers]
        found += [f"{{outputs.{name}}}" for name in self.outputs]
        found += [f"{{scatter.{name}}}" for name in self.axes]
        found += [f"{{inputs.{name}}}" for name in self.gathers if many]
        return st.sampled_from(found)


def _run(draw: Draw, known: _Known) -> Data:
    literal = TEXT.map(_braced)
    if draw(st.booleans()):
        parts = draw(st.lists(literal | known.placeholders(many=True), max_size=5))
        return "x " + "".join(parts)
    item = known.placeholders(many=True) | _word(known)
    return ["program", *draw(st.lists(item, max_size=4))]


def _word(known: _Known) -> st.SearchStrategy[Data]:
    """Return an item of a list `run`, or a variable: text, a number or a truth value."""
    parts = st.lists(TEXT.map(_braced) | known.placeholders(many=False), max_size=3)
    numbers = st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.booleans()
    return parts.map("".join) | numbers


def _braced(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
