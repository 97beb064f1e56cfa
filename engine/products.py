"""Products: the outputs of a run's instances so far, as the resolver asks for them. Pure."""

from collections.abc import Iterable

from engine.content.cid import Cid
from engine.rows import Name, StepRow


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


def left_over(rows: Iterable[StepRow], products: Products) -> list[Name]:
    """Return the instances of a run that has ended which it did without.

    They were done before it was interrupted, or gone through again. What made the directory that
    their step scatters over had to run again, and made fewer entries, or failed.
    """
    done = [row[:2] for row in rows if row.status in ("ran", "reused")]
    return [name for name in done if products.of(name) is None]
