"""The documentation of the format: its examples are workflows."""

import re
from textwrap import indent

from engine.content.cid import DAG_CBOR, Cid
from engine.opinion import read_opinion
from engine.workflow.builder import Workflow
from engine.workflow.lock_text import parse_lock
from engine.workflow.parse import parse
from tests.engine.workflow.corpus import ROOT, STORE_PATH

PAGE = (ROOT / "docs/workflow-format.md").read_text()


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def test_yaml() -> None:
    """The example in YAML is the digits example."""
    block, _ = _blocks("yaml")
    example = parse((ROOT / "examples/digits/workflow.yaml").read_text(), "w")
    assert parse(block, "docs").steps == example.steps


def test_comparator() -> None:
    """The example of a program that compares is one, and so is what it writes."""
    _, block = _blocks("yaml")
    tables = f"environments: {{e: {{store: {STORE_PATH}}}, imaging: {{store: {STORE_PATH}}}}}"
    head = f"workflow: w\n{tables}\ninputs: {{code: ./src}}\nparams: {{most: 1}}\n"
    text = head + "steps:\n  s:\n    environment: e\n    run: x\n" + indent(block, " " * 4)
    verify = parse(text, "docs").steps["s"].outputs["plot"].verify
    assert verify.comparator is not None
    assert verify.comparator.environment == "imaging"
    (wrote,) = _blocks("json")
    assert read_opinion(wrote.encode()).equivalent


def test_python() -> None:
    """The example in Python compiles."""
    (block,) = _blocks("python")
    names: dict[str, object] = {}
    exec(block, names)  # noqa: S102 - our own page
    built = names["w"]
    assert isinstance(built, Workflow)
    assert built.compile().outputs == {"total.total": "total.total"}


def test_lock() -> None:
    """The example of a lock file is one, with its dots filled in."""
    (block,) = _blocks("text")
    text = block.replace("sha256:…", "sha256:" + "0" * 64)
    text = text.replace("/….drv", f"/{'0' * 32}-x.drv").replace(
        "bafyr…", str(Cid.of(DAG_CBOR, b""))
    )
    assert "…" not in text
    assert list(parse_lock(text, "docs").environments) == ["ml"]
