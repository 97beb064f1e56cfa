"""Programs of an author's that compare outputs: in a rerun, a chain, a diff, from a bundle."""

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses, verdicts

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

STEPS = """\
  s:
    run: od -An -N4 -tu4 /dev/urandom | tr -d " " >{outputs.o}
    outputs:
      o:
        path: n.txt
        verify:
          compare:
            run: sh {inputs.code} {inputs.was} {inputs.now} {params.most} >{outputs.verdict}
            inputs: {code: inputs.code/compare.sh}
            resources: {memory: 64MiB}
"""
HEAD = "params: {most: 5000000000}\ninputs: {code: ./src}"
COMPARE = """\
gap=$(( $(cat "$1") - $(cat "$2") ))
if [ $gap -lt 0 ]; then gap=$(( -gap )); fi
if [ $gap -le "$3" ]; then word=true; else word=false; fi
echo "comparing $1" >&2
echo "{\\"equivalent\\": $word, \\"difference\\": \\"$gap apart\\", \\"deviation\\": $gap}"
"""


@pytest.fixture
def compared(tmp_path: Path, write: Write) -> Path:
    """Return a workflow whose output is random and compared by a script."""
    (tmp_path / "src").mkdir(exist_ok=True)
    (tmp_path / "src" / "compare.sh").write_text(COMPARE)
    return write(STEPS, head=HEAD, name="compared")


def test_a_comparator_decides(tally: Program, compared: Path) -> None:
    """It sees both outputs and the params; what it says is in the verdict, and it is a step."""
    near = tally.told("run", compared)["name"]
    done = tally("rerun", near, "-o", "json")
    output = done.json["steps"][0]["outputs"]["o"]
    opinion = output["comparator"]
    assert (done.code, done.json["verdict"], output["verdict"]) == (0, "equivalent", "equivalent")
    was, now = (int(tally("cat", output[side]).out) for side in ("was", "is"))
    assert opinion["difference"] == f"{abs(was - now)} apart"
    assert output["deviation"]["absolute"]["value"] == opinion["deviation"] == abs(was - now)
    assert (opinion["equivalent"], opinion["failed"], output["first"]) == (True, "", None)

    far = tally.told("run", compared, "-p", "most=0")["name"]
    done = tally("rerun", far, "-o", "json")
    output = done.json["steps"][0]["outputs"]["o"]
    assert (done.code, verdicts(done.json)) == (4, {"s": "differs"})
    assert output["difference"] == f"o {output['comparator']['difference']}"
    assert "apart\n  fix:" in done.err


def test_a_comparator_is_in_no_step_key(tally: Program, compared: Path, write: Write) -> None:
    """With another one, or none, the step is the same and is reused."""
    one = tally.told("run", compared)
    (compared.parent / "src" / "compare.sh").write_text("exit 0\n")
    assert statuses(tally.told("run", compared)) == {"s": "reused"}
    plain = STEPS[: STEPS.index("        verify")]
    assert statuses(tally.told("run", write(plain, head=HEAD, name="plain"))) == {"s": "reused"}
    assert one["outputs"]


