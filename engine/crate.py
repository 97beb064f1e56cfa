"""Crate: a run as the entities of an RO-Crate, by the Provenance Run Crate profile. Pure.

A *tool* is a step of the workflow, a *formal parameter* what goes into or comes out of it, an
*action* one instance that gave a result. Content stands in the crate once, however many made or
took it: below data/, by its CID. cli/crate.py writes it, with `rocrate`.

>>> Crate(about).entities()[0]["@type"]                                  # doctest: +SKIP
['File', 'SoftwareSourceCode', 'ComputationalWorkflow', 'HowTo']
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal

from engine.content.cid import Cid
from engine.cratedata import CrateData, each, formal, instance, refs, status, usage
from engine.run import Run
from engine.statement import Done, Who
from engine.summary import Output
from engine.times import utc
from engine.values import dataclass
from engine.workflow.model import Workflow

Json = dict[str, Any]
Kind = Literal["File", "Dataset"]

WORKFLOW_FILE: Final = "workflow.json"
WFRUN: Final = "https://w3id.org/ro/terms/workflow-run#"
TERMS: Final = {  # of that profile, which the context of RO-Crate has not
    name: f"{WFRUN}{name}"
    for name in ("ParameterConnection", "connection", "sourceParameter", "targetParameter",
                 "resourceUsage")
}  # fmt: skip
_PROFILES: Final = (
    ("https://w3id.org/ro/wfrun/process/0.5", "Process Run Crate"),
    ("https://w3id.org/ro/wfrun/workflow/0.5", "Workflow Run Crate"),
    ("https://w3id.org/ro/wfrun/provenance/0.5", "Provenance Run Crate"),
    ("https://w3id.org/workflowhub/workflow-ro-crate/1.0", "Workflow RO-Crate"),
)
_ENGINE: Final = "#tallystick"
_LANGUAGE: Final = "#workflow-format"
_RUN: Final = "#run"
_NO_LICENCE: Final = "None is stated: ask who made this run"


@dataclass(frozen=True, slots=True)
class About:
    """What a crate is made of."""

    cid: Cid
    run: Run
    workflow: Workflow
    inputs: Mapping[str, Cid]  # of the workflow, as it was locked
    done: Sequence[Done]  # one or more
    taken: Mapping[str, Mapping[str, Sequence[Cid]]]  # step id -> input -> what it was
    outputs: Mapping[str, Output]
    kinds: Mapping[Cid, Kind]  # of all that content
    version: str  # of this program


class Crate:
    """The entities of one run."""

    def __init__(self, about: About, who: Who) -> None:
        self._about = about
        self._who = who
        self._data = CrateData(about.kinds)
        self._tools = tuple(dict.fromkeys(one.summary.name for one in about.done))
        self._note_data()

    @property
    def content(self) -> dict[str, Cid]:
        """What is to be written: path in the crate -> content."""
        return self._data.content

    def root(self) -> Json:
        """Return what is said of the crate as a whole."""
        about = self._about
        return {
            "name": f"A run of {about.workflow.name}",
            "description": about.workflow.description or f"A run of {about.workflow.name}",
            "datePublished": utc(self._ended_ms()),
            "license": _NO_LICENCE,
            "identifier": f"ipfs://{about.cid}",
            "conformsTo": refs(uri for uri, _ in _PROFILES),
            "mainEntity": {"@id": WORKFLOW_FILE},
            "mentions": refs(
                (_RUN, "#organize", *(instance("do", d.summary.id) for d in about.done))
            ),
        }

    def data(self) -> Iterator[Json]:
        """Yield what stands in the crate as files and directories."""
        about = self._about
        yield {
            "@id": WORKFLOW_FILE,
            "@type": ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            "name": about.workflow.name,
            "encodingFormat": "application/json",
            "programmingLanguage": {"@id": _LANGUAGE},
            "identifier": f"ipfs://{about.run.workflow}",
            "hasPart": refs(f"#tool/{name}" for name in self._tools),
            "step": refs(f"#step/{name}" for name in self._tools),
            "input": refs((*self._params(), *(f"#in/{name}" for name in about.inputs))),
            "output": refs(f"#out/{name}" for name in about.outputs),
            "connection": refs(str(one["@id"]) for one in self._connections()),
        }
        yield from self._data.entities()

    def context(self) -> Iterator[Json]:
        """Yield everything else."""
        yield from self._fixed()
        yield from self._parameters()
        for position, name in enumerate(self._tools):
            yield from self._tool(name, position)
        for done in self._about.done:
            yield from self._action(done)
        yield from self._connections()
        yield self._whole_action()
        yield {
            "@id": "#organize",
            "@type": "OrganizeAction",
            "name": "the engine's run",
            "instrument": {"@id": _ENGINE},
            "object": refs(instance("control", done.summary.id) for done in self._about.done),
            "result": {"@id": _RUN},
        }

    def _note_data(self) -> None:
        """Enter all content with what it is an example of."""
        about = self._about
        for name, cid in about.inputs.items():
            self._data.note(cid, f"#in/{name}")
        for done in about.done:
            step = done.summary
            for name, cids in about.taken[step.id].items():
                for cid in cids:
                    self._data.note(cid, f"#tool/{step.name}/in/{name}")
            for name, cid in done.result.outputs.items():
                self._data.note(cid, f"#tool/{step.name}/out/{name}")
        for name, output in about.outputs.items():
            for cid in each(output):
                self._data.note(cid, f"#out/{name}")

    def _params(self) -> list[str]:
        return [f"#param/{name}" for name in self._about.run.parameters]

    def _fixed(self) -> Iterator[Json]:
        for uri, name in _PROFILES:
            version = uri.rpartition("/")[2]
            yield {"@id": uri, "@type": "CreativeWork", "name": name, "version": version}
        yield {
            "@id": _ENGINE,
            "@type": "SoftwareApplication",
            "name": "Tallystick",
            "softwareVersion": self._about.version,
        }
        yield {"@id": _LANGUAGE, "@type": "ComputerLanguage", "name": "Tallystick workflow"}
        for closure in dict.fromkeys(done.step.closure for done in self._about.done):
            name = "an environment, by the CID of its closure"
            yield {"@id": f"ipfs://{closure}", "@type": "SoftwareApplication", "name": name}
        signers = dict.fromkeys(one.signer for done in self._about.done for one in done.told)
        for signer in filter(None, signers):
            yield {"@id": self._who(signer), "@type": "Organization", "name": "a peer, by its key"}

    def _parameters(self) -> Iterator[Json]:
        about = self._about
        for name, value in about.run.parameters.items():
            yield formal(f"#param/{name}", name, "Text")
            yield {
                "@id": f"#value/{name}",
                "@type": "PropertyValue",
                "name": name,
                "value": value,
                "exampleOfWork": {"@id": f"#param/{name}"},
            }
        for name, cid in about.inputs.items():
            yield formal(f"#in/{name}", name, self._data.kind(cid))
        for name, output in about.outputs.items():
            first = next(iter(each(output)), None)
            yield formal(f"#out/{name}", name, self._data.kind(first))

    def _tool(self, name: str, position: int) -> Iterator[Json]:
        done = [one for one in self._about.done if one.summary.name == name]
        taken = self._about.taken[done[0].summary.id]
        made = done[0].result.outputs
        outputs = {key: made.get(key) for key in self._about.workflow.steps[name].outputs}
        ins = [f"#tool/{name}/in/{key}" for key in taken]
        outs = [f"#tool/{name}/out/{key}" for key in outputs]
        yield {
            "@id": f"#tool/{name}",
            "@type": "SoftwareApplication",
            "name": name,
            "input": refs(ins),
            "output": refs(outs),
            "softwareRequirements": refs(
                dict.fromkeys(f"ipfs://{one.step.closure}" for one in done)
            ),
        }
        yield {
            "@id": f"#step/{name}",
            "@type": "HowToStep",
            "name": name,
            "position": str(position),
            "workExample": {"@id": f"#tool/{name}"},
        }
        for key, cids in taken.items():
            yield formal(f"#tool/{name}/in/{key}", key, self._data.kind(next(iter(cids), None)))
        for key, cid in outputs.items():
            yield formal(f"#tool/{name}/out/{key}", key, self._data.kind(cid))

    def _action(self, done: Done) -> Iterator[Json]:
        step, own = done.summary, next((one for one in done.told if one.is_own), None)
        taken = [cid for cids in self._about.taken[step.id].values() for cid in cids]
        action: Json = {
            "@id": instance("do", step.id),
            "@type": "CreateAction",
            "name": f"{step.id}, {step.status}",
            "identifier": f"ipfs://{step.key}",
            "instrument": {"@id": f"#tool/{step.name}"},
            "object": self._data.refs(taken),
            "result": self._data.refs(done.result.outputs.values()),
            "actionStatus": status(failed=step.status == "failed"),
        }
        if own is not None:
            said = own.said
            used = {"wall_ms": said.wall_ms, "processor_ms": said.processor_ms,
                     "peak_memory_bytes": said.peak_memory}  # fmt: skip
            action["startTime"] = utc(said.started_ms)
            action["endTime"] = utc(said.started_ms + said.wall_ms)
            action["resourceUsage"] = refs(f"{instance('usage', step.id)}/{name}" for name in used)
            action["description"] = f"in {said.sandbox}, on {said.system}"
            if own.signer:
                action["agent"] = {"@id": self._who(own.signer)}
            yield from (usage(step.id, name, value) for name, value in used.items())
        yield action
        yield {
            "@id": instance("control", step.id),
            "@type": "ControlAction",
            "name": f"the engine's part in {step.id}",
            "instrument": {"@id": f"#step/{step.name}"},
            "object": {"@id": instance("do", step.id)},
        }

    def _whole_action(self) -> Json:
        about = self._about
        values = [{"@id": f"#value/{name}"} for name in about.run.parameters]
        given = [cid for output in about.outputs.values() for cid in each(output)]
        return {
            "@id": _RUN,
            "@type": "CreateAction",
            "name": f"A run of {about.workflow.name}",
            "identifier": f"ipfs://{about.cid}",
            "instrument": {"@id": WORKFLOW_FILE},
            "object": [*values, *self._data.refs(about.inputs.values())],
            "result": self._data.refs(given),
            "startTime": utc(self._began_ms()),
            "endTime": utc(self._ended_ms()),
            "actionStatus": status(failed=about.run.status != "succeeded"),
        }

    def _connections(self) -> list[Json]:
        """Return which output goes into which input, as the actions' content shows it."""
        made = {
            cid: f"#tool/{done.summary.name}/out/{name}"
            for done in self._about.done
            for name, cid in done.result.outputs.items()
        } | {cid: f"#in/{name}" for name, cid in self._about.inputs.items()}
        pairs = {
            (made[cid], f"#tool/{done.summary.name}/in/{name}"): None
            for done in self._about.done
            for name, cids in self._about.taken[done.summary.id].items()
            for cid in cids
            if cid in made
        }
        return [
            {
                "@id": f"#connection/{at}",
                "@type": "ParameterConnection",
                "sourceParameter": {"@id": source},
                "targetParameter": {"@id": target},
            }
            for at, (source, target) in enumerate(pairs)
        ]

    def _own(self) -> list[tuple[int, int]]:
        """Return when what the run itself attests began, and how long it took."""
        own = (one for done in self._about.done for one in done.told if one.is_own)
        return [(one.said.started_ms, one.said.wall_ms) for one in own]

    def _began_ms(self) -> int:
        return min((began for began, _ in self._own()), default=0)

    def _ended_ms(self) -> int:
        return max((began + took for began, took in self._own()), default=0)
