"""Statements: a run and each of its steps as in-toto says such things, for others' tools. Pure.

A Statement v1 has *subjects*, what came out, each by its digests, and a *predicate* of a type of
ours, in the terms of SLSA's provenance: what was to be done, on what, who did it and how it went.
What others attested is in it as it is known here; whoever signs the envelope says so (ADR 0146).

>>> step_statement(run, step, work, told, {})["_type"]                   # doctest: +SKIP
'https://in-toto.io/Statement/v1'
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from engine.attestations import machine_of
from engine.content.cid import RAW, Cid
from engine.run import Run
from engine.step import Attestation, Result, Step
from engine.summary import Output, StepSummary
from engine.times import utc
from engine.values import dataclass
from engine.vouches import Vouch

PAYLOAD: Final = "application/vnd.in-toto+json"
STATEMENT: Final = "https://in-toto.io/Statement/v1"
STEP_PREDICATE: Final = "urn:tallystick:predicate:step:1"
RUN_PREDICATE: Final = "urn:tallystick:predicate:run:1"

Json = dict[str, Any]
Who = Callable[[str], str]  # a public key as hexadecimal text -> the URI of who that is
Sums = Mapping[Cid, Mapping[str, str]]  # of content: path in it -> SHA-256 as hexadecimal text


@dataclass(frozen=True, slots=True)
class Done:
    """A step that gave a result, and what is known of it."""

    summary: StepSummary
    step: Step
    result: Result
    told: Sequence[Vouch]


def digest(cid: Cid, sha256: str | None = None) -> dict[str, str]:
    """Return the digests of content: its CID; of a small file BLAKE3, too; SHA-256 if known."""
    found = {"cid": str(cid)}
    if cid.codec == RAW:
        found["blake3"] = cid.raw[-32:].hex()
    return found | ({"sha256": sha256} if sha256 else {})


def resource(name: str, cid: Cid, sha256: str | None = None) -> Json:
    """Return content as a ResourceDescriptor."""
    return {"name": name, "uri": f"ipfs://{cid}", "digest": digest(cid, sha256)}


def subjects(name: str, cid: Cid, sums: Sums) -> list[Json]:
    """Return what came out under a name; of a tree also each file in it, where its sum is known."""
    known = sums.get(cid, {})
    inside = [
        {"name": f"{name}/{path}", "digest": {"sha256": sha256}}
        for path, sha256 in known.items()
        if path
    ]
    return [resource(name, cid, known.get("")), *inside]


def step_statement(run: Cid, done: Done, who: Who, sums: Sums) -> Json:
    """Return what is said of one step of a run."""
    step, result, summary = done.step, done.result, done.summary
    made = [
        one
        for name, cid in result.outputs.items()
        for one in subjects(f"{summary.id}/{name}", cid, sums)
    ]
    predicate = {
        "buildDefinition": {
            "buildType": STEP_PREDICATE,
            "externalParameters": {
                "run": str(run),
                "step": summary.id,
                "command": list(step.command),
                "script": step.script,
                "outputs": step.outputs,
            },
            "internalParameters": {
                "key": str(summary.key),
                "variables": step.variables,
                "platform": {"system": step.platform.system, "requires": step.platform.requires},
                "contract": step.contract,
            },
            "resolvedDependencies": _dependencies(step),
        },
        "runDetails": _run_details(done, who),
        "result": {
            "cid": str(summary.result),
            "exitCode": result.exit_code,
            "status": summary.status,
        },
        "attestations": [_attested(one, who) for one in done.told],
    }
    return _statement(
        made or [resource(summary.id, _result_of(summary))], STEP_PREDICATE, predicate
    )


def run_statement(
    cid: Cid, run: Run, steps: Sequence[StepSummary], outputs: Mapping[str, Output], sums: Sums
) -> Json:
    """Return what is said of a whole run."""
    made = [resource("run", cid)]
    for name, output in outputs.items():
        if isinstance(output, tuple):
            items = (subjects(f"{name}[{at}]", one, sums) for at, one in enumerate(output))
            made += [one for each in items for one in each]
        elif output is not None:
            made += subjects(name, output, sums)
    predicate = {
        "workflow": resource("workflow", run.workflow),
        "lock": resource("lock", run.lock),
        "params": run.parameters,
        "status": run.status,
        "steps": [
            {
                "step": one.id,
                "status": one.status,
                "key": one.key and str(one.key),
                "result": one.result and str(one.result),
            }
            for one in steps
        ],
    }
    return _statement(made, RUN_PREDICATE, predicate)


def _statement(made: list[Json], kind: str, predicate: Json) -> Json:
    return {"_type": STATEMENT, "subject": made, "predicateType": kind, "predicate": predicate}


def _result_of(summary: StepSummary) -> Cid:
    if summary.result is None:
        raise ValueError(f"{summary.id} gave no result")
    return summary.result


def _dependencies(step: Step) -> list[Json]:
    found = [resource("environment", step.closure)]
    if step.script_link is not None:
        found.append(resource("script", step.script_link))
    found += [resource(f"inputs.{name}", cid) for name, cid in step.inputs.items()]
    for name, gather in step.gathers.items():
        found += [resource(f"inputs.{name}[{at}]", cid) for at, cid in enumerate(gather.items)]
        found += [resource(f"inputs.{name} page {at}", c) for at, c in enumerate(gather.pages)]
    return found


def _run_details(done: Done, who: Who) -> Json:
    """Return who ran it and how that went, as the run's own attestation has it."""
    own = next((one for one in done.told if one.is_own), None)
    if own is None:
        return {"builder": {"id": who("")}}
    said = own.said
    logs = {"stdout": said.stdout, "stderr": said.stderr}
    return {
        "builder": {"id": who(own.signer), "version": {"sandbox": said.sandbox}},
        "metadata": {
            "invocationId": f"ipfs://{own.attestation}",
            "startedOn": utc(said.started_ms),
            "finishedOn": utc(said.started_ms + said.wall_ms),
        },
        "byproducts": [resource(name, cid) for name, cid in logs.items() if cid is not None],
    }


def _attested(one: Vouch, who: Who) -> Json:
    return {
        "cid": str(one.attestation),
        "signer": who(one.signer),
        "signature": ("good" if one.holds else "bad") if one.signer else None,
        "result": str(one.said.result),
        "agrees": one.agrees,
        "inRun": one.is_own,
        "sandbox": one.said.sandbox,
        "system": one.said.system,
        "machine": _machine(one.said),
        "startedOn": utc(one.said.started_ms),
        "usage": {
            "wallMs": one.said.wall_ms,
            "processorMs": one.said.processor_ms,
            "peakMemory": one.said.peak_memory,
        },
        "reason": one.said.reason,
    }


def _machine(said: Attestation) -> Json | None:
    machine = machine_of(said)
    if machine is None:
        return None
    return {"class": machine.name, "cores": machine.cores, "kernel": machine.kernel,
            "used": list(machine.used), "masked": list(machine.masked)}  # fmt: skip
