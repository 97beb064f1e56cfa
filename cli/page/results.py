"""What instances gave, read for those that a page shows and not for ten thousand others."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, TypeVar

from cli.page.facts import Given, Instance
from engine.content.blocks import BlockStore
from engine.content.cid import Cid
from engine.content.schema import Record
from engine.errors import NotHere
from engine.step import RESULT
from engine.summary import final_outputs
from engine.workflow.model import Workflow
from engine.workflow.references import output_reference

MAX_VALUES: Final = 20  # of an output that gathers
SUCCEEDED: Final = ("ran", "reused")

T = TypeVar("T")


def with_outputs(store: BlockStore, one: Instance) -> Instance:
    """Return an instance with what it gave, as far as that is here."""
    result = read_record(store, RESULT, one.result)
    return replace(one, outputs=result.outputs) if result else one


def final(store: BlockStore, workflow: Workflow, instances: Sequence[Instance]) -> dict[str, Given]:
    """Return the outputs of the workflow."""
    made: dict[str, list[Instance]] = {}
    for one in instances:
        if one.status in SUCCEEDED:
            made.setdefault(one.name, []).append(one)
    return {name: _given(store, workflow, name, made) for name in workflow.outputs}


def read_record(store: BlockStore, record: Record[T], cid: Cid | None) -> T | None:
    """Return a record, or None when it is not here: a bundle need not carry all of them.

    Raises: Damaged when it is malformed.
    """
    if cid is None:
        return None
    try:
        return record.decode(store.get(cid))
    except NotHere:
        return None


def _given(
    store: BlockStore, workflow: Workflow, name: str, made: Mapping[str, Sequence[Instance]]
) -> Given:
    text = workflow.outputs[name]
    reference = output_reference(text)
    of_step = made.get(reference.step, ())
    gathers = reference.pick == "all"
    some = of_step[:MAX_VALUES] if gathers else [x for x in of_step if x.index == reference.pick]
    alone = replace(workflow, outputs={name: text})
    found = final_outputs(store.get, alone.outputs, [with_outputs(store, one) for one in some])[
        name
    ]
    values = found if isinstance(found, tuple) else () if found is None else (found,)
    return Given(values, len(of_step) - len(some) if gathers else 0)
