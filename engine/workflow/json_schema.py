"""JSON Schema of the workflow file, so that editors complete it and mark mistakes. Pure.

Made from the same names and bounds that parsing uses. It says what a file looks like; what its
references lead to is checked by parsing alone.
"""

from typing import Any, Final, TypeAlias

from engine.workflow.environment_sources import (
    ATTRIBUTE,
    DERIVATION,
    LIBRARY,
    MAX_OPTIONS,
    PART,
    STORE_PATH,
)
from engine.workflow.names import NAME, RESERVED_STEPS, VARIABLE, WORKFLOW_NAME
from engine.workflow.parse import MAX_DESCRIPTION, MAX_TABLE
from engine.workflow.resources import MAX_CPUS
from engine.workflow.sources import SHARES
from engine.workflow.steps import MAX_AXES, MAX_NAMES, MAX_RETRIES, MAX_VARIABLES
from engine.workflow.units import SIZES, TIMES

Schema: TypeAlias = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_SOMETHING: Final[Schema] = {"type": "string", "pattern": r"\S"}
_WORD: Final[Schema] = {"type": ["string", "number", "boolean"]}
_CID: Final[Schema] = {"type": "string", "pattern": "^baf[a-z2-7]{56}$"}
_PICK: Final = r"(\[(0|[1-9][0-9]{0,6})\])?"
_PICK_OR_ALL: Final = r"(\[(\*|0|[1-9][0-9]{0,6})\])?"
_OUTPUT: Final = rf"(?!(inputs|params)\.){NAME}{_PICK_OR_ALL}\.{NAME}(/[^*]*)?"
_INSIDE: Final = r"(?!/)(?!(.*/)?\.\.(/|$)).+"  # relative, and never climbing out


def json_schema() -> Schema:
    """Return the schema of a workflow file, as JSON Schema 2020-12."""
    return {
        "$schema": DIALECT,
        "title": "Tallystick workflow, version 1",
        **_object(
            {
                "workflow": _said("The workflow's name.", _matching(WORKFLOW_NAME)),
                "description": _said(
                    "What it is for.", {"type": "string", "maxLength": MAX_DESCRIPTION}
                ),
                "params": _said(
                    "Name: default. null means that it must be given with -p.", _named({})
                ),
                "inputs": _said("Files, directories and CIDs it starts from.", _named(_input())),
                "environments": _said("What steps run in.", _named(_environment())),
                "defaults": _said("What steps have that do not say otherwise.", _defaults()),
                "steps": _said("The work.", _steps()),
                "outputs": _said(
                    "Name: reference. Without it, every output that no step reads.",
                    _named(_matching(_OUTPUT)),
                ),
            },
            ("workflow", "steps"),
        ),
    }


def _object(properties: dict[str, Schema], required: tuple[str, ...] = ()) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": list(required),
        "additionalProperties": False,
    }


def _named(value: Schema, most: int = MAX_TABLE, pattern: str = NAME) -> Schema:
    return {
        "type": "object",
        "patternProperties": {f"^{pattern}$": value},
        "additionalProperties": False,
        "maxProperties": most,
    }


def _matching(pattern: str) -> Schema:
    return {"type": "string", "pattern": f"^{pattern}$"}


def _said(description: str, schema: Schema) -> Schema:
    return {"description": description, **schema}


def _input() -> Schema:
    share = {"enum": list(SHARES)}
    return {
        "anyOf": [
            _said("A path from this file.", _TEXT),
            _object(
                {"path": _TEXT, "ignore": {"type": "array", "items": _TEXT}, "share": share},
                ("path",),
            ),
            _object({"cid": _CID, "share": share}, ("cid",)),
            _object(
                {
                    "url": _matching("https?://.+"),
                    "sha256": _matching("[0-9a-fA-F]{64}"),
                    "share": share,
                },
                ("url", "sha256"),
            ),
        ]
    }


