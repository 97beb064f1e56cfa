"""Resolving: from names to the Step record, whose CID is the key."""

import json
import shlex
import subprocess

import pytest

from engine.content.cid import RAW, Cid
from engine.errors import Refused
from engine.step import GATHER_PAGE, GATHER_PAGE_RECORD, MAX_INLINE_SCRIPT, STEP
from engine.workflow.model import Workflow
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import EnvironmentUse, Resolver
from tests.engine.workflow.corpus import LARGE, steps

BIN = ("/nix/store/0-a/bin", "/nix/store/1-b/bin")


def cid(text: str) -> Cid:
    """Return a name for `text`."""
    return Cid.of(RAW, text.encode())


def select(tree: Cid, path: str) -> Cid:
    """Return a name for the part of a tree; there is no part called 'missing'."""
    if "missing" in path:
        raise Refused("there is no 'missing' in it", where=path, fix="did you mean 'present'?")
    return cid(f"{tree}/{path}")


def output(step: str, index: int | None, name: str) -> Cid:
    """Return the output of a step that is not skipped."""
    return cid(f"{step}[{index}].{name}")


def resolver(workflow: Workflow, has_shell: bool = True, **given_: str) -> Resolver:
    """Return a resolver whose inputs are named after themselves."""
    return Resolver(
        workflow,
        bind(workflow, given_),
        {name: cid(name) for name in workflow.inputs},
        {name: EnvironmentUse(cid(name), BIN, has_shell) for name in workflow.environments},
        select,
    )


LARGE_ONE = resolver(parse(LARGE, "large.yaml"), n="1")


def test_script() -> None:
    """A string `run` is a script with its values quoted, and sees all of the contract."""
    found = LARGE_ONE.step("prepare", None, output)
    assert found.step.script == ('python /in/code /in/raw /out/data \'{"a":"x","b":[1,null]}\'')
    assert found.step.command == ()
    assert found.step.closure == cid("ml")
    assert found.step.inputs == {"code": select(cid("code"), "prepare.py"), "raw": cid("raw")}
    assert found.step.outputs == {"data": "data", "shards": "shards"}
    assert found.step.variables == {
        "A": "1",
        "B": "no",
        "HOME": "/build",
        "LC_ALL": "C.UTF-8",
        "MKL_NUM_THREADS": "1",
        "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512F AVX512CD AVX512_SKX AVX512_CLX AVX512_CNL "
        "AVX512_ICL AVX512_SPR",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_CORETYPE": "Haswell",
        "OPENBLAS_NUM_THREADS": "1",
        "PATH": "/nix/store/0-a/bin:/nix/store/1-b/bin",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": "315532800",
        "TMPDIR": "/tmp",
        "TZ": "UTC",
    }
    assert STEP.decode(STEP.encode(found.step)) == found.step


def test_command() -> None:
    """A list `run` is executed as it is, item by item, with nothing quoted."""
    found = LARGE_ONE.step("train", 5, output)
    assert found.step.command == ("python", "/in/code", "1", "3", "1e-06", "true", "--size=x")
    assert found.step.script == ""
    assert found.step.variables["B"] == "2"
    assert found.step.variables["C"] == "1"
    assert found.step.inputs["data"] == select(output("prepare", None, "data"), "train")
    assert found.resources.wall_ms == 120_000


def test_matched_and_gathered() -> None:
    """A step without […] gets its own instance's output; [*] gets all, in scatter order."""
    score = LARGE_ONE.step("score", 4, output)
    assert score.step.inputs["model"] == output("train", 4, "model")
    LARGE_ONE.expand("each", {"b": cid("b"), "a": cid("a")})
    report = LARGE_ONE.step("report", None, output)
    assert report.step.inputs == {"first": output("train", 0, "model"), "notes": cid("notes")}
    assert report.step.gathers["scores"].items == tuple(
        output("score", i, "score") for i in range(9)
    )
    paths = " ".join(f"/in/scores/{i}" for i in range(9))
    assert (
        report.step.script
        == f"set -x\nreport {paths} /in/ns.list > /out/report.txt  # {{literal}}\n"
    )


def test_entries() -> None:
    """A scatter over a directory has an instance per entry, in byte order of names, as an input."""
    one = resolver(parse(LARGE, "large.yaml"), n="1")
    assert one.directory("each", output) == output("prepare", None, "shards")
    assert one.expand("each", {"b": cid("B"), "a": cid("A"), "Z": cid("Z")}) == 3
    found = [one.step("each", index, output).step for index in range(3)]
    assert [step.inputs for step in found] == [{"shard": cid(name)} for name in "ZAB"]
    assert {step.script for step in found} == {"wc /in/shard > /out/n"}


