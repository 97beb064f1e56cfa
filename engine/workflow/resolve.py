"""Resolve: one instance of a workflow's step to the Step record that is its key. Pure.

A Resolver is for one run: it knows the params, the inputs' CIDs and the environments' closures,
and asks for outputs of earlier steps as they are needed. What does not change from instance to
instance of a scattered step is worked out once.
"""

from collections.abc import Iterable, Iterator, Mapping, Set

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.errors import Refused
from engine.step import CONTRACT, REQUIRES, STEP, SYSTEM, Platform, Step
from engine.values import dataclass
from engine.workflow.check import refuse_params
from engine.workflow.commands import Command, Given
from engine.workflow.contract import variables
from engine.workflow.expand import Bindings, bindings
from engine.workflow.found import Found, Outputs, Select
from engine.workflow.gathers import Gathered, gather
from engine.workflow.keys import Mould
from engine.workflow.model import Resources, Workflow, WorkflowStep
from engine.workflow.parameters import Params
from engine.workflow.reads import entries_axis, entries_of, input_reference
from engine.workflow.references import InputRef, OutputRef
from engine.workflow.scripts import script
from engine.workflow.values import in_command


@dataclass(frozen=True, slots=True)
class EnvironmentUse:
    """What a step needs to know of its environment."""

    closure: Cid
    search_path: tuple[str, ...]  # directories for PATH
    has_shell: bool  # whether one of them has `sh`


@dataclass(frozen=True, slots=True)
class ResolvedStep:
    """A step that can run."""

    step: Step
    blocks: tuple[Block, ...]  # to be stored with the step: pages of gathers, a long script
    resources: Resources


@dataclass(frozen=True, slots=True)
class _Inputs:
    """The inputs of a step: the same for all instances, matched item by item, gathered."""

    fixed: dict[str, Cid]
    matched: dict[str, OutputRef]
    gathers: dict[str, Gathered]


@dataclass(frozen=True, slots=True)
class _Prepared:
    """What all instances of a step have in common."""

    name: str
    step: WorkflowStep
    inputs: _Inputs
    command: Command
    bindings: Bindings
    entries: tuple[Cid, ...]  # of the directory it scatters over, in byte order of names