BAD = {
    "fails": ("echo comparing >&2; exit 3", "exit code 3"),
    "writes nothing": ("true >/dev/null; rm -f /out/verdict.json", ""),
    "writes no JSON": ("echo yes", "what it wrote is not JSON"),
    "says nothing": ("echo '{{}}'", "its 'equivalent' is not true or false"),
    "says too much": ('echo \'{{"equivalent": true, "x": 1}}\'', "it wrote an unknown key 'x'"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_comparator_without_a_verdict_is_a_failure(
    tally: Program, write: Write, name: str
) -> None:
    """Never equivalent: exit 1, with what is wrong."""
    run, said = BAD[name]
    run = run if name in ("fails", "writes nothing") else f"{run} >{{outputs.verdict}}"
    steps = STEPS[: STEPS.index("            run:")] + f"            run: {json.dumps(run)}\n"
    path = write(steps, name=name.replace(" ", "-").lower())
    done = tally("rerun", tally.told("run", path)["name"], "-o", "json")
    assert (done.code, done.json["verdict"], verdicts(done.json)) == (1, "failed", {"s": "failed"})
    opinion = done.json["steps"][0]["outputs"]["o"]["comparator"]
    assert opinion["equivalent"] is None
    assert opinion["failed"]
    assert said in opinion["failed"]
    assert done.json["steps"][0]["note"] == "output 'o' could not be compared"
    assert "error: what compares output 'o' of step 's' has no verdict" in done.err
    assert ("  | comparing" in done.err) is (name == "fails")


def test_a_chain_and_a_diff_compare_so_too(tally: Program, compared: Path) -> None:
    """Each by the comparator of the run that is looked at."""
    one = tally.told("run", compared)["name"]
    chain = tally("rerun", one, "--chain", "-o", "json")
    assert (chain.code, verdicts(chain.json)) == (0, {"s": "equivalent"})
    two = tally.told("run", compared, "--force", "s", "-p", "most=0")["name"]
    (step,) = tally.told("diff", one, two)["steps"]
    output = step["outputs"]["o"]
    assert (output["verdict"], output["comparator"]["equivalent"]) == ("differs", False)
    (step,) = tally.told("diff", two, one)["steps"]
    assert step["outputs"]["o"]["verdict"] == "equivalent"
    assert "output 'o', equivalent by its 'verify'" in tally("diff", two, one).out


def test_its_own_words_are_shown_wherever_it_decides(
    tally: Program, compared: Path, tmp_path: Path
) -> None:
    """Also of what it calls equivalent: in the text of a rerun, on its page, and in a diff."""
    one = tally.told("run", compared)["name"]
    page = tmp_path / "page.html"
    done = tally("rerun", one, "--report", page)
    (said,) = [line for line in done.out.splitlines() if "its comparator says" in line]
    assert said.endswith(" apart")
    assert "largest deviation: " in done.out
    assert said.strip() in page.read_text()
    two = tally.told("run", compared, "--force", "s")["name"]
    assert "its comparator says: " in tally("diff", one, two).out


def test_what_a_failing_one_printed_is_shown_wherever_it_is_run(
    tally: Program, compared: Path
) -> None:
    """The last lines, below why it has no verdict: in a diff, a chain, and a determinism check."""
    long = "for i in $(seq 100); do echo line $i >&2; done; echo comparing >&2; exit 3"
    (compared.parent / "src" / "compare.sh").write_text(long)
    one, two = (tally.told("run", compared, "--force", "s")["name"] for _ in "ab")
    for done in (
        tally("diff", one, two),
        tally("rerun", one, "--chain"),
        tally("check-determinism", one),
    ):
        assert "s: what compares output 'o' failed: exit code 3\n" in done.err
        shown = [line for line in done.err.splitlines() if line.startswith("  | ")]
        assert "  | comparing" in shown
        assert len(shown) == 20


def test_a_bundle_has_what_compares(
    tally: Program, compared: Path, empty: Program, tmp_path: Path, without_nix: str
) -> None:
    """The script and its environment are in it: a home that has seen nothing compares the same."""
    run = tally.told("run", compared)["name"]
    assert tally("export", run, tmp_path / "run.car").code == 0
    alone = empty.at(empty.home, PATH=without_nix)
    done = alone("rerun", tmp_path / "run.car", "--offline", "-o", "json")
    assert (done.code, done.json["verdict"]) == (0, "equivalent"), done.err


def test_a_thin_bundle_has_what_compares(
    tally: Program, compared: Path, empty: Program, tmp_path: Path, without_nix: str
) -> None:
    """Of the steps that are in it, also in an environment that no step is in."""
    text = compared.read_text().replace("compare:\n", "compare:\n            environment: other\n")
    line = next(one for one in text.splitlines() if one.startswith("environments:"))
    cid = line.partition("cid: ")[2].partition("}")[0]
    compared.write_text(text.replace(line, f"{line[:-1]}, other: {{cid: {cid}}}}}"))
    run = tally.told("run", compared, "--force", "s")["name"]
    done = tally("export", run, tmp_path / "thin.car", "--thin", "--step", "s")
    assert done.code == 0, done.err
    alone = empty.at(empty.home, PATH=without_nix)
    done = alone("rerun", tmp_path / "thin.car", "--offline", "-o", "json")
    assert (done.code, done.json["verdict"]) == (0, "equivalent"), done.err
    assert done.json["steps"][0]["outputs"]["o"]["comparator"]["equivalent"]


def test_what_compares_survives_a_gc(own: Program, compared: Path) -> None:
    """An input that only a comparator reads is kept with the run."""
    run = own.told("run", compared)["name"]
    own.told("gc")
    assert own.told("rerun", run)["verdict"] == "equivalent"
    assert own("fsck").code == 0


def test_a_comparator_is_shown_by_the_run(tally: Program, compared: Path, tmp_path: Path) -> None:
    """A run by its CID has it: the record of the workflow is of the second version."""
    run = tally.told("run", compared)["run"]
    again = tally.told("run", run, "--force", "s")
    assert tally.told("rerun", again["name"])["verdict"] == "equivalent"
