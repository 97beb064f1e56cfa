"""Placeholders: read exactly, doubled braces kept, anything else in braces refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import Refused
from engine.workflow.names import NAME
from engine.workflow.placeholders import KINDS, Placeholder, Template, parse_template

placeholder = st.builds(
    Placeholder,
    st.sampled_from([kind for kind in KINDS if kind != "resources"]),
    st.from_regex(NAME, fullmatch=True),
    st.just(False),
)
template = st.lists(
    st.one_of(placeholder, st.text("a{}$ \n'\"", min_size=1, max_size=6)), max_size=6
)


def _written(parts: "list[str | Placeholder]") -> str:
    return "".join(
        part.replace("{", "{{").replace("}", "}}") if isinstance(part, str) else str(part)
        for part in parts
    )


def _joined(parts: "list[str | Placeholder]") -> Template:
    joined: list[str | Placeholder] = []
    for part in parts:
        if joined and isinstance(part, str) and isinstance(joined[-1], str):
            joined[-1] += part
        else:
            joined.append(part)
    return tuple(joined)


@given(template)
def test_written_then_read(parts: "list[str | Placeholder]") -> None:
    """Text with its braces doubled and placeholders between is read back as it was."""
    assert parse_template(_written(parts)) == _joined(parts)


@given(st.text("{}inputs.ax ", max_size=20))
def test_never_crashes(text: str) -> None:
    """Any text is a template or refused."""
    try:
        parts = parse_template(text)
    except Refused:
        return
    assert "" not in parts


def test_all_kinds() -> None:
    """Each placeholder of the format is one."""
    text = "{inputs.x}{inputs.x.list}{outputs.x}{params.x}{scatter.x}{resources.cpus}"
    assert [str(part) for part in parse_template(text)] == text.replace("}{", "} {").split()


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("${HOME}", "for a brace itself write '{{' or '}}'"),
        ("{", "for a brace itself write '{{' or '}}'"),
        ("a}b", "for a brace itself write '{{' or '}}'"),
        ("{}", "for a brace itself write '{{' or '}}'"),
        ("{inputs}", "for a brace itself write '{{' or '}}'"),
        ("{ inputs.x }", "for a brace itself write '{{' or '}}'"),
        ("{{inputs.x}", "for a brace itself write '{{' or '}}'"),
        ("{inputs.x.y}", "for a brace itself write '{{' or '}}'"),
        ("{input.x}", "did you mean 'inputs'?"),
        ("{param.x}", "did you mean 'params'?"),
        ("{resources.memory}", "write {resources.cpus}"),
        ("{params.x.list}", "leave out '.list'"),
    ],
)
def test_refused(text: str, fix: str) -> None:
    """Braces around anything else are refused, with what to write."""
    with pytest.raises(Refused) as refused:
        parse_template(text)
    assert refused.value.fix == fix


def test_the_line_is_told() -> None:
    """In a run of several lines the line is told."""
    with pytest.raises(Refused, match=r"line 3 of the text"):
        parse_template("a\nb\nc {x}\n")
