"""A run by somebody who means ill: every text that a record can hold is an attack."""

import json

from cli.page.facts import Facts
from tests.cli.page.conftest import Made
from tests.fakes.records import Ran

HOSTILE = "</script></style><script>hacked = 1</script><img src=x onerror=hacked=1>'\"`{{7*7}}"
CONTROL = "\x1b]0;title\x07\x00\u202eevil\u2066\u200f\x85"

TEXT = f"""\
workflow: hostile
description: {json.dumps(HOSTILE + CONTROL.replace(chr(0), ""))}
params: {{p: {json.dumps(HOSTILE * 200)}}}
inputs: {{i: {json.dumps("./" + HOSTILE.replace("/", "_"))}}}
environments: {{sh: {{store: /nix/store/00000000000000000000000000000000-sh}}}}
steps:
  bad: {{run: 'true', environment: sh, outputs: {{o: o}}}}
  {"x" * 63}: {{run: 'true', environment: sh, outputs: {{o: o}}}}
"""
LOG = (HOSTILE + CONTROL).encode() + b"\xff\xfe" + b"x" * 100_000 + b"\n" + HOSTILE.encode()


def hostile_run(made: Made) -> Facts:
    """Return the facts of such a run."""
    bad = Ran(
        "bad", None, "failed", exit_code=1, stdout=LOG, stderr=LOG, wall_ms=2**63, memory=2**63,
        reason=HOSTILE + CONTROL, sandbox=HOSTILE * 500, system=CONTROL * 500,
    )  # fmt: skip
    long = Ran("x" * 63, None, "ran", after_ms=2**62, outputs={"o": b"o", "y" * 63: b"y"})
    return made(TEXT, [bad, long])
