"""The part of the JSON Schema that is about `steps` and `defaults`. Pure."""

from typing import Final

from engine.workflow.names import NAME, RESERVED_STEPS, VARIABLE
from engine.workflow.resources import MAX_CPUS
from engine.workflow.schema_terms import Schema, closed, list_of, matching, named, said
from engine.workflow.steps import MAX_AXES, MAX_NAMES, MAX_RETRIES, MAX_VARIABLES
from engine.workflow.units import SIZES, TIMES

_WORD: Final[Schema] = {"type": ["string", "number", "boolean"]}
_PICK: Final = r"(\[(0|[1-9][0-9]{0,6})\])?"
_PICK_OR_ALL: Final = r"(\[(\*|0|[1-9][0-9]{0,6})\])?"
OUTPUT: Final = rf"(?!(inputs|params)\.){NAME}{_PICK_OR_ALL}\.{NAME}(/[^*]*)?"
_INSIDE: Final = r"(?!/)(?!(.*/)?\.\.(/|$)).+"  # relative, and never climbing out


def defaults() -> Schema:
    """Return the schema of what steps have that do not say otherwise."""
    return closed(_shared_keys())


def steps() -> Schema:
    """Return the schema of all steps."""
    reserved = {"not": {"enum": list(RESERVED_STEPS)}}
    return {**named(_step()), "minProperties": 1, "propertyNames": reserved}


def _step() -> Schema:
    reference = matching(rf"(inputs\.{NAME}(/[^*]*)?|{OUTPUT})")
    read = said(
        "`inputs.NAME`, `STEP.OUTPUT`, or `STEP[*].OUTPUT` for all instances; `/PATH` after it "
        "takes a part.",
        reference,
        "inputs.code/train.py",
        "train[*].model",
    )
    keys = {
        "run": _run(),
        "inputs": said(
            "What it reads: name to reference. Seen at /in/NAME, and as `{inputs.NAME}`.",
            named(read, MAX_NAMES),
            {"data": "prepare.data"},
        ),
        "outputs": said(
            "What it makes: name to path below /out. `{outputs.NAME}` in `run`.",
            named(_output(), MAX_NAMES),
            {"model": "model.npz"},
        ),
        "scatter": said(
            "One instance per item, as `{scatter.NAME}`; several names are a cross product.",
            {**named(_axis(), MAX_AXES), "minProperties": 1},
            {"seed": "params.seeds"},
        ),
        **_shared_keys(),
    }
    return said("A unit of work: it sees what it names, and nothing else.", closed(keys, "run"))


def _run() -> Schema:
    something = {"type": "string", "pattern": r"\S"}
    command = {"type": "array", "items": _WORD, "minItems": 1}
    return said(
        "The command: a text for /bin/sh -eu, in which values are quoted, or a list to execute.",
        {"anyOf": [something, command]},
        "python {inputs.code} {outputs.data}",
        ["python", "{inputs.code}", "{outputs.data}"],
    )


def _output() -> Schema:
    path = said("A file or directory below /out.", matching(_INSIDE), "model.npz")
    judged = closed({"path": path, "verify": _verify()}, "path")
    return said("A path, or a map with `path` and `verify`.", {"anyOf": [path, judged]})


def _verify() -> Schema:
    tolerance = said(
        "How far numbers in JSON, CSV, TSV and npy or npz may be apart.",
        {"type": "number", "exclusiveMinimum": 0},
        1e-6,
    )
    return said(
        "How a rerun's output is judged: every byte the same, within a tolerance, by a program of "
        "yours, or not at all.",
        {
            "anyOf": [
                {"enum": ["exact", "none"]},
                closed({"tolerance": tolerance}, "tolerance"),
                closed({"compare": _comparator()}, "compare"),
            ]
        },
        {"tolerance": 1e-6},
        default="exact",
    )


def _comparator() -> Schema:
    keys = {
        "run": _run(),
        "environment": said("The name of an environment. The step's own.", {"type": "string"}),
        "inputs": said(
            "What else it reads: name to an input of the workflow.",
            {
                **named(said("`inputs.NAME`.", matching(rf"inputs\.{NAME}(/[^*]*)?")), MAX_NAMES),
                "propertyNames": {"not": {"enum": ["now", "was"]}},
            },
            {"code": "inputs.code/compare.py"},
        ),
        "resources": said("What it may use.", _resources(), {"memory": "1GiB"}),
    }
    return said(
        "A program that is given {inputs.was} and {inputs.now} and writes {outputs.verdict}: "
        '{"equivalent": true, "difference": "", "deviation": null}.',
        closed(keys, "run"),
        {"run": "python {inputs.code} {inputs.was} {inputs.now} {outputs.verdict}"},
    )


def _axis() -> Schema:
    entries = rf"(?!(inputs|params)\.){NAME}{_PICK}\.{NAME}(/[^*]*)?/\*"
    return said(
        "A list, `params.NAME`, or `STEP.OUTPUT/*` for the entries of a directory.",
        {"anyOf": [{"type": "array"}, matching(rf"(params\.{NAME}|{entries})")]},
        "params.seeds",
        "split.parts/*",
    )


def _shared_keys() -> dict[str, Schema]:
    """Return the keys of a step that may also be defaults."""
    return {
        "environment": said("The name of an environment.", {"type": "string"}),
        "needs": said(
            "Steps that come before, without data.", list_of(matching(NAME), MAX_NAMES), ["prepare"]
        ),
        "resources": said("What one instance may use.", _resources(), {"memory": "1GiB"}),
        "retries": said(
            "Extra attempts after the first.",
            {"type": "integer", "minimum": 0, "maximum": MAX_RETRIES},
            default=0,
        ),
        "env": said(
            "Extra variables, unquoted. They may override those that every step is given.",
            named(_WORD, MAX_VARIABLES, VARIABLE),
            {"VERBOSE": "1"},
        ),
        "cache": said("false never reuses an earlier result.", {"type": "boolean"}, default=True),
        "when": said(
            "A param; false skips the step.", matching(rf"params\.{NAME}"), "params.plots"
        ),
    }


def _resources() -> Schema:
    cpus = {"type": "integer", "minimum": 1, "maximum": MAX_CPUS}
    return closed(
        {
            "cpus": said("Processors.", cpus, default=1),
            "memory": said("A number and a unit.", _quantity(SIZES), "512MiB", default="2GiB"),
            "disk": said("Scratch and outputs.", _quantity(SIZES), "10GiB", default="4GiB"),
            "gpus": said("Not supported by this version.", {"const": 0}),
            "time": said("How long it may take.", _quantity(TIMES), "2min", default="1d"),
        }
    )


def _quantity(units: dict[str, int]) -> Schema:
    return matching(rf"[0-9]{{1,15}}(\.[0-9]{{1,9}})? ?({'|'.join(units)})")