def _environment() -> Schema:
    made_by_nix = [
        _object({"nix": _TEXT, "attribute": _matching(ATTRIBUTE)}, ("nix",)),
        _object({"flake": _matching(r"[^\s-]\S*")}, ("flake",)),
        _object({"store": _matching(STORE_PATH)}, ("store",)),
        _object({"drv": _matching(DERIVATION)}, ("drv",)),
        _object({"cid": _CID}, ("cid",)),
    ]
    python = _said("The environment whose Python it is for.", {"anyOf": made_by_nix})
    lock = _object(
        {
            "requirements": _said("requirements.txt, uv.lock or pylock.toml, with hashes.", _TEXT),
            "python": python,
            "extras": _said("Extras of the project.", _list_of(PART)),
            "groups": _said("Dependency groups of the project.", _list_of(PART)),
            "without": _said("Shared libraries that may be missing.", _list_of(LIBRARY)),
        },
        ("requirements",),
    )
    return {"anyOf": [*made_by_nix, lock]}


def _list_of(pattern: str) -> Schema:
    return {"type": "array", "items": _matching(pattern), "maxItems": MAX_OPTIONS}


def _shared_keys() -> dict[str, Schema]:
    """Return the keys of a step that may also be defaults."""
    return {
        "environment": _said("The name of an environment.", {"type": "string"}),
        "needs": _said(
            "Steps that come before, without data.",
            {"type": "array", "items": _matching(NAME), "maxItems": MAX_NAMES},
        ),
        "resources": _said("What one instance may use.", _resources()),
        "retries": _said(
            "Extra attempts after the first.",
            {"type": "integer", "minimum": 0, "maximum": MAX_RETRIES},
        ),
        "env": _said("Extra variables, unquoted.", _named(_WORD, MAX_VARIABLES, VARIABLE)),
        "cache": _said("false never reuses an earlier result.", {"type": "boolean"}),
        "when": _said("false skips the step.", _matching(rf"params\.{NAME}")),
    }


def _defaults() -> Schema:
    return _object(_shared_keys())


def _steps() -> Schema:
    reserved = {"not": {"enum": list(RESERVED_STEPS)}}
    return {**_named(_step()), "minProperties": 1, "propertyNames": reserved}


def _step() -> Schema:
    command = {"type": "array", "items": _WORD, "minItems": 1}
    path = _matching(_INSIDE)
    output = {"anyOf": [path, _object({"path": path, "verify": _verify()}, ("path",))]}
    return _object(
        {
            "run": _said("A text for sh, or a list to execute.", {"anyOf": [_SOMETHING, command]}),
            "inputs": _said(
                "Name: reference, seen at /in/NAME.",
                _named(_matching(rf"(inputs\.{NAME}(/[^*]*)?|{_OUTPUT})"), MAX_NAMES),
            ),
            "outputs": _said("Name: path below /out.", _named(output, MAX_NAMES)),
            "scatter": _said(
                "One instance per item; several names are a cross product.",
                {**_named(_axis(), MAX_AXES), "minProperties": 1},
            ),
            **_shared_keys(),
        },
        ("run",),
    )


def _axis() -> Schema:
    entries = rf"(?!(inputs|params)\.){NAME}{_PICK}\.{NAME}(/[^*]*)?/\*"
    return {"anyOf": [{"type": "array"}, _matching(rf"(params\.{NAME}|{entries})")]}


def _resources() -> Schema:
    return _object(
        {
            "cpus": {"type": "integer", "minimum": 1, "maximum": MAX_CPUS},
            "memory": _quantity(SIZES),
            "disk": _quantity(SIZES),
            "gpus": _said("Not supported by this version.", {"const": 0}),
            "time": _quantity(TIMES),
        }
    )


def _quantity(units: dict[str, int]) -> Schema:
    return _matching(rf"[0-9]{{1,15}}(\.[0-9]{{1,9}})? ?({'|'.join(units)})")


def _verify() -> Schema:
    tolerance = {"type": "number", "exclusiveMinimum": 0}
    return {
        "anyOf": [{"enum": ["exact", "none"]}, _object({"tolerance": tolerance}, ("tolerance",))]
    }
