"""Errors of royalties: who is to be paid, and manifests that are none."""

from tests.cli.errors.cases_credit import STRANGER
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Program, Told
from tests.peers.books import backed, be

ROYALTIES = "Royalties"


def _author(stage: Stage) -> Program:
    stage.extra["TALLY_HOME"] = str(stage.folder / "home")
    return Program(stage.folder / "home")


@meets(ROYALTIES, "a manifest that is not there")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "show", "authors")


@meets(ROYALTIES, "a file that is no manifest")
def _(stage: Stage) -> Told:
    _author(stage)
    stage.write("w.yaml", "workflow: w\n")
    return stage("royalty", "show", "w.yaml")


@meets(ROYALTIES, "a manifest that was changed")
def _(stage: Stage) -> Told:
    _author(stage).told("royalty", "make", "authors")
    data = (stage.folder / "authors").read_bytes()
    stage.write("authors", data[:-1] + bytes([data[-1] ^ 1]))
    return stage("royalty", "show", "authors")


@meets(ROYALTIES, "a share that is too large")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--share", "31")


@meets(ROYALTIES, "a share that is none")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--share", "a lot")


@meets(ROYALTIES, "authors without this peer")
def _(stage: Stage) -> Told:
    home = stage.folder / "home"
    home.mkdir()
    be(home, backed()[0].key)
    _author(stage)
    return stage("royalty", "make", "authors", "--author", STRANGER)


@meets(ROYALTIES, "a weight that is none")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--author", f"{STRANGER}=much")


@meets(ROYALTIES, "a parent without its part")
def _(stage: Stage) -> Told:
    _author(stage)
    return stage("royalty", "make", "authors", "--parent", "base")


@meets(ROYALTIES, "too many manifests for one run")
def _(stage: Stage) -> Told:
    author = _author(stage)
    names = [f"authors{number}" for number in range(17)]
    for name in names:
        author.told("royalty", "make", name)
    words = [word for name in names for word in ("--royalty", name)]
    stage.good("  a: {run: x}\n")
    shown = "tally plan w.yaml --on peers --royalty authors0 --royalty authors1 …"
    stage.extra.pop("TALLY_HOME")
    return stage("plan", "w.yaml", "--on", "peers", *words, shown=shown)
