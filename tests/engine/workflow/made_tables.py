"""Parts of workflow files, at random and valid: names, values, inputs, environments, resources.

Each is plain data, as a file says it: what YAML, the builder and the JSON Schema all must take.
"""

from typing import Any, Final, TypeAlias

from hypothesis import strategies as st

from engine.workflow.environment_sources import FORMS, OPTIONS
from engine.workflow.resources import KEYS as RESOURCE_KEYS
from engine.workflow.sources import SHARES
from engine.workflow.units import SIZES, TIMES
from tests.engine.workflow.corpus import CID, STORE_PATH

Data: TypeAlias = Any  # text, numbers, truth values, nothing, and lists and dicts of them

_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
NAMES: Final = st.builds(
    str.__add__, st.sampled_from(_LETTERS), st.text(_LETTERS + "0123456789_-", max_size=62)
)
TEXT: Final = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=9)
NUMBERS: Final = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
SCALARS: Final = TEXT | NUMBERS | st.booleans()
VALUES: Final = st.recursive(
    SCALARS | st.none(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ITEMS: Final = st.lists(VALUES, max_size=3)  # of a list that a step is scattered over
_PATHS: Final = st.text("ab.-é ", max_size=6).map(lambda text: f"p/{text}x")
_PARTS: Final = st.sampled_from(["a", "x86", "b-1", "c.d", "E_f"])


def tables(values: st.SearchStrategy[Data], most: int = 3) -> st.SearchStrategy[dict[str, Data]]:
    """Return maps from names to values."""
    return st.dictionaries(NAMES, values, max_size=most)


def inputs() -> st.SearchStrategy[Data]:
    """Return inputs in every form."""
    share = {"share": st.sampled_from(SHARES)}
    where = _PATHS.map(lambda path: f"./{path}") | _PATHS
    ignore = st.lists(st.sampled_from(["*.bak", "b", "a/", "*"]), max_size=3)
    return st.one_of(
        where,
        _with({"path": where}, {"ignore": ignore, **share}),
        _with({"cid": st.just(CID)}, share),
        _with(
            {
                "url": st.sampled_from(["https://example.org/w", "http://a/%20"]),
                "sha256": st.sampled_from(["ab" * 32, "AB" * 32]),
            },
            share,
        ),
    )


def environments() -> st.SearchStrategy[Data]:
    """Return environments in every form."""
    made = _made_by_nix()
    lists = [st.lists(_PARTS, max_size=3) for _ in OPTIONS[1:]]
    options = {"python": made, **dict(zip(OPTIONS[1:], lists, strict=True))}
    return made | _with({"requirements": _PATHS}, options)


def _made_by_nix() -> st.SearchStrategy[Data]:
    attribute = {"attribute": st.sampled_from(["env-numpy", "a.b'", "_x"])}
    sources = {
        "nix": _PATHS,
        "flake": st.sampled_from(["nixpkgs/abc#python312", "."]),
        "store": st.just(STORE_PATH),
        "drv": st.sampled_from([f"{STORE_PATH}.drv", f"{STORE_PATH}.drv!bin,dev"]),
        "cid": st.just(CID),
    }
    assert {*sources, "requirements"} == {*FORMS}
    return st.one_of(
        *(_with({form: text}, attribute if form == "nix" else {}) for form, text in sources.items())
    )


def resources() -> st.SearchStrategy[Data]:
    """Return resources with any of their keys."""
    size = st.builds(_quantity, st.integers(2, 900), st.sampled_from([*SIZES][3:]))
    time = st.builds(_quantity, st.integers(1, 300), st.sampled_from([*TIMES]))
    keys = {"cpus": st.integers(1, 1_024), "memory": size, "disk": size, "gpus": st.just(0)}
    keys["time"] = time
    assert {*keys} == {*RESOURCE_KEYS}
    return st.fixed_dictionaries({}, optional=keys).flatmap(_shuffled)


def verifies() -> st.SearchStrategy[Data]:
    """Return every way in which an output may be judged."""
    tolerance = st.integers(1, 9) | st.floats(1e-300, 1e300)
    return st.sampled_from(["exact", "none"]) | tolerance.map(lambda found: {"tolerance": found})


def _quantity(number: int, unit: str) -> str:
    return f"{number}{' ' * (number % 2)}{unit}" if number % 3 else f"{number}.5{unit}"


def _with(
    must: dict[str, st.SearchStrategy[Data]], may: dict[str, st.SearchStrategy[Data]]
) -> st.SearchStrategy[Data]:
    return st.fixed_dictionaries(must, optional=may).flatmap(_shuffled)


def _shuffled(table: dict[str, Data]) -> st.SearchStrategy[dict[str, Data]]:
    return st.permutations([*table.items()]).map(dict)
