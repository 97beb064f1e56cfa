"""`tally rerun`: verdicts, what is chosen, and a bundle on a machine that has seen nothing."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Write
from tests.cli.program import Program, statuses, verdicts

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

RANDOM = 'od -An -N4 -tu4 /dev/urandom | tr -d " " >{outputs.o}'
RULES = {
    "tolerance": ("{path: n.json, verify: {tolerance: 1e12}}", "equivalent", 0),
    "none": ("{path: n, verify: none}", "equivalent", 0),
    "exact": ("n", "differs", 4),
}


def test_a_run_is_reproduced(tally: Program, first: str) -> None:
    """Every step gives the same bytes: the JSON says which, and exit is 0."""
    again = tally.told("rerun", first)
    assert again["verdict"] == "reproduced"
    assert again["run"] == tally.told("show", first)["run"]
    assert verdicts(again) == dict.fromkeys(["greet[0]", "greet[1]", "letter"], "identical")
    for step in again["steps"]:
        assert step["outputs"]["text"]["was"] == step["outputs"]["text"]["is"]


def test_people_get_a_line_per_output_and_the_verdict(tally: Program, first: str) -> None:
    """The last line is the verdict and the Run."""
    done = tally("rerun", first)
    assert done.out.splitlines()[-1] == f"reproduced {tally.told('show', first)['run']}"


def test_a_rerun_makes_no_run_and_is_not_reused(tally: Program, first: str) -> None:
    """The list of runs stays as it is."""
    before = tally.told("runs")
    tally.told("rerun", first)
    assert tally.told("runs") == before


@pytest.mark.parametrize("rule", RULES)
def test_an_output_is_judged_by_its_own_rule(tally: Program, write: Write, rule: str) -> None:
    """A random number is equivalent within a wide tolerance or with `none`, and differs exactly."""
    declared, verdict, code = RULES[rule]
    steps = f"  s: {{run: '{RANDOM}', outputs: {{o: {declared}}}}}\n"
    run = tally.told("run", write(steps, name=rule))
    done = tally("rerun", run["name"], "-o", "json")
    assert done.code == code
    assert done.json["verdict"] == verdict
    assert verdicts(done.json) == {"s": verdict}
    output = done.json["steps"][0]["outputs"]["o"]
    assert output["was"] != output["is"]


def test_what_differs_is_named_and_can_be_looked_at(tally: Program, write: Write) -> None:
    """The error says which step and output; what the rerun gave is in the store."""
    run = tally.told("run", write(f"  s: {{run: '{RANDOM}', outputs: {{o: o}}}}\n", name="look"))
    done = tally("rerun", run["name"], "-o", "json")
    assert "error: step 's' gives something else than is recorded" in done.err
    assert tally("cat", done.json["steps"][0]["outputs"]["o"]["is"]).code == 0


NUMBERS = """\
  s:
    run: |
      mkdir {outputs.d}
      n=$(od -An -N1 -tu1 /dev/urandom)
      echo "[$((n)), 1e6, $(od -An -N3 -tu4 /dev/urandom).5]" >{outputs.d}/m.json
      echo same >{outputs.d}/t.txt
    outputs: {d: {path: d, verify: {tolerance: 1e-12}}}
"""


def test_where_an_output_parts_and_how_far_is_said(tally: Program, write: Write) -> None:
    """In words for people; for scripts the first place, the farthest numbers, what changed."""
    run = tally.told("run", write(NUMBERS, name="numbers"))["name"]
    done = tally("rerun", run, "-o", "json")
    output = done.json["steps"][0]["outputs"]["d"]
    first, inside = output["first"], output["inside"]
    assert (first["path"], first["where"][:2]) == ("m.json", "$[")
    assert float(first["was"]) != float(first["is"])
    assert output["difference"] == f"d m.json {first['where']} {first['what']}"
    assert inside["counts"] == {"changed": 1}
    assert output["deviation"]["absolute"]["value"] >= abs(float(first["was"]) - float(first["is"]))
    said = tally("rerun", run).out
    assert "s d: differs\n  m.json " in said


SOMETIMES = """\
  s:
    run: 'if [ "$(od -An -N1 -tu1 /dev/urandom)" -lt 128 ]; then exit 3; fi; echo 1 >{outputs.o}'
    outputs: {o: o}
    retries: 40
