"""JSON Schema of the workflow file, so that editors complete it and mark mistakes. Pure.

Made from the same names and bounds that parsing uses. It says what a file looks like; what its
references lead to is checked by parsing alone.
"""

from engine.workflow.names import WORKFLOW_NAME
from engine.workflow.parse import MAX_DESCRIPTION
from engine.workflow.schema_sources import an_environment, an_input
from engine.workflow.schema_steps import OUTPUT, defaults, steps
from engine.workflow.schema_terms import DIALECT, Schema, closed, matching, named, said


def json_schema() -> Schema:
    """Return the schema of a workflow file."""
    description = {"type": "string", "maxLength": MAX_DESCRIPTION}
    keys = {
        "workflow": said("The workflow's name.", matching(WORKFLOW_NAME), "digits"),
        "description": said("What it is for.", description),
        "trust": said(
            "When results that peers give are believed; --trust says otherwise for one run.",
            {"anyOf": [{"type": "string"}, {"type": "integer"}]},
            "audit",
            "2/3",
            "own",
            "any",
        ),
        "params": said(
            "Name: default, a scalar or any JSON. null means that it must be given with -p.",
            named(said("The value without -p.", {})),
            {"seeds": [0, 1, 2], "epochs": 30},
        ),
        "inputs": said("What it starts from.", named(an_input()), {"code": "./src"}),
        "environments": said("What steps run in.", named(an_environment())),
        "defaults": said("What steps have that do not say otherwise.", defaults()),
        "steps": said("The work.", steps()),
        "outputs": said(
            "Name: reference. Without it, every output that no step reads.",
            named(said("`STEP.OUTPUT` or `STEP[*].OUTPUT`.", matching(OUTPUT), "report.metrics")),
            {"metrics": "report.metrics"},
        ),
    }
    head = {
        "$schema": DIALECT,
        "$comment": "For editors. 'tally schema -f FILE' writes it anew, with all that it knows.",
        "title": "Tallystick workflow, version 1",
    }
    return head | closed(keys, "workflow", "steps")
