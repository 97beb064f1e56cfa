"""Found: what references lead to, in one run. Pure: it asks, and others fetch."""

from collections.abc import Callable, Mapping
from typing import TypeAlias

from engine.content.cid import Cid
from engine.errors import Refused
from engine.workflow.model import Workflow
from engine.workflow.references import InputRef, OutputRef

# (step, index or None when it is not scattered, output) -> its CID, or None when it was skipped
Outputs: TypeAlias = Callable[[str, int | None, str], Cid | None]
# (tree, path) -> the CID of that part of the tree; Refused when there is no such part
Select: TypeAlias = Callable[[Cid, str], Cid]


class Found:
    """Follows references to CIDs."""

    def __init__(self, workflow: Workflow, inputs: Mapping[str, Cid], select: Select) -> None:
        self._workflow = workflow
        self._inputs = inputs
        self._select = select

    def input(self, reference: InputRef, where: str) -> Cid:
        """Return an input of the workflow, or the part of it that is named.

        Raises: Refused when there is no such part.
        """
        return self._part(self._inputs[reference.name], reference, where)

    def output(
        self, reference: OutputRef, index: int | None, outputs: Outputs, where: str
    ) -> Cid | None:
        """Return an output, or None when it was skipped; `index` is for a matched one.

        Raises: Refused when there is no such part.
        """
        at = index if reference.pick is None else reference.pick
        if not self._workflow.steps[reference.step].scatter:
            at = None
        elif not isinstance(at, int):
            raise ValueError(f"'{reference}' is not one output")
        cid = outputs(reference.step, at, reference.output)
        return None if cid is None else self._part(cid, reference, where)

    def needed(self, reference: OutputRef, index: int | None, outputs: Outputs, where: str) -> Cid:
        """Return an output that was not skipped, or else this step would have been.

        Raises: Refused when there is no such part.
        """
        cid = self.output(reference, index, outputs, where)
        if cid is None:
            raise ValueError(f"{where} reads '{reference}', which was skipped")
        return cid

    def every(
        self, reference: OutputRef, count: int, outputs: Outputs, where: str
    ) -> tuple[Cid, ...]:
        """Return an output of all `count` instances but the skipped ones, in scatter order.

        Raises: Refused when there is no such part of one.
        """
        cids = (outputs(reference.step, index, reference.output) for index in range(count))
        return tuple(self._part(cid, reference, where) for cid in cids if cid is not None)

    def _part(self, cid: Cid, reference: InputRef | OutputRef, where: str) -> Cid:
        if not reference.path:
            return cid
        try:
            return self._select(cid, reference.path)
        except Refused as error:
            what = f"'{reference}' is not there: {error.what}"
            raise Refused(what, where=where, fix=error.fix) from None