"""


def test_a_step_that_fails_by_chance_is_tried_again(tally: Program, write: Write) -> None:
    """As often as its `retries` says, as in a run; each attempt that failed is told."""
    name = tally.told("run", write(SOMETIMES, name="sometimes"))["name"]
    told = [tally("rerun", name) for _ in range(20)]
    assert {done.code for done in told} == {0}
    assert any("s: exit code 3; trying again" in done.err for done in told)


def test_a_step_that_fails_now_is_exit_1(tally: Program, write: Write) -> None:
    """A step that gave something by chance, and has no retries, is found out."""
    path = write(SOMETIMES.replace("retries: 40", "retries: 0"), name="once")
    runs = (tally("run", path, "--force", "s", "-o", "json") for _ in range(60))
    name = next(done.json["name"] for done in runs if done.code == 0)
    done = next(done for done in (tally("rerun", name) for _ in range(60)) if done.code)
    assert done.code == 1
    assert "what it printed last, if anything, stands above" in done.err


def test_only_what_is_chosen_runs(tally: Program, first: str) -> None:
    """`--step` takes a step or one instance; what was left out is counted."""
    one = tally.told("rerun", first, "--step", "greet[1]")
    both = tally.told("rerun", first, "--step", "greet")
    assert (list(verdicts(one)), one["of"]) == (["greet[1]"], 3)
    assert list(verdicts(both)) == ["greet[0]", "greet[1]"]


def test_a_sample_says_what_it_proves(tally: Program, first: str) -> None:
    """`--sample 2` of three runs two, and bounds what may be wrong with the rest."""
    done = tally("rerun", first, "--sample", "2", "-o", "json")
    assert len(done.json["steps"]) == 2
    assert "2 of 3 identical: under" in done.err
    assert len(tally.told("rerun", first, "--sample", "9")["steps"]) == 3


def test_what_was_not_drawn_at_random_proves_nothing_of_the_rest(
    tally: Program, first: str
) -> None:
    """`--step` bounds nothing."""
    assert "confidence" not in tally("rerun", first, "--step", "letter").err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("nosuch",), "no run 'nosuch'"),
        (("RUN", "--step", "gret"), "no step 'gret'"),
        (("RUN", "--sample", "0"), "--sample"),
        (("RUN", "--chain", "--step", "letter"), "--chain runs all steps"),
        (("nosuch.car",), "no such file"),
    ],
)
def test_a_bad_choice_is_refused(
    tally: Program, first: str, words: tuple[str, ...], said: str
) -> None:
    """Exit 2, and what there is."""
    done = tally("rerun", *(first if word == "RUN" else word for word in words))
    assert done.code == 2
    assert said in done.err


def test_a_chain_feeds_on_what_it_gives(tally: Program, write: Write) -> None:
    """Each step starts from what was recorded; in a chain, from what the step before gave."""
    steps = (
        f"  s: {{run: '{RANDOM}', outputs: {{o: {{path: n, verify: none}}}}}}\n"
        "  t: {inputs: {i: s.o}, run: 'cat {inputs.i} >{outputs.o}', outputs: {o: o}}\n"
    )
    run = tally.told("run", write(steps, name="chain"))["name"]
    each = tally("rerun", run, "-o", "json")
    chain = tally("rerun", run, "--chain", "-o", "json")
    assert (each.code, verdicts(each.json)) == (0, {"s": "equivalent", "t": "identical"})
    assert (chain.code, verdicts(chain.json)) == (4, {"s": "equivalent", "t": "differs"})
    assert f"run '{tally.told('runs')['runs'][0]['name']}'" in chain.err


ONE_OR_TWO = """\
  s:
    run: |
      mkdir {outputs.o}
      echo 1 >{outputs.o}/1
      if [ $(od -An -N1 -tu1 /dev/urandom) -lt 128 ]; then echo 2 >{outputs.o}/2; fi
    outputs: {o: {path: o, verify: none}}
  t: {scatter: {x: s.o/*}, run: 'cat {scatter.x} >{outputs.o}', outputs: {o: o}}
"""


def test_an_instance_that_a_chain_does_not_have_failed(tally: Program, write: Write) -> None:
    """What a step expands to may drift too: what it no longer gives is said of that instance."""
    path = write(ONE_OR_TWO, name="expand")
    runs = (tally.told("run", path, "--force", "s") for _ in range(60))
    name = next(run["name"] for run in runs if "t[1]" in statuses(run))
    chains = (tally("rerun", name, "--chain", "-o", "json") for _ in range(60))
    found = next(done for done in chains if done.code)
    assert found.code == 1, found.err
    assert verdicts(found.json) == {"s": "equivalent", "t[0]": "identical", "t[1]": "failed"}


def test_a_failed_run_can_be_rerun(tally: Program, write: Write) -> None:
    """A step that failed, and fails again in the same way, is as recorded."""
    done = tally("run", write("  s: {run: exit 3, outputs: {o: o}}\n", name="fails"), "-o", "json")
    again = tally.told("rerun", done.json["name"])
    assert verdicts(again) == {"s": "identical"}


@pytest.fixture(scope="module")
def bundle(tally: Program, first: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the first run as one file."""
    path = tmp_path_factory.mktemp("bundle") / "run.car"
    assert tally("export", first, path).code == 0
    return path


def test_a_bundle_needs_nothing_else(bundle: Path, empty: Program, without_nix: str) -> None:
    """In a home that has seen nothing, with Nix that fails when it is called: reproduced."""
    alone = empty.at(empty.home, PATH=without_nix)
    again = alone.told("rerun", bundle, "--offline")
    assert again["verdict"] == "reproduced"
    assert not (Path(without_nix.split(os.pathsep)[0]) / "called").exists()
    assert [row["run"] for row in alone.told("runs")["runs"]] == [again["run"]]
    assert statuses(alone.told("show", again["run"]))["letter"] == "ran"


def test_an_imported_run_can_be_run_and_reused(
    bundle: Path, empty: Program, without_nix: str, tmp_path: Path
) -> None:
    """Import, rerun by CID, run by CID without Nix: the first runs it, the second reuses."""
    alone = empty.at(empty.home, PATH=without_nix)
    (root,) = alone.told("import", bundle)["roots"]
    assert root["kind"] == "run"
    assert alone.told("rerun", root["cid"], "--offline", "--step", "letter")["of"] == 3
    once = alone.told("run", root["cid"], "--offline")
    twice = alone.told("run", root["cid"], "--offline")
    assert set(statuses(once).values()) == {"ran"}
    assert set(statuses(twice).values()) == {"reused"}
    assert once["run"] != twice["run"]
    assert once["outputs"] == twice["outputs"]


@pytest.mark.parametrize("share", [0.0, 0.001, 0.01, 0.3, 0.7, 0.999])
def test_a_changed_byte_anywhere_is_damage(
    bundle: Path, tmp_path: Path, empty: Program, share: float
) -> None:
    """Exit 5, with the file; nothing runs."""
    data = bytearray(bundle.read_bytes())
    data[int(share * len(data))] ^= 1
    changed = tmp_path / "changed.car"
    changed.write_bytes(data)
    done = empty("rerun", changed, "--offline")
    assert done.code == 5, done.err
    assert str(changed) in done.err


@pytest.mark.parametrize("share", [0.001, 0.5, 0.9999])
def test_a_bundle_cut_short_is_damage(
    bundle: Path, tmp_path: Path, empty: Program, share: float
) -> None:
    """Exit 5; the same home then takes the whole bundle."""
    cut = tmp_path / "cut.car"
    cut.write_bytes(bundle.read_bytes()[: int(share * bundle.stat().st_size)])
    assert empty("rerun", cut, "--offline").code == 5
    assert empty("import", bundle).code == 0
    assert empty("fsck").code == 0


def test_a_bundle_without_its_last_blocks_is_damage(
    bundle: Path, tmp_path: Path, empty: Program
) -> None:
    """One that ends between two blocks is as incomplete as one that ends within one."""
    data = bundle.read_bytes()
    ends, at = [], 0
    while at < len(data):
        size, shift = 0, 0
        while True:
            byte = data[at]
            at += 1
            size |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                break
        at += size
        ends.append(at)
    cut = tmp_path / "cut.car"
    cut.write_bytes(data[: ends[-3]])
    assert empty("rerun", cut).code == 5


def test_what_is_no_bundle_of_a_run_is_refused(
    tally: Program, first: str, empty: Program, tmp_path: Path
) -> None:
    """Any other file, an empty one, a directory, a bundle of a file: exit 2."""
    (tmp_path / "text.car").write_text("hello")
    (tmp_path / "empty.car").write_text("")
    (tmp_path / "dir.car").mkdir()
    assert tally("export", f"{first}/letter/text", tmp_path / "file.car").code == 0
    for name in ("text", "empty", "dir", "file"):
        done = empty("rerun", tmp_path / f"{name}.car")  # what it imports is pinned there
        assert done.code == 2, (name, done.err)


def test_what_a_gc_took_is_said_and_made_again(empty: Program, letters: Path) -> None:
    """An intermediate output is needed to run what reads it: running the run again makes it."""
    run = empty.told("run", letters)["run"]
    empty.told("gc")
    done = empty("rerun", run)
    assert done.code == 3
    assert f"tally run {run}" in done.err
    empty.told("run", run)
    assert empty.told("rerun", run)["verdict"] == "reproduced"