def test_env_overrides() -> None:
    """A step's `env` goes over the contract's variables and over PATH, unquoted."""
    env = "{TZ: 'a b', PATH: '{params.p}', N: '{inputs.i}'}"
    text = f"  a: {{run: x, env: {env}, inputs: {{i: inputs.i}}}}\n"
    workflow = steps(text, "params: {p: \"/x/'y' z\"}\ninputs: {i: ./i}\n")
    found = resolver(workflow).step("a", None, output).step.variables
    assert (found["TZ"], found["PATH"], found["N"]) == ("a b", "/x/'y' z", "/in/i")
    assert found["HOME"] == "/build"


def test_names_are_not_in_the_key() -> None:
    """What cannot change the result is not in the key: names, resources, retries, verify."""
    one = steps("  a: {run: x, inputs: {i: inputs.p}, outputs: {o: o}}\n", "inputs: {p: ./p}\n")
    two = steps(
        "  b: {run: x, inputs: {i: inputs.p}, outputs: {o: {path: o, verify: none}}, retries: 3,\n"
        "      resources: {cpus: 8, memory: 1GiB}, cache: false}\n",
        "inputs: {p: ./other}\ndescription: other\nparams: {n: 5}\n",
    )
    first = resolver(one).step("a", None, output).step
    assert STEP.cid(first) == STEP.cid(resolver(two).step("b", None, output).step)


def test_skipped_are_left_out() -> None:
    """A gather leaves out skipped instances and numbers the others without a gap."""
    workflow = steps(
        "  a: {run: x, scatter: {s: [0, 1, 2]}, outputs: {o: o}}\n"
        "  b: {run: [x, '{inputs.all}'], inputs: {all: 'a[*].o'}}\n"
    )

    def some(step: str, index: int | None, name: str) -> Cid | None:
        return None if index == 1 else output(step, index, name)

    found = resolver(workflow).step("b", None, some).step
    assert found.gathers["all"].items == (output("a", 0, "o"), output("a", 2, "o"))
    assert found.command == ("x", "/in/all/0", "/in/all/1")


def test_empty_gather() -> None:
    """Gathering an empty scatter gives an empty list."""
    workflow = steps(
        "  a: {run: x, scatter: {s: []}, outputs: {o: o}}\n"
        "  b: {run: 'x {inputs.all} y', inputs: {all: 'a[*].o'}}\n"
        "  c: {run: [x, '{inputs.all}', y], inputs: {all: 'a[*].o'}}\n"
        "  d: {run: '{inputs.all}', inputs: {all: 'a[*].o'}}\n"
    )
    one = resolver(workflow)
    assert one.step("b", None, output).step.script == "x  y"
    assert one.step("c", None, output).step.command == ("x", "y")
    with pytest.raises(Refused, match="nothing in it"):
        one.step("d", None, output)


def test_quoting() -> None:
    """A shell sees each value of a string `run` as one word, whatever is in it."""
    value = """a'b "c" $HOME `id` \\ * {x}\n;&|<>#!~ é"""
    workflow = steps(
        "  a: {run: 'printf %s {scatter.v}{params.v}', scatter: {v: params.list}}\n",
        "params: {v: null, list: null}\n",
    )
    text = "'" + value.replace("'", "''").replace("\n", "\n\n") + "'"
    found = resolver(workflow, v=text, list=f"[{text}]").step("a", 0, output).step
    assert shlex.split(found.script) == ["printf", "%s", value + value]
    ran = subprocess.run(["/bin/sh", "-euc", found.script], capture_output=True, check=True)
    assert ran.stdout.decode() == value + value


def test_a_full_page() -> None:
    """A gather that just fits is in the step itself."""
    workflow = steps(
        f"  a: {{run: x, scatter: {{s: {list(range(GATHER_PAGE))}}}, outputs: {{o: o}}}}\n"
        "  b: {run: 'x {inputs.all.list}', inputs: {all: 'a[*].o'}}\n"
    )
    found = resolver(workflow).step("b", None, output)
    assert len(found.step.gathers["all"].items) == GATHER_PAGE
    assert found.blocks == ()


def test_pages() -> None:
    """A gather of more than a page is links to pages, which come with the step."""
    workflow = steps(
        f"  a: {{run: x, scatter: {{s: {list(range(GATHER_PAGE + 1))}}}, outputs: {{o: o}}}}\n"
        "  b: {run: 'x {inputs.all.list}', inputs: {all: 'a[*].o'}}\n"
    )
    found = resolver(workflow).step("b", None, output)
    pages = [GATHER_PAGE_RECORD.decode(block.data).items for block in found.blocks]
    assert [len(page) for page in pages] == [GATHER_PAGE, 1]
    assert found.step.gathers["all"].pages == tuple(block.cid for block in found.blocks)
    assert pages[1] == (output("a", GATHER_PAGE, "o"),)


