"""Errors of Open Resources: what cannot be published, and names that mean nothing."""

from tests.cli.errors.cases_credit import STRANGER
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told

RESOURCES = "Open Resources"
STEPS = "  a: {run: 'echo 1 >{outputs.score}', outputs: {score: s}}\noutputs: {score: a.score}\n"


def _publish(stage: Stage, *words: object, shown: str | None = None) -> Told:
    stage.good(STEPS)
    return stage("publish", stage.folder / "w.yaml", *words, shown=shown)


@meets(RESOURCES, "nothing to publish")
def _(stage: Stage) -> Told:
    return stage("publish")


@meets(RESOURCES, "an input that is not to leave this machine")
def _(stage: Stage) -> Told:
    stage.write("key", "secret\n")
    head = "inputs: {key: {path: ./key, share: never}, more: {path: ./key, share: owners}}\n"
    stage.good(STEPS, head)
    return stage("publish", stage.folder / "w.yaml")


@meets(RESOURCES, "a check that is none", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--check", "a high score")


@meets(RESOURCES, "a check of an output that there is not", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--check", "sore > 0")


@meets(RESOURCES, "a share that is too large", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--share", "31")


@meets(RESOURCES, "a manifest and a price", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--royalty", "authors", "--share", "5")


@meets(RESOURCES, "a title that is too long", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--title", "x" * 201, shown="tally publish w.yaml --title xxxx…")


@meets(RESOURCES, "authors without this peer", "nix")
def _(stage: Stage) -> Told:
    told = _publish(stage, "--author", f"Bob/{STRANGER}")
    me = stage.quietly("peer", "id")["peer"]
    return Told(told.code, told.out, told.err.replace(me, "12D3KooW…"))


@meets(RESOURCES, "a part of an author that is none", "nix")
def _(stage: Stage) -> Told:
    return _publish(stage, "--author", "Ada=much")


@meets(RESOURCES, "something made from what nobody knows")
def _(stage: Stage) -> Told:
    return stage("publish", "--from", "digits")


@meets(RESOURCES, "something taken back that was never published")
def _(stage: Stage) -> Told:
    return stage("unpublish", "digits")


@meets(RESOURCES, "a name that nobody knows")
def _(stage: Stage) -> Told:
    return stage("run", "digits")


@meets(RESOURCES, "authors who are to be paid and are not")
def _(stage: Stage) -> Told:
    stage.good(STEPS)
    words = ("--royalty", "authors", "--no-royalty")
    return stage("run", stage.folder / "w.yaml", *words)


@meets(RESOURCES, "a word to others about some steps")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--step", "letter", "--endorse")


@meets(RESOURCES, "a word to others about a run of this home")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--endorse")
