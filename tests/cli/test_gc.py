"""`tally gc` and `tally fsck`: what stays, what goes, what is found."""

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

CHAIN = """\
  a: {inputs: {i: inputs.i}, run: 'cat {inputs.i} {inputs.i} >{outputs.o}', outputs: {o: o}}
  b: {inputs: {i: a.o}, run: 'cat {inputs.i} >{outputs.o}; echo end >>{outputs.o}', outputs: {o: o}}
"""
BIG = 300 * 1024  # bytes; over what goes into packs


@pytest.fixture
def chain(write: Write, tmp_path: Path) -> Path:
    """Return a workflow with a large input, an intermediate output and a final one."""
    (tmp_path / "big").write_bytes(bytes(range(256)) * (BIG // 256))
    return write(CHAIN, head="inputs: {i: ./big}", name="chain")


def test_gc_drops_intermediates_and_keeps_the_rest(own: Program, chain: Path) -> None:
    """Inputs, final outputs and records stay: the next run makes only what it must."""
    run = own.told("run", chain)
    told = own.told("gc")
    assert [drop["cid"] for drop in told["went"]] == [run["steps"][0]["outputs"]["o"]]
    assert own("cat", f"{run['name']}/a/o").code == 3
    assert own("cat", run["outputs"]["b.o"]).code == 0
    assert own.told("show", run["name"]) == run
    assert own("log", run["name"]).code == 0
    assert own("fsck").code == 0
    again = own.told("run", chain)
    assert again["outputs"] == run["outputs"]
    assert statuses(again)["b"] == "reused"
    assert own.told("rerun", run["name"])["verdict"] == "reproduced"


def test_gc_clears_what_killed_processes_staged(own: Program) -> None:
    """The inputs of steps, and what they printed: the same command may have nothing to do."""
    for left in ("work/in/dead/1", "live/of-no-run"):
        (own.home / left).mkdir(parents=True)
    own.told("gc", "--dry-run")
    assert (own.home / "work/in/dead").exists()
    own.told("gc")
    assert not list((own.home / "work/in").iterdir())
    assert not list((own.home / "live").iterdir())


def test_a_dry_run_of_gc_deletes_nothing(own: Program, chain: Path) -> None:
    """It says what the real one then does."""
    run = own.told("run", chain)
    would = own.told("gc", "--dry-run")
    assert would["dry_run"]
    assert own("cat", f"{run['name']}/a/o").code == 0
    assert own.told("gc") == would | {"dry_run": False}


def test_intermediates_can_be_kept(own: Program, chain: Path) -> None:
    """`--keep-intermediates` leaves what only other steps read."""
    run = own.told("run", chain)
    assert own.told("gc", "--keep-intermediates")["went"] == []
    assert own("cat", f"{run['name']}/a/o").code == 0


def test_a_dry_run_lets_go_of_nothing(own: Program, tmp_path: Path) -> None:
    """With `--unpin` it would not be dry: the two are refused together, and the pin stays."""
    (tmp_path / "kept").write_text("kept")
    cid = own.told("add", tmp_path / "kept")["cid"]
    assert own("gc", "-n", "--unpin", cid).code == 2
    own.told("gc")
    assert own("cat", cid).out == "kept"


def test_what_a_person_added_stays_until_unpinned(own: Program, tmp_path: Path) -> None:
    """`add` pins; `gc --unpin` lets go, and frees what it took."""
    (tmp_path / "file").write_bytes(b"x" * BIG)
    cid = own.told("add", tmp_path / "file")["cid"]
    own.told("gc")
    assert own("cat", cid).code == 0
    assert own.told("gc", "--unpin", cid)["freed"] >= BIG
    assert own("cat", cid).code == 3
    done = own("gc", "--unpin", cid)
    assert done.code == 2
    assert "not pinned" in done.err


def test_an_environment_over_the_quota_goes_and_comes_back(
    tally: Program, letters: Path, own: Program, environment: str
) -> None:
    """With no room for environments even the last used one goes; the lock builds it again."""
    program = own.at(own.home, TALLY_ENVIRONMENT_QUOTA="1B")
    run = program.told("run", letters)
    went = program.told("gc", "--unpin", environment)["went"]
    assert environment in [drop["cid"] for drop in went]
    assert program("fsck").code == 0
    assert program("run", letters, "--offline").code == 3
    assert program.told("run", letters)["outputs"] == run["outputs"]


def test_fsck_of_what_is_whole_says_so(own: Program, chain: Path) -> None:
    """Exit 0, nothing found."""
    own.told("run", chain)
    done = own("fsck")
    assert (done.code, done.out, done.err) == (0, "", "everything is right\n")
    assert own.told("fsck") == {"findings": []}


def test_a_damaged_file_is_found_put_aside_and_made_again(own: Program, chain: Path) -> None:
    """Exit 5 and the CID; the next run works, and then all is right again."""
    run = own.told("run", chain)
    cid = run["outputs"]["b.o"]
    (stored,) = own.home.glob(f"store/files/*/{cid}*")
    stored.chmod(0o600)
    data = bytearray(stored.read_bytes())
    data[1000] ^= 1
    stored.write_bytes(data)
    done = own("fsck", "-o", "json")
    assert done.code == 5
    problems = {finding["problem"] for finding in done.json["findings"]}
    assert "damaged" in problems
    again = own.told("run", chain)
    assert again["outputs"] == run["outputs"]
    assert own("fsck").code == 0


def test_what_was_deleted_by_hand_is_missing(own: Program, chain: Path) -> None:
    """Nothing is damaged, something needed is not here: exit 3; a run makes it again."""
    run = own.told("run", chain)
    shutil.rmtree(own.home / "store" / "files")
    done = own("fsck", "-o", "json")
    assert done.code == 3, done.err
    assert {finding["problem"] for finding in done.json["findings"]} == {"missing"}
    assert own.told("run", chain)["outputs"] == run["outputs"]


def test_a_damaged_output_is_not_handed_out(own: Program, chain: Path, tmp_path: Path) -> None:
    """Reading finds it too: exit 5, and no part of it is left at the destination."""
    cid = own.told("run", chain)["outputs"]["b.o"]
    (stored,) = own.home.glob(f"store/files/*/{cid}*")
    stored.chmod(0o600)
    data = bytearray(stored.read_bytes())
    data[-1] ^= 1
    stored.write_bytes(data)
    assert own("get", cid, tmp_path / "out").code == 5
    assert not (tmp_path / "out").exists()


PART = """\
  a:
    run: 'mkdir {outputs.o}; head -c 300000 /dev/zero >{outputs.o}/x; echo y >{outputs.o}/y'
    outputs: {o: o}
  b: {inputs: {i: a.o}, run: 'ls {inputs.i} >{outputs.o}', outputs: {o: o}}
"""


def test_a_part_of_an_output_can_be_what_stays(own: Program, write: Write) -> None:
    """The workflow's output is a file in a directory: gc drops the directory, not the file."""
    run = own.told("run", write(PART, head="outputs: {x: a.o/x, b: b.o}", name="part"))
    for _ in range(2):
        own.told("gc")
        assert own("cat", run["outputs"]["x"]).code == 0
        shown = own.told("show", run["name"])
        assert shown["outputs"]["b"] == run["outputs"]["b"]
        assert own("fsck").code == 0


SAME = """\
  a: {run: 'echo same >{outputs.o}; echo same', outputs: {o: o}}
  b:
    inputs: {i: a.o}
    run: 'mkdir {outputs.o}; cp {inputs.i} {outputs.o}/x; cat {inputs.i}'
    outputs: {o: o}
"""


def test_an_intermediate_stays_where_it_is_part_of_what_stays(own: Program, write: Write) -> None:
    """A final directory, and a log, that hold the bytes of an intermediate keep them."""
    run = own.told("run", write(SAME, name="same"))
    own.told("gc")
    assert own("cat", f"{run['outputs']['b.o']}/x").out == "same\n"
    assert "same" in own("log", run["name"], "b").out
    assert own("fsck").code == 0


def test_gathered_outputs_stay_when_the_workflow_gives_them(own: Program, write: Write) -> None:
    """`STEP[*].OUTPUT` is final of every instance, though another step reads it too."""
    steps = (
        "  s: {scatter: {x: [p, q]}, run: 'echo {scatter.x} >{outputs.o}', outputs: {o: o}}\n"
        "  t: {inputs: {i: 's[*].o'}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    )
    run = own.told("run", write(steps, head="outputs: {all: 's[*].o'}", name="gathered"))
    went = own.told("gc")["went"]
    assert [drop["cid"] for drop in went] == [run["steps"][2]["outputs"]["o"]]
    for cid in run["outputs"]["all"]:
        assert own("cat", cid).code == 0
