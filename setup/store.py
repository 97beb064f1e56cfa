"""Print, one a line, the options that make a Nix command use the store that tally builds in."""

import os

from cli.settings import settle
from cli.workspace import Workspace

with Workspace(settle({}, os.environ).home) as workspace:
    print(*workspace.nix.store.options(), sep="\n")  # noqa: T201 - a shell reads it