@pytest.mark.parametrize("size", [MAX_INLINE_SCRIPT, MAX_INLINE_SCRIPT + 1, 400_000])
def test_long_script(size: int) -> None:
    """A script over its bound is a file, linked from the step."""
    found = resolver(steps(f"  a: {{run: {'x' * size}}}\n")).step("a", None, output)
    assert bool(found.step.script) == (size <= MAX_INLINE_SCRIPT)
    if found.step.script_link:
        blocks = {block.cid: block.data for block in found.blocks}
        assert blocks[found.step.script_link] == b"x" * size
    STEP.encode(found.step)


WORDS = [0, "x", "a b", "'", "é", "x" * 300, "y" * (MAX_INLINE_SCRIPT // 4), "z" * 70_000]


@pytest.mark.parametrize(
    "step",
    [
        "{run: 'x {scatter.s}', scatter: {s: params.v}}",
        "{run: ' {scatter.s} ', scatter: {s: params.v}}",
        "{run: [x, '-{scatter.s}'], scatter: {s: params.v}}",
        "{run: ['{scatter.s}', '{scatter.t}'], scatter: {s: params.v, t: [1, 2, 3]}}",
        "{run: [x], env: {A: '{scatter.s}', B: b}, scatter: {s: params.v}}",
        "{run: [x, '{scatter.s}'], scatter: {s: params.v}, inputs: {i: p.o, j: inputs.j}}",
        "{run: 'x {scatter.e} {scatter.s}', scatter: {e: q.o/*, s: params.v}}",
        "{run: same, scatter: {s: params.v}}",
    ],
)
def test_records_are_those_of_the_steps(step: str) -> None:
    """The records of many instances are those of their steps, whatever differs among them."""
    workflow = steps(
        "  p: {run: 'x {scatter.s}', scatter: {s: params.v}, outputs: {o: o}}\n"
        f"  q: {{run: x, outputs: {{o: o}}}}\n  a: {step}\n",
        "params: {v: null}\ninputs: {j: ./j}\n",
    )
    found = resolver(workflow, v=json.dumps(WORDS))
    if "/*" in step:
        found.expand("a", {"b": cid("b"), "a": cid("a")})
    count = found.count("a")

    records = [STEP.block(found.step("a", index, output).step) for index in range(count)]

    assert [*found.records("a", range(count), output)] == records
    assert [*found.records("a", [2, 1], output)] == [records[2], records[1]]


def test_what_cannot_run_has_no_record() -> None:
    """An instance that cannot be resolved has no record either."""
    found = resolver(steps("  a: {run: ['{scatter.s}'], scatter: {s: [x, '']}}\n"))

    with pytest.raises(Refused, match="nothing in it"):
        [*found.records("a", range(2), output)]


def test_a_record_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one of many instances that are made of one mould."""
    monkeypatch.setattr("engine.content.budget.MAX_SIZE", 4096)
    workflow = steps("  a: {run: ['{scatter.s}'], scatter: {s: params.v}}\n", "params: {v: null}\n")
    found = resolver(workflow, v=json.dumps(["x", "x" * 5000]))

    with pytest.raises(Refused, match="bytes"):
        [*found.records("a", range(2), output)]


def test_no_shell() -> None:
    """An environment without sh needs a list."""
    with pytest.raises(Refused, match="has no sh") as refused:
        resolver(steps("  a: {run: x}\n"), has_shell=False).step("a", None, output)
    assert refused.value.fix == "write 'run' as a list"
    resolver(steps("  a: {run: [x]}\n"), has_shell=False).step("a", None, output)


@pytest.mark.parametrize("run", ["[x, '{params.v}']", "[x, '{params.v}{params.v}']"])
def test_too_long_for_linux(run: str) -> None:
    """A command item that Linux would refuse without a word is refused with the fix."""
    workflow = steps(f"  a: {{run: {run}}}\n", "params: {v: null}\n")
    with pytest.raises(Refused, match="too long") as refused:
        resolver(workflow, v="x" * 131_072).step("a", None, output)
    assert refused.value.where == "steps.a"
    assert "{inputs.X.list}" in refused.value.fix


def test_too_many_items() -> None:
    """A gather that is more items than a sandbox takes is refused with the fix."""
    workflow = steps(
        f"  a: {{run: x, scatter: {{s: {list(range(7_000))}}}, outputs: {{o: o}}}}\n"
        "  b: {run: [x, '{inputs.all}'], inputs: {all: 'a[*].o'}}\n"
    )
    with pytest.raises(Refused, match="too long"):
        resolver(workflow).step("b", None, output)


def test_no_such_part() -> None:
    """A path that is not in an input says which reference, and what is near it."""
    workflow = steps("  a: {run: x, inputs: {i: inputs.p/missing}}\n", "inputs: {p: ./p}\n")
    with pytest.raises(Refused) as refused:
        resolver(workflow).step("a", None, output)
    error = refused.value
    assert error.what == "'inputs.p/missing' is not there: there is no 'missing' in it"
    assert (error.where, error.fix) == ("steps.a.inputs.i", "did you mean 'present'?")
