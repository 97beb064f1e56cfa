"""Errors around what peers' results are believed by."""

from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told

TRUST = "Trust"


@meets(TRUST, "a rule that is none")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true > {outputs.o}', outputs: {o: o}}\n")
    return stage("run", "w.yaml", "--on", "peers", "--trust", "3/2")


@meets(TRUST, "evidence that is neither a file nor a CID")
def _(stage: Stage) -> Told:
    return stage("verify", "evidence")


@meets(TRUST, "a run, taken for evidence")
def _(stage: Stage) -> Told:
    stage("export", stage.run, "run.car")
    return stage("verify", "run.car")


@meets(TRUST, "an owner with no name that can be shown")
def _(stage: Stage) -> Told:
    peer = "12D3KooWKRS44ZR5bHbPiNrGKejiny2EnETwKsrwxLhQ7dnSrfp4"
    return stage("peer", "owner", peer, "x" * 65, shown=f"tally peer owner {peer} NAME")
