"""Keys: the record of an instance of a scattered step, whose name is its key, from a mould. Pure.

The Step records of one step's instances differ in a few fields: those with a value of the scatter
in them, and inputs that are matched item by item. All else is checked and encoded once.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final, TypeAlias

from engine.content.blocks import Block, Checked
from engine.content.budget import excess
from engine.content.cid import DAG_CBOR, Cid
from engine.step import MAX_INLINE_SCRIPT, STEP, Step
from engine.values import dataclass
from engine.workflow.commands import Command, Rendered

_PLAIN: Final = MAX_INLINE_SCRIPT // 4  # characters of a script that surely fits in the record

_Fill: TypeAlias = Callable[[Rendered, dict[str, Cid]], Any]


@dataclass(frozen=True, slots=True)
class Mould:
    """What the instances of one step have in common, encoded."""

    fills: tuple[_Fill, ...]  # one for each field that differs
    write: Callable[..., bytes]

    @classmethod
    def of(cls, step: Step, command: Command, *, matched: bool) -> "Mould":
        """Return the mould of instances like `step`; with `matched`, their inputs differ too."""
        fills: dict[str, _Fill] = {
            "command": lambda rendered, _: rendered.command,
            "script": lambda rendered, _: rendered.script,
            "variables": lambda rendered, _: {**step.variables, **rendered.variables},
        }
        fills = {name: fill for name, fill in fills.items() if name in command.with_holes()}
        if "script" in fills:  # of the first instance it may be so long that it is a file
            step = replace(step, script="-", script_link=None)
        if matched:
            fills["inputs"] = lambda _, inputs: inputs
        return cls(tuple(fills.values()), STEP.mould(step, tuple(fills)))

    def record(self, rendered: Rendered, inputs: dict[str, Cid]) -> Block | None:
        """Return the record of an instance; None when it must be made anew, and judged."""
        texts = (*rendered.command, *rendered.variables.values())
        if len(rendered.script) > _PLAIN or "\0" in "".join(texts):
            return None
        fields = [fill(rendered, inputs) for fill in self.fills]
        data = self.write(*fields)
        return None if excess(data) else Checked.made(DAG_CBOR, data)
