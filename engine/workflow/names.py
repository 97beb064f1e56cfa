"""Names: what things in a workflow may be called, and which one was probably meant. Pure."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Final

NAME: Final = r"[a-z][a-z0-9_-]{0,62}"  # steps, inputs, outputs, params, environments
WORKFLOW_NAME: Final = r"[a-z0-9][a-z0-9-]{0,62}"
VARIABLE: Final = r"[A-Za-z_][A-Za-z0-9_]{0,254}"

# `inputs.x` and `params.x` are references already, so no step may take their first word.
RESERVED_STEPS: Final = ("inputs", "params")

NAME_FIX: Final = "begin with a-z; then a-z, 0-9, '_' or '-'; at most 63 characters"
WORKFLOW_NAME_FIX: Final = "begin with a-z or 0-9; then a-z, 0-9 or '-'; at most 63 characters"
_SHOWN: Final = 12  # names in one message

VARIABLE_FIX: Final = "begin with a letter or '_'; then letters, digits or '_'"


def is_name(text: str, pattern: str = NAME) -> bool:
    """Return whether `text` is a name of that pattern."""
    return re.fullmatch(pattern, text, re.ASCII) is not None


def did_you_mean(wrong: str, known: Iterable[str], otherwise: str = "") -> str:
    """Return the fix for a word that is not known: the nearest one, or else all of them."""
    from difflib import get_close_matches

    choices = sorted(known)
    near = get_close_matches(wrong[:80], choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    if otherwise or not choices:
        return otherwise
    return f"known here: {some_of(choices)}"


def some_of(names: Iterable[str]) -> str:
    """Return names as people read them: the first dozen, of however many."""
    first = list(islice(names, _SHOWN + 1))
    return ", ".join(first[:_SHOWN]) + (", …" if len(first) > _SHOWN else "")
