"""As data: a workflow's record as the plain data of a file that says the same. Pure.

Used to show a published workflow as a file, and to check a record that came from elsewhere: what no
file could say is no workflow.
"""

import json
from typing import Any

from engine.content.cid import DAG_CBOR, Cid
from engine.content.schema import kind_of
from engine.errors import Damaged, Refused
from engine.workflow.check import default_outputs
from engine.workflow.environment_sources import plain
from engine.workflow.model import (
    WORKFLOW,
    WORKFLOW_2,
    Comparator,
    InputSource,
    OutputFile,
    Resources,
    Verify,
    Workflow,
    WorkflowStep,
    record_of,
)
from engine.workflow.nodes import Mark, from_data
from engine.workflow.outputs import EXACT
from engine.workflow.parse import read_workflow


def decode_workflow(block: bytes) -> Workflow:
    """Return the workflow in a record from anywhere, checked as a file is.

    Raises: Damaged when it is no workflow.
    """
    record = WORKFLOW_2 if kind_of(block) == WORKFLOW_2.kind else WORKFLOW
    workflow = record.decode(block)
    name = str(Cid.of(DAG_CBOR, block))
    try:
        same = read_workflow(from_data(as_data(workflow), Mark(name, 1, 1)))
    except (Refused, ValueError, RecursionError) as error:  # json.loads of "[[[[…" recurses
        raise Damaged(f"not a workflow: {error}", where=name) from None
    if same != workflow or record_of(workflow) is not record:
        raise Damaged("not a workflow in its canonical form", where=name)
    return workflow


def as_data(workflow: Workflow) -> dict[str, Any]:
    """Return the maps, lists and values of a file that says the same."""
    data: dict[str, Any] = {"workflow": workflow.name, "description": workflow.description}
    if workflow.trust:
        data["trust"] = workflow.trust
    data["params"] = {
        name: None if text is None else json.loads(text)
        for name, text in workflow.parameters.items()
    }
    data["inputs"] = {name: _input(source) for name, source in workflow.inputs.items()}
    data["environments"] = {name: plain(source) for name, source in workflow.environments.items()}
    data["steps"] = {name: _step(step) for name, step in workflow.steps.items()}
    if workflow.outputs != default_outputs(workflow.steps):
        data["outputs"] = dict(workflow.outputs)
    return data


def _input(source: InputSource) -> dict[str, Any]:
    fields = {
        "path": source.path,
        "cid": source.cid,
        "url": source.url,
        "sha256": source.sha256,
        "ignore": list(source.ignore) or None,
        "share": source.share if source.share != "any" else None,
    }
    return {key: value for key, value in fields.items() if value is not None}


def _step(step: WorkflowStep) -> dict[str, Any]:
    data: dict[str, Any] = {
        "environment": step.environment,
        "run": list(step.command) or step.script,
        "inputs": dict(step.inputs),
        "outputs": {name: _output(output) for name, output in step.outputs.items()},
        "needs": list(step.needs),
        "resources": _resources(step.resources),
        "retries": step.retries,
        "env": dict(step.variables),
        "cache": step.reusable,
    }
    if step.scatter:
        data["scatter"] = {
            axis.name: json.loads(axis.source) if axis.source.startswith("[") else axis.source
            for axis in step.scatter
        }
    if step.condition is not None:
        data["when"] = f"params.{step.condition}"
    return data


def _resources(resources: Resources) -> dict[str, Any]:
    return {
        "cpus": resources.cpus,
        "memory": f"{resources.memory}B",
        "disk": f"{resources.disk}B",
        "time": f"{resources.wall_ms}ms",
    }


def _output(output: OutputFile) -> str | dict[str, Any]:
    if output.verify == EXACT:
        return output.path
    return {"path": output.path, "verify": _verify(output.verify)}


def _verify(verify: Verify) -> str | dict[str, Any]:
    if verify.comparator is not None:
        return {"compare": _comparator(verify.comparator)}
    if verify.tolerance is None:
        return verify.rule
    return {"tolerance": float(verify.tolerance)}


def _comparator(comparator: Comparator) -> dict[str, Any]:
    return {
        "environment": comparator.environment,
        "run": list(comparator.command) or comparator.script,
        "inputs": dict(comparator.inputs),
        "resources": _resources(comparator.resources),
    }
