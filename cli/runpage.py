"""`tally report`: one run as a page that can be opened, sent and printed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from cli.options import common, offline
from cli.report import emit_json, human_size
from cli.settings import Settings
from cli.workspace import Workspace

if TYPE_CHECKING:
    from cli.page.facts import Facts


@click.command()
@click.argument("run", metavar="RUN|FILE.car|RESOURCE")
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Instead of NAME.html.")
@common
@offline
def report(settings: Settings, run: str, file: Path | None) -> None:
    """Write a run as one HTML page: what is claimed, what was run again here and how it came out.

    With it graph, timeline, steps, resources, environments, evidence and receipts. FILE.car is
    imported, and what is attested and paid in it is checked. Of an Open Resource, by its name or
    CID, it is the run that its author made. The page needs no network and no other file.
    """
    from cli.page.file import write

    facts = _facts(settings, run)
    path = file or Path(f"{facts.head.name or facts.head.run}.html")
    size = write(path, facts)
    if settings.json:
        cid = str(facts.head.run) if facts.head.run else None
        return emit_json({"run": cid, "file": str(path), "size": size, "reruns": _reruns(facts)})
    return click.echo(f"{path}: {human_size(size)}")


def _facts(settings: Settings, text: str) -> "Facts":
    from cli.page.gather import gather
    from cli.rerunnable import imported, is_file

    from_file = is_file(text)
    with Workspace(settings.home, writing=from_file, online=settings) as space:
        if from_file:
            found = imported(space, Path(text))
            return gather(space, str(found.run), found.bill)
        return gather(space, _of_resource(space, text) or text)


def _reruns(facts: "Facts") -> list[dict[str, object]]:
    return [
        {"verdict": one.verdict, "steps": one.steps, "of": one.possible, "began_ms": one.began_ms}
        for one in (again.redone for again in facts.findings.again)
    ]


def _of_resource(space: Workspace, text: str) -> str | None:
    """Return the CID of the run that the author of an Open Resource made; None when it is of none.

    Raises: Refused when it was published without one; Unavailable when that does not come.
    """
    from cli.rerunnable import resource_of

    found = resource_of(space, text)
    if found is None:
        return None
    from cli.resources import example

    return str(example(space, found))
