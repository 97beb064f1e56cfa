"""Rendering: the facts of a run as one HTML file that needs nothing else.

Whatever is shown goes through the templates, which escape it, or is part of a drawing, which is
made of elements. The page can load and send nothing: its policy forbids all but its own style and
script, which it names by hash, so that even markup that slipped in would do nothing.
"""

import base64
import hashlib
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Final
from xml.etree.ElementTree import Element, tostring

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from cli.page import wording
from cli.page.facts import Facts
from cli.page.view import origin, view_of
from cli.report import human_size
from engine.content.cid import Cid
from engine.picture.bar import parts
from engine.picture.graph import STATES
from engine.picture.labels import grouped
from engine.picture.style import SHEET
from engine.workflow.contract import PROFILE

HERE: Final = Path(__file__).parent
MAX_OUTPUTS: Final = 20  # of one instance
MAX_DIFFERING: Final = 5  # outputs of one step of a rerun that say where they differ


def render(facts: Facts) -> str:
    """Return the page of a run: the same bytes for the same facts."""
    style = (HERE / "page.css").read_text() + SHEET
    script = (HERE / "page.js").read_text()
    return (
        _templates()
        .get_template("page.html")
        .render(
            view=view_of(facts),
            style=Markup(style),  # noqa: S704 - our own file
            script=Markup(script),  # noqa: S704 - our own file
            policy=f"default-src 'none'; img-src data:; style-src {_hash(style)}; "
            f"script-src {_hash(script)}; base-uri 'none'; form-action 'none'",
            version=version("tallystick"),
            states=STATES,
            profile=PROFILE,
            max_outputs=MAX_OUTPUTS,
            max_differing=MAX_DIFFERING,
        )
    )


def _templates() -> Environment:
    templates = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "drawn": _drawn,
        "duration": wording.duration,
        "few": _few,
        "grouped": grouped,
        "log": wording.log_lines,
        "moment": wording.moment,
        "origin": origin,
        "parts": parts,
        "shown": wording.shown,
        "size": human_size,
    }
    return templates


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _drawn(element: Element) -> Markup:
    return Markup(tostring(element, encoding="unicode"))  # noqa: S704 - made of elements


def _few(outputs: dict[str, Cid]) -> list[tuple[str, Cid]]:
    return list(islice(outputs.items(), MAX_OUTPUTS))
