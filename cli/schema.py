"""`tally schema`: the JSON Schema of the workflow file, for editors."""

from pathlib import Path

import click

from cli.options import common
from cli.report import emit_json
from cli.settings import Settings


@click.command()
@click.option("-f", "--file", type=click.Path(path_type=Path), help="Write it there.")
@common
def schema(settings: Settings, file: Path | None) -> None:
    """Print the JSON Schema of the workflow file.

    An editor takes it from the first line of the file: '# yaml-language-server: $schema=FILE'.
    """
    import json

    from engine.wholefile import whole_file
    from engine.workflow.json_schema import json_schema

    text = json.dumps(json_schema(), indent=2)
    if file is None:
        return click.echo(text)
    with whole_file(file) as stream:
        stream.write(f"{text}\n".encode())
    if settings.json:
        return emit_json({"file": str(file)})
    return None
