"""Commands: templates filled with what their placeholders stand for. Pure.

All that is the same for every instance of a step is filled once; what is left is a few holes for
the values of its scatter.
"""

import shlex
from collections.abc import Callable, Mapping
from typing import Final

from engine.errors import Refused
from engine.values import dataclass
from engine.workflow.contract import input_path, item_path, list_path, output_path
from engine.workflow.model import WorkflowStep
from engine.workflow.placeholders import Placeholder, Template, parse_template

# Linux refuses a longer item (MAX_ARG_STRLEN is 32 pages) with an error that names nothing.
MAX_ITEM: Final = 128 * 1024 - 1  # bytes
MAX_ITEMS: Final = 7_000  # of a command; bubblewrap takes 9 000 words, variables among them
MAX_COMMAND: Final = 512 * 1024  # bytes of command and variables: a record is at most 1 MiB

_TOO_LONG: Final = "pass a gather by its file {inputs.X.list}, other long values by a file"


@dataclass(frozen=True, slots=True)
class Given:
    """What the placeholders of a step stand for, but for the values of its scatter."""

    step: WorkflowStep
    params: Mapping[str, str]  # as in a command
    gathers: Mapping[str, int]  # name of a gathered input -> how many values
    entries: str | None  # the name that scatters over files: its entry is an input

    def words(self, placeholder: Placeholder) -> tuple[str, ...]:
        """Return the value of a placeholder: several paths for a gathered input."""
        name = placeholder.name
        if placeholder.kind == "params":
            return (self.params[name],)
        if placeholder.kind == "outputs":
            return (output_path(self.step.outputs[name].path),)
        if placeholder.kind == "resources":
            return (str(self.step.resources.cpus),)
        if placeholder.listing:
            return (list_path(name),)
        if name in self.gathers:
            return tuple(item_path(name, index) for index in range(self.gathers[name]))
        return (input_path(name),)

    def is_hole(self, placeholder: Placeholder) -> bool:
        """Return whether its value differs from instance to instance."""
        return placeholder.kind == "scatter" and placeholder.name != self.entries


@dataclass(frozen=True, slots=True)
class Command:
    """The command and variables of a step, with holes."""

    items: tuple[Template, ...]
    script: Template
    variables: Mapping[str, Template]

    @classmethod
    def fill(cls, given: Given) -> "Command":
        """Fill all placeholders of a step but the holes."""
        step = given.step
        return cls(
            tuple(item for text in step.command for item in _items(parse_template(text), given)),
            _fill(parse_template(step.script), given, shlex.quote),
            {
                name: _fill(parse_template(text), given, str)
                for name, text in step.variables.items()
            },
        )

    def with_holes(self) -> frozenset[str]:
        """Return which of `command`, `script` and `variables` differ from instance to instance."""
        templates = {
            "command": self.items,
            "script": (self.script,),
            "variables": tuple(self.variables.values()),
        }
        return frozenset(
            name
            for name, each in templates.items()
            if any(isinstance(part, Placeholder) for template in each for part in template)
        )

    def render(self, scatter: Mapping[str, str], where: str) -> "Rendered":
        """Return the command of one instance.

        Raises: Refused when it is longer than Linux or a record takes.
        """
        rendered = Rendered(
            tuple(_close(item, scatter, str) for item in self.items),
            _close(self.script, scatter, shlex.quote),
            {name: _close(value, scatter, str) for name, value in self.variables.items()},
        )
        if not rendered.script.strip() and not any(rendered.command[:1]):
            fix = "check what its placeholders stand for: a gather may be empty"
            raise Refused("a command with nothing in it", where=where, fix=fix)
        if rendered.is_too_long():
            raise Refused("a command or variable that is too long", where=where, fix=_TOO_LONG)
        return rendered


@dataclass(frozen=True, slots=True)
class Rendered:
    """A command and variables with nothing left to fill."""

    command: tuple[str, ...]
    script: str
    variables: dict[str, str]

    def is_too_long(self) -> bool:
        """Return whether Linux or a record would refuse it."""
        if not (self.command or self.variables):
            return False
        texts = (*self.command, *(f"{name}={value}" for name, value in self.variables.items()))
        sizes = [len(text.encode()) for text in texts]
        if len(self.command) > MAX_ITEMS or sum(sizes) > MAX_COMMAND:
            return True
        return max(sizes, default=0) > MAX_ITEM


def _items(template: Template, given: Given) -> tuple[Template, ...]:
    """Return the items that one item of a list becomes: a gather alone is one for each path."""
    alone = template[0] if len(template) == 1 else None
    if isinstance(alone, Placeholder) and not given.is_hole(alone):
        return tuple((word,) for word in given.words(alone))
    return (_fill(template, given, str),)


def _fill(template: Template, given: Given, quote: Callable[[str], str]) -> Template:
    filled: list[str | Placeholder] = []
    for part in template:
        if isinstance(part, Placeholder) and given.is_hole(part):
            filled.append(part)
            continue
        words = (part,) if isinstance(part, str) else map(quote, given.words(part))
        text = " ".join(words)
        before = filled[-1] if filled else None
        if isinstance(before, str):
            filled[-1] = before + text
        else:
            filled.append(text)
    return tuple(filled)


def _close(template: Template, scatter: Mapping[str, str], quote: Callable[[str], str]) -> str:
    if len(template) == 1 and isinstance(template[0], str):
        return template[0]
    return "".join(
        part if isinstance(part, str) else quote(scatter[part.name]) for part in template
    )
