"""Samples: drawn by a seed, within a budget, and as thin bundles that hold nothing else."""

import os
from pathlib import Path

import pytest

from engine.content import car
from engine.content.blocks import Block
from engine.content.cid import DAG_CBOR, RAW, Cid
from engine.content.schema import Record
from engine.errors import Damaged
from engine.thin import THIN, Thin
from tests.cli.conftest import Write
from tests.cli.program import Program, Told, statuses, verdicts

pytestmark = [pytest.mark.nix, pytest.mark.sandbox]

SEED = "mine"
_UNCHECKED = Record(THIN.kind, Thin)
RANDOM = 'od -An -N4 -tu4 /dev/urandom | tr -d " " >{outputs.o}'


@pytest.fixture(scope="module")
def thin(tally: Program, first: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two of the three steps of the first run as a file, drawn with a seed."""
    path = tmp_path_factory.mktemp("thin") / "thin.car"
    made = tally.told("export", first, path, "--thin", "--sample", "2", "--seed", SEED)
    assert (made["steps"], made["seed"], made["size"]) == (2, SEED, path.stat().st_size)
    return path


def _blocks(path: Path) -> dict[Cid, bytes]:
    with path.open("rb") as stream:
        return {block.cid: block.data for block in car.Reader(stream)}


def _with(path: Path, blocks: dict[Cid, bytes], thin: Thin) -> Path:
    """Write a thin bundle of these blocks that says another thing of them."""
    root = THIN.block(thin)
    with path.open("wb") as stream:
        car.write(stream, [root.cid], [root, *(Block(*one) for one in blocks.items())])
    return path


def _record(blocks: dict[Cid, bytes]) -> Thin:
    return THIN.decode(next(iter(blocks.values())))


def test_a_thin_bundle_needs_nothing_else(thin: Path, empty: Program, without_nix: str) -> None:
    """In a home that has seen nothing, without Nix, what was drawn with your seed bounds."""
    alone = empty.at(empty.home, PATH=without_nix)
    done = alone("rerun", thin, "--offline", "--seed", SEED, "-o", "json")
    assert done.code == 0, done.err
    assert (done.json["verdict"], done.json["of"], len(verdicts(done.json))) == ("reproduced", 3, 2)
    wanted = {"steps": 2, "of": 3, "seed": SEED, "chosen_by": "you", "can_be_wrong_percent": 67}
    assert done.json["sample"] == wanted
    assert "2 of 3 identical: under 67 % can be wrong" in done.err
    assert "must not have known" in done.err
    assert not (Path(without_nix.split(os.pathsep)[0]) / "called").exists()


def test_what_its_maker_chose_proves_nothing_of_the_others(thin: Path, empty: Program) -> None:
    """Without a seed of the one who verifies, no bound is said."""
    done = empty("rerun", thin, "--offline", "-o", "json")
    assert done.code == 0, done.err
    sample = done.json["sample"]
    assert (sample["chosen_by"], sample["can_be_wrong_percent"]) == ("maker", None)
    assert "they prove nothing of the others" in done.err
    assert "confidence" not in done.err
    ran = ", ".join(sorted(verdicts(done.json)))
    assert f"drawn with seed '{SEED}', which whoever made the bundle chose" in done.err
    assert all(f"{one}" in done.err.split("2 of 3 (")[1].split(")")[0] for one in ran.split(", "))


def test_a_sample_of_another_seed_is_refused(thin: Path, empty: Program) -> None:
    """Exit 2: it is not what was asked for."""
    done = empty("rerun", thin, "--offline", "--seed", "another")
    assert (done.code, "it was not drawn with seed 'another'" in done.err) == (2, True)
    assert _has_nothing_of(empty, thin)


def test_a_sample_of_more_than_a_bundle_has_says_so(thin: Path, empty: Program) -> None:
    """All that it has are run."""
    done = empty("rerun", thin, "--offline", "--seed", SEED, "--sample", "4", "-o", "json")
    assert (done.code, len(done.json["steps"])) == (0, 2), done.err
    assert "the bundle has 2 steps, not 4" in done.err


def _has_nothing_of(program: Program, bundle: Path) -> bool:
    """Return whether no block of a bundle was stored."""
    from cli.workspace import Workspace

    with Workspace(program.home) as space:
        return not (space.store.pins.all() or space.store.has_many(list(_blocks(bundle))))


def test_a_thin_bundle_holds_no_more_than_it_takes(
    tally: Program, first: str, thin: Path, tmp_path: Path
) -> None:
    """Of the third step there is neither record nor result."""
    run = tally.told("show", first)
    said = tally("export", first, tmp_path / "one.car", "--thin", "--step", "greet[0]").err
    assert f"one.car: 1 step of {run['run']}" in said
    there = _blocks(tmp_path / "one.car")
    whole = {step["id"]: Cid.parse(step["step"]) for step in run["steps"]}
    assert whole["greet[0]"] in there
    assert whole["greet[1]"] not in there
    assert whole["letter"] not in there
    assert Cid.parse(run["run"]) in there


def test_an_import_of_a_sample_is_no_whole_run(thin: Path, empty: Program) -> None:
    """It is no run of this home; show says what is here, fsck and gc find nothing wrong."""
    (root,) = empty.told("import", thin)["roots"]
    assert root["kind"] == "sample"
    assert empty.told("runs") == {"runs": []}
    assert empty("fsck").code == 0, empty("fsck").err
    run = str(_record(_blocks(thin)).whole)
    for name in (root["cid"], run):
        shown = empty.told("show", name)
        assert (shown["run"], shown["outputs"], len(shown["here"])) == (run, {}, 2)
        assert len(statuses(shown)) == 3
        given = {step["id"] for step in shown["steps"] if step["outputs"]}
        assert given == set(shown["here"])
    assert "2 of its 3 steps are here" in empty("show", run).err
    for words in (("show", run, "--evidence"), ("log", run), ("graph", run)):
        done = empty(*words)
        assert done.code == 0, (words, done.err)
    empty.told("gc")
    assert empty.told("rerun", run, "--offline", "--seed", SEED)["sample"]["chosen_by"] == "you"
    assert empty.told("gc", "--unpin", root["cid"])["dropped"] > 0
    assert empty("show", run).code == 3


def test_a_whole_run_beside_its_sample_is_whole(
    tally: Program, first: str, thin: Path, empty: Program, tmp_path: Path
) -> None:
    """Once all of it came, all of it is shown and run again."""
    empty.told("import", thin)
    tally.told("export", first, tmp_path / "run.car")
    empty.told("import", tmp_path / "run.car")
    run = tally.told("show", first)["run"]
    assert empty.told("show", run)["here"] is None
    assert len(empty.told("rerun", run, "--offline")["steps"]) == 3
    assert empty("fsck").code == 0


def test_what_is_lost_of_a_sample_is_missed(thin: Path, empty: Program) -> None:
    """Fsck looks at what was brought here, and says that a block of it is gone."""
    empty.told("import", thin)
    record = _record(_blocks(thin))
    assert record.picks
    from cli.workspace import Workspace

    with Workspace(empty.home, writing=True) as space:
        (root,) = space.store.pins.of("sampled")
        from engine.thin import deep_parts

        lost = next(iter(deep_parts(space.store, root)))
        with space.store.index.change() as change:
            change.execute("DELETE FROM blocks WHERE cid = ?", (lost.raw,))
    done = empty("fsck")
    assert done.code == 3
    assert str(lost) in done.out


@pytest.mark.parametrize("lacks", ["page", "step", "output"])
def test_a_sample_without_one_of_its_blocks_is_damage(
    thin: Path, empty: Program, tmp_path: Path, lacks: str
) -> None:
    """Exit 5, whatever is left out: nobody passes on less than what a record says."""
    blocks = _blocks(thin)
    cids = list(blocks)
    output = [cid for cid in cids if cid.codec == RAW][-1]  # after it come builders' words
    gone = {"page": cids[4], "step": cids[5], "output": output}[lacks]
    rest = {cid: data for cid, data in blocks.items() if cid not in (cids[0], gone)}
    done = empty("rerun", _with(tmp_path / "x.car", rest, _record(blocks)), "--offline")
    assert (done.code, "lacks a block" in done.err) == (5, True), done.err
    assert empty("fsck").code == 0


def test_other_steps_in_place_of_those_drawn_are_found(
    tally: Program, first: str, thin: Path, empty: Program, tmp_path: Path
) -> None:
    """Whoever has a seed cannot have other steps run again than those that it draws."""
    tally.told("export", first, tmp_path / "run.car")
    blocks = {**_blocks(tmp_path / "run.car"), **_blocks(thin)}
    record = _record(_blocks(thin))
    del blocks[THIN.cid(record)]
    left = next(at for at in range(3) if at not in record.picks)
    for picks in ((left, record.picks[1]), record.picks[::-1], (record.picks[0], left)):
        swapped = _with(tmp_path / "swapped.car", blocks, Thin(picks, SEED, record.whole))
        for words in (("rerun", swapped, "--offline", "--seed", SEED), ("import", swapped)):
            done = empty(*words)
            assert (done.code, "are not those that its seed" in done.err) == (5, True), done.err
            assert "nothing was stored" in done.err
        assert _has_nothing_of(empty, swapped)
    more = _with(tmp_path / "more.car", blocks, Thin((3,), "", record.whole))
    assert empty("rerun", more, "--offline").code == 5
    assert _has_nothing_of(empty, more)


@pytest.mark.parametrize("share", [0.0, 0.001, 0.3, 0.7, 0.999])
def test_a_changed_byte_of_a_thin_bundle_is_damage(
    thin: Path, tmp_path: Path, empty: Program, share: float
) -> None:
    """Exit 5, as of a whole one."""
    data = bytearray(thin.read_bytes())
    data[int(share * len(data))] ^= 1
    (tmp_path / "x.car").write_bytes(data)
    assert empty("rerun", tmp_path / "x.car", "--offline").code == 5


def test_a_seed_draws_the_same_wherever_it_is_used(
    tally: Program, first: str, thin: Path, empty: Program
) -> None:
    """A sample of a whole run, and one that was sent, of one seed are the same steps."""
    here = tally.told("rerun", first, "--sample", "2", "--seed", SEED)
    there = empty.told("rerun", thin, "--offline", "--seed", SEED)
    assert verdicts(here) == verdicts(there)
    one = empty.told("rerun", thin, "--offline", "--seed", SEED, "--sample", "1")
    assert set(verdicts(one)) < set(verdicts(here))
    assert one["sample"]["can_be_wrong_percent"] == 100


def test_without_a_seed_one_is_drawn_and_said(tally: Program, first: str) -> None:
    """It draws the same sample again."""
    done = tally("rerun", first, "--sample", "1", "-o", "json")
    sample = done.json["sample"]
    assert f"drawn with --seed '{sample['seed']}'" in done.err
    assert "must not have known" not in done.err
    again = tally.told("rerun", first, "--sample", "1", "--seed", sample["seed"])
    assert verdicts(again) == verdicts(done.json)


def test_a_budget_takes_the_first_that_fit(tally: Program, first: str) -> None:
    """A day is enough for all; what fits none is exit 3, with the step that was drawn first."""
    assert len(tally.told("rerun", first, "--budget", "1d")["steps"]) == 3
    done = tally("rerun", first, "--budget", "0ms")
    assert (done.code, "no step fits the budget" in done.err) == (3, True), done.err
    both = tally.told("rerun", first, "--budget", "1d", "--sample", "2")
    assert len(both["steps"]) == 2


def test_a_sample_of_one_step_speaks_of_its_instances(tally: Program, first: str) -> None:
    """`--step greet --sample 1`: one of two."""
    told = tally.told("rerun", first, "--step", "greet", "--sample", "1")
    assert (told["sample"]["steps"], told["sample"]["of"], told["of"]) == (1, 2, 3)


def test_what_differs_in_a_sample_is_exit_4(tally: Program, write: Write, tmp_path: Path) -> None:
    """A sample that is not clean bounds nothing, and says where it parts."""
    run = tally.told("run", write(f"  s: {{run: '{RANDOM}', outputs: {{o: o}}}}\n", name="thin"))
    thin = tmp_path / "t.car"
    tally.told("export", run["run"], thin, "--thin", "--sample", "1", "--seed", "x")
    done = tally("rerun", thin, "--offline", "--seed", "x", "-o", "json")
    assert (done.code, done.json["sample"]["can_be_wrong_percent"]) == (4, None)


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "thin of what": (("--thin",), "which?"),
    "not thin": (("--sample", "1"), "only a thin file"),
    "only a seed": (("--thin", "--seed", "x"), "which?"),
    "no step": (("--thin", "--step", "gret"), "no step 'gret'"),
    "a bad seed": (("--thin", "--sample", "1", "--seed", ""), "a seed is"),
    "a bad time": (("--thin", "--budget", "soon"), "not a number with a unit"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_thin_file_of_nothing_is_refused(
    tally: Program, first: str, tmp_path: Path, case: str
) -> None:
    """Exit 2, and no file."""
    words, said = REFUSED[case]
    done = tally("export", first, tmp_path / "x.car", *words)
    assert (done.code, said in done.err) == (2, True), done.err
    assert not list(tmp_path.iterdir())


def test_only_of_a_run_there_are_thin_files(
    tally: Program, first: str, environment: str, tmp_path: Path
) -> None:
    """Of an environment, and of a file, there is no part."""
    for ref in (environment, f"{first}/letter/text"):
        done = tally("export", ref, tmp_path / "x.car", "--thin", "--sample", "1")
        assert (done.code, "only of a run" in done.err) == (2, True), done.err


def _chain(program: Program, what: object) -> Told:
    return program("rerun", what, "--offline", "--chain")


def test_a_part_of_a_run_is_no_chain(thin: Path, empty: Program) -> None:
    """What is not there cannot be fed on."""
    assert _chain(empty, thin).code == 2
    assert _has_nothing_of(empty, thin)


def test_a_seed_alone_draws_nothing(tally: Program, first: str) -> None:
    """It is of a sample."""
    done = tally("rerun", first, "--seed", "x")
    assert (done.code, "a seed draws a sample" in done.err) == (2, True)


def test_of_several_samples_it_is_said_which(
    tally: Program, first: str, thin: Path, empty: Program, tmp_path: Path
) -> None:
    """The run alone is not enough then: each sample has a name of its own."""
    tally.told("export", first, tmp_path / "one.car", "--thin", "--step", "letter")
    empty.told("import", thin)
    (root,) = empty.told("import", tmp_path / "one.car")["roots"]
    run = tally.told("show", first)["run"]
    done = empty("rerun", run, "--offline")
    assert (done.code, "2 samples of this run are here" in done.err) == (2, True), done.err
    assert list(verdicts(empty.told("rerun", root["cid"], "--offline"))) == ["letter"]
    assert len(empty.told("show", run)["here"]) in (2, 3)


@pytest.mark.parametrize(
    ("picks", "seed"), [((), ""), ((0, 0), ""), ((-1,), ""), ((0,), "\x1b[1m"), ((0,), "x" * 201)]
)
def test_a_record_of_no_sample_is_damage(picks: tuple[int, ...], seed: str) -> None:
    """No steps, one twice, one before the first, a seed that cannot be printed."""
    with pytest.raises(Damaged):
        THIN.decode(_UNCHECKED.encode(Thin(picks, seed, Cid.of(DAG_CBOR, b""))))


def test_steps_that_were_named_are_no_sample(
    tally: Program, first: str, thin: Path, empty: Program
) -> None:
    """Of a whole run and of a thin bundle: nothing is said of the others."""
    assert tally.told("rerun", first, "--step", "letter")["sample"] is None
    drawn = next(iter(verdicts(empty.told("rerun", thin, "--offline"))))
    done = empty("rerun", thin, "--offline", "--seed", SEED, "--step", drawn, "-o", "json")
    assert (done.json["sample"], "wrong" in done.err) == (None, False)
