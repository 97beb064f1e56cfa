"""References: every form is read, printed back, and nothing else is a reference."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.names import NAME
from engine.workflow.references import (
    InputRef,
    OutputRef,
    ParamRef,
    Reference,
    parse_reference,
)

names = st.from_regex(rf"{NAME}", fullmatch=True).filter(
    lambda name: name not in ("inputs", "params")
)
part = st.text("abc.-_ é{}[]?", min_size=1, max_size=8).filter(lambda part: part not in (".", ".."))
paths = st.one_of(st.just(""), st.lists(part, min_size=1, max_size=4).map("/".join))
references = st.one_of(
    st.builds(InputRef, names, paths),
    st.builds(ParamRef, names),
    st.builds(
        OutputRef,
        names,
        names,
        paths,
        st.one_of(st.none(), st.just("all"), st.integers(0, 9_999_999)),
        st.booleans(),
    ),
)


@given(references)
def test_print_then_parse(reference: Reference) -> None:
    """What is printed is read back as the same reference."""
    assert parse_reference(str(reference)) == reference


@given(st.text("inputsparm.[]*/0 \n", max_size=20))
def test_parse_then_print(text: str) -> None:
    """Whatever is read prints as a reference that reads the same; all else is Refused."""
    try:
        reference = parse_reference(text)
    except Refused:
        return
    assert parse_reference(str(reference)) == reference


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("inputs.code", "inputs.code"),
        ("inputs.code//./a/b/", "inputs.code/a/b"),
        ("params.n", "params.n"),
        ("train.model", "train.model"),
        ("train[*].model", "train[*].model"),
        ("train[*].model/x", "train[*].model/x"),
        ("train[12].model", "train[12].model"),
        ("split.shards/*", "split.shards/*"),
        ("split[0].shards/a/*", "split[0].shards/a/*"),
        ("a.inputs/inputs.x", "a.inputs/inputs.x"),
    ],
)
def test_canonical_form(text: str, canonical: str) -> None:
    """Each form of the format is read, and printed in its shortest form."""
    assert str(parse_reference(text)) == canonical


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a.", ".a", "a.b.c", "A.b", "a.B", "a b.c", "a.b ", "a.b\n", "1.b", "é.b",
        "a[].b", "a[-1].b", "a[01].b", "a[1.b", "a[*]b", "a[99999999].b", "a[x].b",
        "a.b/..", "a.b/../c", "a.b/x/../../y", "a.b/", "a.b/.", "a.b//", "a.b/x\0y", "a.b/x\ny",
        "a.b/*.py", "a.b/*/x", "a.b/**", "inputs.x/*", "inputs[0].x", "params[*].x", "params.x/y",
        "a.b/" + "x" * 300, "a.b" + "/x" * 65, "a" * 64 + ".b", "a.b/" + "y/" * 5_000,
    ],
)  # fmt: skip
def test_no_reference(text: str) -> None:
    """What is no reference is refused, with a fix."""
    with pytest.raises(Refused) as refused:
        parse_reference(text)
    assert refused.value.fix
