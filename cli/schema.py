"""`tally schema`: the JSON Schema of the workflow file, for editors."""

import click

from cli.options import common
from cli.settings import Settings


@click.command()
@common
def schema(settings: Settings) -> None:
    """Print the JSON Schema of the workflow file."""
    import json

    from engine.workflow.json_schema import json_schema

    click.echo(json.dumps(json_schema(), indent=2))
