"""Errors of names of runs, steps and content, of files in and out, and of bundles."""

import base64
import os
from pathlib import Path

from cli.bundlefile import MOST_RUNS
from engine.content.blocks import Checked
from engine.content.canonical import encode
from engine.content.car import Reader, write
from engine.content.cid import DAG_CBOR, Cid
from engine.run import RUN, Run
from tests.cli.errors.stage import Stage, meets
from tests.cli.program import Told
from tests.fakes.attested import forged_bundle

NAMES = "Runs, steps and content"
WRITING = "Files in and out"
BUNDLES = "Bundles"
NOT_HERE = str(Cid.of(DAG_CBOR, b"nobody has this"))


@meets(NAMES, "a run that there is not")
def _(stage: Stage) -> Told:
    return stage("show", "no-such-run")


@meets(NAMES, "a run whose name is not quite that")
def _(stage: Stage) -> Told:
    near = f"{stage.run}x"
    told = stage("show", near, shown="tally show brave-otterx")
    return Told(told.code, told.out, told.err.replace(near, "brave-otterx"))


@meets(NAMES, "a beginning of more than one run", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true'}\n")
    stage.quietly("run", stage.folder / "w.yaml")
    told = stage("show", "bafyr")
    names = told.err.partition("say which: ")[2].strip()
    return Told(told.code, told.out, told.err.replace(names, "brave-otter, calm-fox"))


@meets(NAMES, "a CID of a run that is not here")
def _(stage: Stage) -> Told:
    return stage("show", NOT_HERE)


@meets(NAMES, "a CID that is none")
def _(stage: Stage) -> Told:
    return stage("cat", "bafyr4i" + "!" * 52)


@meets(NAMES, "a CID that was copied wrongly")
def _(stage: Stage) -> Told:
    return stage("cat", f"{NOT_HERE[:-1]}b")


@meets(NAMES, "a CID that lacks a character")
def _(stage: Stage) -> Told:
    return stage("run", NOT_HERE[:-1])


@meets(NAMES, "a CID in a URL")
def _(stage: Stage) -> Told:
    return stage("cat", f"https://ipfs.io/ipfs/{NOT_HERE}")


@meets(NAMES, "a URL")
def _(stage: Stage) -> Told:
    return stage("cat", "https://example.org/data.csv")


@meets(WRITING, "a path in a CID, to be added")
def _(stage: Stage) -> Told:
    return stage("add", f"{NOT_HERE}/report.txt")


@meets(NAMES, "a CID of what Tallystick does not read")
def _(stage: Stage) -> Told:
    key = bytes([1, 0x72, 0x1E, 0x20]) + bytes(32)  # a libp2p key
    return stage("cat", "b" + base64.b32encode(key).decode().lower().rstrip("="))


@meets(NAMES, "a CID of another kind")
def _(stage: Stage) -> Told:
    return stage("run", "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi")


@meets(NAMES, "content that is not here")
def _(stage: Stage) -> Told:
    return stage("cat", str(Cid.of(0x55, b"nobody has this")))


@meets(NAMES, "a step that is none")
def _(stage: Stage) -> Told:
    return stage("explain", stage.run, "greet[x]")


@meets(NAMES, "a step that the run has not")
def _(stage: Stage) -> Told:
    return stage("explain", stage.run, "letters")


@meets(NAMES, "a step that the run has not, in its log")
def _(stage: Stage) -> Told:
    return stage("log", stage.run, "letters")


@meets(NAMES, "an instance that the step has not")
def _(stage: Stage) -> Told:
    return stage("explain", stage.run, "greet[7]")


@meets(NAMES, "a run to compare with that has not this step", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.good("  a: {run: 'true'}\n")
    other = stage.quietly("run", stage.folder / "w.yaml")["name"]
    line = "tally explain brave-otter letter --against brave-otter"
    return stage("explain", stage.run, "letter", "--against", other, shown=line)


@meets(NAMES, "one of several instances, unnamed")
def _(stage: Stage) -> Told:
    return stage("explain", stage.run, "greet")


@meets(NAMES, "a step of a rerun that there is not")
def _(stage: Stage) -> Told:
    return stage("rerun", stage.run, "--step", "leter")


@meets(NAMES, "a run where content is wanted")
def _(stage: Stage) -> Told:
    return stage("cat", stage.run)


@meets(NAMES, "an output of the workflow without its step", "nix", "sandbox")
def _(stage: Stage) -> Told:
    steps = "  a: {run: 'echo 1 >{outputs.n}', outputs: {n: n.txt}}\noutputs: {number: a.n}\n"
    stage.good(steps)
    run = stage.quietly("run", stage.folder / "w.yaml")["name"]
    return stage("cat", f"{run}/number", shown="tally cat brave-otter/number")


@meets(NAMES, "an output without its name")
def _(stage: Stage) -> Told:
    return stage("cat", f"{stage.run}/letter")


@meets(NAMES, "an output that the step has not")
def _(stage: Stage) -> Told:
    return stage("cat", f"{stage.run}/letter/txt")


@meets(NAMES, "content where a run is wanted")
def _(stage: Stage) -> Told:
    stage.write("notes.txt", "some text\n")
    cid = stage.quietly("add", stage.folder / "notes.txt")["cid"]
    return stage("run", cid)


@meets(NAMES, "a path in content that there is not")
def _(stage: Stage) -> Told:
    cid = _folder(stage)
    return stage("cat", f"{cid}/src/greet.py")


@meets(NAMES, "a path in content that is none")
def _(stage: Stage) -> Told:
    return stage("cat", f"{_folder(stage)}/src/../greet.sh")


@meets(NAMES, "a path through a file")
def _(stage: Stage) -> Told:
    return stage("cat", f"{_folder(stage)}/src/greet.sh/more")


@meets(NAMES, "a path through a symlink")
def _(stage: Stage) -> Told:
    return stage("cat", f"{_folder(stage)}/link/greet.sh")


@meets(NAMES, "a path of too many names")
def _(stage: Stage) -> Told:
    path = "/".join("d" * 200)
    told = stage("cat", f"{_folder(stage)}/{path}", shown="tally cat bafybr4i…/d/d/d/…")
    return Told(told.code, told.out, told.err.replace(path[:80], "d/d/d/…"))


@meets(NAMES, "a directory, printed")
def _(stage: Stage) -> Told:
    return stage("cat", f"{_folder(stage)}/src")


@meets(NAMES, "a run to be cancelled that has ended")
def _(stage: Stage) -> Told:
    return stage("cancel", stage.run)


@meets(NAMES, "something to let go of, and a dry run")
def _(stage: Stage) -> Told:
    return stage("gc", "-n", "--unpin", f"{stage.run}/letter/text")


@meets(NAMES, "something to let go of that is not pinned")
def _(stage: Stage) -> Told:
    return stage("gc", "--unpin", f"{stage.run}/letter/text")


@meets(NAMES, "params for a graph of a run")
def _(stage: Stage) -> Told:
    return stage("graph", stage.run, "-p", "n=1")


def _folder(stage: Stage) -> str:
    stage.write("tree/src/greet.sh", "echo hello\n")
    (stage.folder / "tree" / "link").symlink_to("src")
    found: str = stage.quietly("add", stage.folder / "tree")["cid"]
    return found


@meets(WRITING, "nothing to add")
def _(stage: Stage) -> Told:
    return stage("add", "nothing")


@meets(WRITING, "a pipe to add")
def _(stage: Stage) -> Told:
    os.mkfifo(stage.folder / "pipe")
    return stage("add", "pipe")


@meets(WRITING, "something to add that cannot be read")
def _(stage: Stage) -> Told:
    (stage.folder / "loop").symlink_to("loop")
    return stage("add", "loop/x")


@meets(WRITING, "a name that cannot be kept")
def _(stage: Stage) -> Told:
    stage.write("tree/a\nb", "")
    return stage("add", "tree")


@meets(WRITING, "a symlink that cannot be kept")
def _(stage: Stage) -> Told:
    (stage.folder / "tree").mkdir()
    (stage.folder / "tree" / "link").symlink_to("a\x1bb")
    return stage("add", "tree")


@meets(WRITING, "directories too deep to be kept")
def _(stage: Stage) -> Told:
    (stage.folder / "tree" / Path(*("d" * 70))).mkdir(parents=True)
    told = stage("add", "tree")
    path = told.err.partition("at: ")[2].partition("\n")[0]
    return Told(told.code, told.out, told.err.replace(path, "tree/d/d/d/…"))


@meets(WRITING, "content written where there is something")
def _(stage: Stage) -> Told:
    stage.write("letter.txt", "")
    return stage("get", f"{stage.run}/letter/text", "letter.txt")


@meets(WRITING, "content written into a directory that is not there")
def _(stage: Stage) -> Told:
    return stage("get", f"{stage.run}/letter/text", "letters/letter.txt")


@meets(WRITING, "a bundle written over a directory")
def _(stage: Stage) -> Told:
    (stage.folder / "run.car").mkdir()
    return stage("export", stage.run, "run.car")


@meets(WRITING, "a bundle written into a directory that is not there")
def _(stage: Stage) -> Told:
    return stage("export", stage.run, "bundles/run.car")


def _bundle(stage: Stage) -> Path:
    stage.quietly("export", stage.run, stage.folder / "run.car")
    return stage.folder / "run.car"


@meets(BUNDLES, "a bundle that is not there")
def _(stage: Stage) -> Told:
    return stage("import", "run.car")


@meets(BUNDLES, "a directory instead of a bundle")
def _(stage: Stage) -> Told:
    (stage.folder / "run.car").mkdir()
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle that cannot be read")
def _(stage: Stage) -> Told:
    (stage.folder / "run.car").symlink_to("run.car")
    return stage("import", "run.car")


@meets(BUNDLES, "a file that is no bundle")
def _(stage: Stage) -> Told:
    stage.write("run.car", "some text that is no bundle\n" * 100)
    return stage("import", "run.car")


@meets(BUNDLES, "an empty file")
def _(stage: Stage) -> Told:
    stage.write("run.car", "")
    return stage("import", "run.car")


@meets(BUNDLES, "a thin bundle of it is not said what")
def _(stage: Stage) -> Told:
    return stage("export", stage.run, "thin.car", "--thin")


@meets(BUNDLES, "a sample in a bundle that is not thin")
def _(stage: Stage) -> Told:
    return stage("export", stage.run, "run.car", "--sample", "2")


@meets(BUNDLES, "a thin bundle of what is no run")
def _(stage: Stage) -> Told:
    return stage("export", _folder(stage), "thin.car", "--thin", "--sample", "2")


@meets(BUNDLES, "a seed that cannot be typed")
def _(stage: Stage) -> Told:
    return stage("export", stage.run, "thin.car", "--thin", "--sample", "2", "--seed", "où?")


@meets(BUNDLES, "a thin bundle that was drawn with another seed")
def _(stage: Stage) -> Told:
    words = ("--thin", "--sample", "2", "--seed", "theirs")
    stage.quietly("export", stage.run, stage.folder / "thin.car", *words)
    return stage("rerun", "thin.car", "--seed", "mine")


@meets(BUNDLES, "a bundle without a run, to be rerun")
def _(stage: Stage) -> Told:
    cid = _folder(stage)
    stage.quietly("export", cid, stage.folder / "tree.car")
    return stage("rerun", "tree.car")


@meets(BUNDLES, "a bundle that was cut short")
def _(stage: Stage) -> Told:
    path = _bundle(stage)
    os.truncate(path, 1000)
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle of which a byte was changed")
def _(stage: Stage) -> Told:
    path = _bundle(stage)
    data = bytearray(path.read_bytes())
    data[200] ^= 1
    path.write_bytes(data)
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle of which the head was changed")
def _(stage: Stage) -> Told:
    path = _bundle(stage)
    data = bytearray(path.read_bytes())
    data[3] ^= 1
    path.write_bytes(data)
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle in which somebody signed in another's name")
def _(stage: Stage) -> Told:
    forged_bundle(stage.folder / "run.car")
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle of very many runs")
def _(stage: Stage) -> Told:
    lacking = Cid.of(DAG_CBOR, b"")
    runs = [
        RUN.block(Run(lacking, lacking, {"n": str(at)}, "failed", ()))
        for at in range(MOST_RUNS + 1)
    ]
    root = Checked.made(DAG_CBOR, encode([one.cid for one in runs]))
    with (stage.folder / "run.car").open("wb") as stream:
        write(stream, [root.cid], [root, *runs])
    return stage("import", "run.car")


@meets(BUNDLES, "content that is no run, as statements", "nix", "sandbox")
def _(stage: Stage) -> Told:
    ref = f"{stage.run}/letter/text"
    shown = "tally export brave-otter/letter/text x.jsonl --format in-toto"
    return stage("export", ref, "x.jsonl", "--format", "in-toto", shown=shown)


@meets(BUNDLES, "a part of a run, as statements")
def _(stage: Stage) -> Told:
    words = ("x.jsonl", "--thin", "--sample", "2", "--format", "in-toto")
    shown = f"tally export brave-otter {' '.join(words)}"
    return stage("export", stage.run, *words, shown=shown)


@meets(BUNDLES, "statements where there is a file", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.write("x.jsonl", "mine")
    return stage("export", stage.run, "x.jsonl", "--format", "in-toto")


@meets(BUNDLES, "a page where there is another file", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.write("thesis.html", "mine")
    return stage("report", stage.run, "-f", "thesis.html")


@meets(BUNDLES, "a crate where there is something", "nix", "sandbox")
def _(stage: Stage) -> Told:
    (stage.folder / "crate").mkdir()
    shown = "tally export brave-otter crate --format ro-crate"
    return stage("export", stage.run, "crate", "--format", "ro-crate", shown=shown)


@meets(BUNDLES, "a crate in a folder that there is not", "nix", "sandbox")
def _(stage: Stage) -> Told:
    shown = "tally export brave-otter none/crate --format ro-crate"
    return stage("export", stage.run, "none/crate", "--format", "ro-crate", shown=shown)


@meets(BUNDLES, "sums in a crate", "nix", "sandbox")
def _(stage: Stage) -> Told:
    words = ("crate", "--format", "ro-crate", "--sha256")
    return stage("export", stage.run, *words, shown=f"tally export brave-otter {' '.join(words)}")


@meets(BUNDLES, "a crate of a run that did nothing", "nix", "sandbox")
def _(stage: Stage) -> Told:
    stage.good("  a: {when: params.go, run: 'true'}\n", "params: {go: false}\n")
    stage.quietly("run", stage.folder / "w.yaml")
    return stage("export", "latest", "crate", "--format", "ro-crate")


@meets(BUNDLES, "a CAR of version 2")
def _(stage: Stage) -> Told:
    stage.write("run.car", bytes.fromhex("0aa16776657273696f6e02") + bytes(40))
    return stage("import", "run.car")


@meets(BUNDLES, "a bundle that lacks a block")
def _(stage: Stage) -> Told:
    path = _bundle(stage)
    stage.extra["TALLY_HOME"] = str(stage.folder / "home")  # this one may have the block
    with path.open("rb") as stream:
        reader = Reader(stream)
        blocks = list(reader)
        roots = reader.roots
    with path.open("wb") as stream:
        write(stream, roots, blocks[:-1])
    return stage("import", "run.car")
