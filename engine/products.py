"""Products: the outputs of a run's instances so far, as the resolver asks for them. Pure."""

from engine.content.cid import Cid


class Products:
    """What each instance that succeeded gave."""

    def __init__(self) -> None:
        self._outputs: dict[tuple[str, int], dict[str, Cid]] = {}

    def add(self, step: str, index: int, outputs: dict[str, Cid]) -> None:
        """Take the outputs of an instance."""
        self._outputs[step, index] = outputs

    def of(self, name: tuple[str, int]) -> dict[str, Cid] | None:
        """Return all outputs of an instance; None when it gave none in this run so far."""
        return self._outputs.get(name)

    def get(self, step: str, index: int | None, output: str) -> Cid | None:
        """Return an output; None for an instance that was skipped."""
        outputs = self._outputs.get((step, index or 0))
        return None if outputs is None else outputs[output]
