"""Pictures as DOT and as Mermaid."""

import json
import re
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.picture.dot import to_dot
from engine.picture.graph import Edge, Node, Picture
from engine.picture.mermaid import to_mermaid
from tests.engine.picture.drawn import node, pictured, random_picture

HOSTILE = ['a"b', "a\\", '\\"', "a\nb", "<b>", "end", "a]b", "x;y", "`", "100%", "é\u2028"]
STATES = Picture(
    "states",
    (
        node("prepare", states={"ran": 1}),
        node("train", 3, {"reused": 2, "failed": 1}),
        Node("end", "ml", True, None, "deep", {"pending": 1}),
    ),
    (Edge("prepare", "train", "data", ("prepare.x",)), Edge("train", "end", "order", ())),
)


@pytest.fixture
def dot() -> str:
    """Return Graphviz's program."""
    found = shutil.which("dot")
    if found is None:
        pytest.skip("NO TEST BY GRAPHVIZ: dot is not here; ./setup/test installs it")
    return found


def read_by(dot: str, text: str) -> dict[str, object]:
    """Return what Graphviz reads in a DOT file, as JSON."""
    done = subprocess.run(
        [dot, "-Tdot_json"], input=text, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    read: dict[str, object] = json.loads(done.stdout)
    return read


@pytest.mark.parametrize("drawn", [random_picture(200, seed=3), STATES], ids=["many", "states"])
def test_graphviz_reads_the_same_graph(dot: str, drawn: Picture) -> None:
    """Every node and every edge, and it complains of nothing."""
    read = read_by(dot, to_dot(drawn))
    names = [one["name"] for one in read.get("objects", [])]  # type: ignore[attr-defined]
    assert names == [each.step for each in drawn.nodes]
    assert len(read.get("edges", [])) == len(drawn.edges)  # type: ignore[arg-type]


def test_graphviz_reads_any_name(dot: str) -> None:
    """Quotes, backslashes and keywords stay text; a line break becomes a blank."""
    drawn = pictured([node(name) for name in HOSTILE], [])
    objects = read_by(dot, to_dot(drawn))["objects"]
    names = [one["name"].replace("\\\\", "\\") for one in objects]  # type: ignore[attr-defined]
    assert names == [" ".join(name.splitlines()) for name in HOSTILE]


@given(st.text(min_size=1, max_size=20))
@settings(max_examples=300)
def test_no_label_leaves_its_quotes(label: str) -> None:
    """In DOT each line is whole strings; in Mermaid a label has no character of the syntax."""
    drawn = pictured([node(label)], [], title=label)
    string = re.compile(r'"(?:[^"\\]|\\.)*"')
    lines = to_dot(drawn).splitlines()
    assert len(lines) == 4
    assert '"' not in string.sub("", lines[2])
    first = to_mermaid(drawn).splitlines()[1]
    assert re.fullmatch(r'  n0\["[A-Za-z0-9 _.,#;\xd7\xb7-]*(<br>)?ml"\]', first)


def test_mermaid_says_what_is_scattered_ordered_and_failed() -> None:
    """A double frame, a dotted arrow, a class; names that are words of Mermaid are labels only."""
    assert to_mermaid(STATES).splitlines() == [
        "flowchart TD",
        '  n0["prepare<br>ran"]',
        '  n1[["train \xd7 3<br>1 failed \xb7 2 reused"]]',
        '  n2[["end \xd7 #63;<br>not ended"]]',
        "  n0 --> n1",
        "  n1 -.-> n2",
        "  classDef failed fill:#ffd7d5,stroke:#d1242f,color:#1f2328",
        "  class n1 failed",
        "  classDef ran fill:#dafbe1,stroke:#2da44e,color:#1f2328",
        "  class n0 ran",
    ]