class Resolver:
    """Turns names into content, for one run of one workflow."""

    def __init__(
        self,
        workflow: Workflow,
        params: Params,
        inputs: Mapping[str, Cid],
        environments: Mapping[str, EnvironmentUse],
        select: Select,
    ) -> None:
        """Begin a run.

        Raises: Refused for params that the workflow cannot run with.
        """
        refuse_params(workflow, params)
        self._workflow = workflow
        self._params = params
        self._words = {name: in_command(value) for name, value in params.values.items()}
        self._environments = environments
        self._found = Found(workflow, inputs, select)
        self._entries: dict[str, dict[str, Cid]] = {}  # by step, in byte order of names
        self._bindings: dict[str, Bindings] = {}
        self._prepared: dict[str, _Prepared] = {}  # of scattered steps
        self._moulds: dict[str, Mould] = {}

    def directory(self, name: str, outputs: Outputs) -> Cid:
        """Return the directory whose entries a step scatters over, once that is made.

        Raises: Refused when the path is not in the output.
        """
        reference = entries_of(self._workflow.steps[name])
        if reference is None:
            raise ValueError(f"step '{name}' does not scatter over a directory")
        return self._found.needed(reference, None, outputs, f"steps.{name}.scatter")

    def expand(self, name: str, entries: Mapping[str, Cid]) -> int:
        """Take the entries of that directory, and return how many instances the step has.

        Raises: Refused for too many.
        """
        found = bindings(self._workflow, self._params, name, tuple(entries))
        self._entries[name] = dict(sorted(entries.items(), key=lambda entry: entry[0].encode()))
        self._bindings[name] = found
        return len(found)

    def outputs_of(self, name: str) -> Set[str]:
        """Return the names of a step's outputs."""
        return self._workflow.steps[name].outputs.keys()

    def count(self, name: str) -> int:
        """Return how many instances a step has; one over a directory was expanded before."""
        return len(self._bindings_of(name))

    def step(self, name: str, index: int | None, outputs: Outputs) -> ResolvedStep:
        """Return one instance of a step; `index` is None when it is not scattered.

        Raises: Refused when a path is not in an input, or the command cannot run as it is.
        """
        common = self._common(name, outputs)
        if index is None:
            return self._resolved(common, {}, common.inputs.fixed)
        return self._resolved(common, *self._instance(common, index, outputs))

    def records(self, name: str, indexes: Iterable[int], outputs: Outputs) -> Iterator[Block]:
        """Yield the records of instances of a scattered step: of the steps that `step` returns.

        Raises: as `step`, for any of them.
        """
        common = self._common(name, outputs)
        for index in indexes:
            yield self._record(common, *self._instance(common, index, outputs))

    def _common(self, name: str, outputs: Outputs) -> _Prepared:
        return self._prepared.get(name) or self._prepare(name, outputs)

    def _instance(
        self, common: _Prepared, index: int, outputs: Outputs
    ) -> tuple[dict[str, str], dict[str, Cid]]:
        """Return what the scatter's names stand for in an instance's command, and its inputs."""
        names, bound = common.bindings.names, common.bindings[index]
        words = {axis: in_command(value) for axis, value in zip(names, bound, strict=True)}
        if not (common.inputs.matched or common.entries):
            return words, common.inputs.fixed
        inputs = dict(common.inputs.fixed)
        for key, reference in common.inputs.matched.items():
            where = f"steps.{common.name}.inputs.{key}"
            inputs[key] = self._found.needed(reference, index, outputs, where)
        axis = entries_axis(common.step)
        if axis is not None:
            inputs[names[axis]] = common.entries[common.bindings.positions(index)[axis]]
        return words, inputs

    def _record(self, common: _Prepared, words: dict[str, str], inputs: dict[str, Cid]) -> Block:
        mould = self._moulds.get(common.name)
        if mould is None:
            step = self._resolved(common, words, inputs).step
            matched = bool(common.inputs.matched or common.entries)
            mould = self._moulds[common.name] = Mould.of(step, common.command, matched=matched)
        record = mould.record(common.command.render(words, f"steps.{common.name}"), inputs)
        return record or STEP.block(self._resolved(common, words, inputs).step)

    def _bindings_of(self, name: str) -> Bindings:
        if name not in self._bindings:
            self._bindings[name] = bindings(self._workflow, self._params, name)
        return self._bindings[name]

    def _prepare(self, name: str, outputs: Outputs) -> _Prepared:
        step = self._workflow.steps[name]
        if step.script and not self._environments[step.environment].has_shell:
            what = f"environment '{step.environment}' has no sh for the 'run' of step '{name}'"
            raise Refused(what, where=f"steps.{name}.run", fix="write 'run' as a list")
        inputs = self._inputs(name, step, outputs)
        axis = entries_axis(step)
        given = Given(
            step,
            self._words,
            {key: found.count for key, found in inputs.gathers.items()},
            None if axis is None else step.scatter[axis].name,
        )
        entries = tuple(self._entries.get(name, {}).values())
        command = Command.fill(given)
        common = _Prepared(name, step, inputs, command, self._bindings_of(name), entries)
        if step.scatter:
            self._prepared[name] = common
        return common

    def _inputs(self, name: str, step: WorkflowStep, outputs: Outputs) -> _Inputs:
        found = _Inputs({}, {}, {})
        for key, text in step.inputs.items():
            reference, where = input_reference(text), f"steps.{name}.inputs.{key}"
            if isinstance(reference, InputRef):
                found.fixed[key] = self._found.input(reference, where)
            elif reference.pick == "all":
                count = self.count(reference.step)
                found.gathers[key] = gather(self._found.every(reference, count, outputs, where))
            elif reference.pick is None and self._workflow.steps[reference.step].scatter:
                found.matched[key] = reference
            else:
                found.fixed[key] = self._found.needed(reference, None, outputs, where)
        return found

    def _resolved(
        self, common: _Prepared, words: Mapping[str, str], inputs: dict[str, Cid]
    ) -> ResolvedStep:
        use = self._environments[common.step.environment]
        rendered = common.command.render(words, f"steps.{common.name}")
        text = script(rendered.script)
        step = Step(
            closure=use.closure,
            command=rendered.command,
            script=text.text,
            script_link=text.link,
            variables=variables(use.search_path, rendered.variables),
            inputs=inputs,
            gathers={key: found.gather for key, found in common.inputs.gathers.items()},
            outputs={key: output.path for key, output in common.step.outputs.items()},
            platform=Platform(REQUIRES, SYSTEM),
            contract=CONTRACT,
        )
        pages = (block for found in common.inputs.gathers.values() for block in found.blocks)
        return ResolvedStep(step, (*pages, *text.blocks), common.step.resources)
