"""Environment sources: the `environments` of a workflow file, from nodes to records. Pure."""

import json
import re
from typing import Any, Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.fields import list_of, map_of, placed, refused, text_of
from engine.workflow.model import EnvironmentSource
from engine.workflow.nodes import Field, MapNode, Node
from engine.workflow.paths import no_control
from engine.workflow.sources import MAX_LOCATION, location, one_form
from engine.workflow.values import to_json

FORMS: Final = ("nix", "flake", "store", "drv", "cid", "requirements")
OPTIONS: Final = ("python", "extras", "groups", "without")  # of `requirements`
KEYS: Final = (*FORMS, "attribute", *OPTIONS)
ATTRIBUTE: Final = r"[A-Za-z_][A-Za-z0-9_'-]*(\.[A-Za-z_][A-Za-z0-9_'-]*)*"
STORE_PATH: Final = r"/nix/store/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]{1,211}"
_OUTPUT: Final = r"[a-z0-9_+.-]{1,64}"
DERIVATION: Final = (
    r"/nix/store/[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]{1,207}\.drv"
    rf"(!{_OUTPUT}(,{_OUTPUT})*)?"
)
PART: Final = r"[A-Za-z0-9]([A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"  # an extra or a group
LIBRARY: Final = r"[A-Za-z0-9_][A-Za-z0-9_+.-]{0,126}"
MAX_OPTIONS: Final = 100  # of one list


@dataclass(frozen=True, slots=True)
class Options:
    """What goes with `requirements`."""

    python: EnvironmentSource | None = None  # None: the recipe's own
    extras: tuple[str, ...] = ()  # sorted, as all of these
    groups: tuple[str, ...] | None = None  # None: those that the lock has by default
    without: tuple[str, ...] = ()  # shared libraries that may be missing


def read_environment(node: Node, what: str) -> EnvironmentSource:
    """Read one environment.

    Raises: Refused, with the place.
    """
    table = map_of(node, what, KEYS)
    form, text, mark = one_form(table, FORMS, what)
    for key, allowed in (("attribute", "nix"), *((key, "requirements") for key in OPTIONS)):
        if key in table.fields and form != allowed:
            mark = table.fields[key].key_mark
            raise refused(f"'{form}' takes no {key}", mark, f"remove '{key}'")
    source = placed(_READERS[form], text, mark)
    more = _options(table, what) if form == "requirements" else _attribute(table, what)
    return EnvironmentSource(form, source, more)


def options_of(source: EnvironmentSource) -> Options:
    """Return what goes with the lock file that an environment is made from."""
    data = json.loads(source.attribute or "{}")
    python = data.get("python")
    groups = data.get("groups")
    return Options(
        _from_plain(python) if python is not None else None,
        tuple(data.get("extras", ())),
        tuple(groups) if groups is not None else None,
        tuple(data.get("without", ())),
    )


def plain(source: EnvironmentSource) -> dict[str, Any]:
    """Return the map that a file has for an environment."""
    data: dict[str, Any] = {source.form: source.source}
    if source.form == "requirements":
        data.update(json.loads(source.attribute or "{}"))
        return data
    return data | ({"attribute": source.attribute} if source.attribute else {})


def _from_plain(data: dict[str, str]) -> EnvironmentSource:
    (form,) = (key for key in data if key in FORMS)
    return EnvironmentSource(form, data[form], data.get("attribute", ""))


def _options(table: MapNode, what: str) -> str:
    """Return what goes with a lock file as one JSON text; "" when there is nothing."""
    found: dict[str, Any] = {}
    if (field := table.fields.get("python")) is not None:
        python = read_environment(field.node, f"'python' of {what}")
        if python.form == "requirements":
            fix = "name an environment with the Python alone"
            raise refused("a 'python' made from a lock file", field.node.mark, fix)
        found["python"] = plain(python)
    for key, pattern in (("extras", PART), ("groups", PART), ("without", LIBRARY)):
        if (field := table.fields.get(key)) is not None:
            found[key] = _names(field, f"'{key}' of {what}", pattern)
    kept = {key: value for key, value in found.items() if value or key == "groups"}
    return to_json(kept) if kept else ""


def _names(field: Field, what: str, pattern: str) -> list[str]:
    nodes = list_of(field.node, what)
    if len(nodes) > MAX_OPTIONS:
        raise refused(f"{what} has more than {MAX_OPTIONS}", field.node.mark, "use fewer")
    names = set()
    for node in nodes:
        text = text_of(node, f"an item of {what}")
        if not re.fullmatch(pattern, text, re.ASCII):
            raise refused(f"not a name: {text[:80]!r} in {what}", node.mark, "write it as it is")
        names.add(text)
    return sorted(names)


def _attribute(table: MapNode, what: str) -> str:
    field = table.fields.get("attribute")
    if field is None:
        return ""
    text = text_of(field.node, f"'attribute' of {what}")
    if len(text) > 255 or not re.fullmatch(ATTRIBUTE, text, re.ASCII):
        raise refused(
            f"not an attribute: {text[:80]!r}", field.node.mark, "write as env-numpy or a.b"
        )
    return text


def _flake(text: str) -> str:
    if not text or text.startswith("-") or re.search(r"\s", text) or len(text) > MAX_LOCATION:
        raise Refused(
            f"not a flake reference: {text[:80]!r}", fix="write as nixpkgs/<rev>#python312"
        )
    return no_control(text)


def _store_path(text: str) -> str:
    if not re.fullmatch(STORE_PATH, text, re.ASCII):
        raise Refused(f"not a store path: {text[:80]!r}", fix="write as /nix/store/<hash>-<name>")
    return text


def derivation(text: str) -> str:
    """Return a derivation's path, which may name outputs: "/nix/store/….drv!bin,dev".

    Raises: Refused for anything else.
    """
    if not re.fullmatch(DERIVATION, text, re.ASCII):
        fix = "write as /nix/store/<hash>-<name>.drv"
        raise Refused(f"not a derivation: {text[:80]!r}", fix=fix)
    return text


def _cid(text: str) -> str:
    return str(Cid.parse(text))


_READERS: Final = {
    "nix": location,
    "flake": _flake,
    "store": _store_path,
    "drv": derivation,
    "cid": _cid,
    "requirements": location,
}
