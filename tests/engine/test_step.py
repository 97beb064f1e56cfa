"""step: what a Step, a Result and an Attestation may say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.content import canonical
from engine.content.cid import RAW, Cid
from engine.errors import Damaged, Refused
from engine.step import (
    ATTESTATION,
    GATHER_PAGE,
    GATHER_PAGE_RECORD,
    MAX_INLINE_SCRIPT,
    RESULT,
    SIGNED,
    STEP,
    Attestation,
    Gather,
    GatherPage,
    Platform,
    Result,
    Signed,
    Step,
)

LINK, OTHER = Cid.of(RAW, b"a"), Cid.of(RAW, b"b")
STEP_OF_COMMAND = Step(
    closure=LINK,
    command=("true",),
    script="",
    script_link=None,
    variables={"TZ": "UTC"},
    inputs={"code": LINK},
    gathers={"all": Gather((LINK,), ())},
    outputs={"model": "model.npz"},
    platform=Platform("x86-64-v3", "x86_64-linux"),
    contract=1,
)
ATTESTED = Attestation(LINK, LINK, "bwrap", "Linux", 1, 1, 1, 1, None, None, False, "")


def refused_both_ways(record, value, data):
    """Check that `data` is Damaged and that encoding `value` is our bug."""
    with pytest.raises(Damaged):
        record.decode(data)
    with pytest.raises(ValueError):
        record.encode(value)


def spelled(step: Step, **changes: canonical.Value) -> bytes:
    """Return the canonical bytes of a step with some fields changed."""
    value = canonical.decode(STEP.encode(step))
    return canonical.encode({**value, **changes})


def plain(gathers: dict[str, Gather]) -> canonical.Value:
    """Return gathers as the general encoder has them."""
    return {name: {"items": g.items, "pages": g.pages} for name, g in gathers.items()}


@pytest.mark.parametrize(
    "changes",
    [
        {"command": ("sh", "-c", "")},
        {"command": (), "script": "x" * MAX_INLINE_SCRIPT},
        {"command": (), "script_link": LINK},
        {"variables": {}, "inputs": {}, "gathers": {}, "outputs": {}},
        {"gathers": {"none": Gather((), ())}},
        {"gathers": {"most": Gather((LINK,) * GATHER_PAGE, ())}},
        {"gathers": {"more": Gather((), (LINK, OTHER))}},
        {"outputs": {"deep": "a/b/c", "dots": "..."}},
        {"variables": {"A": "="}},
    ],
)
def test_steps_are_written_and_read(changes):
    """A step of any allowed shape comes back as it was."""
    step = replace(STEP_OF_COMMAND, **changes)
    assert STEP.decode(STEP.encode(step)) == step


@pytest.mark.parametrize(
    "changes",
    [
        {"command": ()},
        {"script": "true"},
        {"script_link": LINK},
        {"command": (), "script": "true", "script_link": LINK},
        {"command": (), "script": "x" * (MAX_INLINE_SCRIPT + 1)},
        {"command": (), "script": "é" * (MAX_INLINE_SCRIPT // 2 + 1)},
        {"command": ("a\0b",)},
        {"variables": {"A\0": ""}},
        {"variables": {"A": "\0"}},
        {"variables": {"": "a"}},
        {"variables": {"A=B": "a"}},
        {"inputs": {"": LINK}},
        {"inputs": {"..": LINK}},
        {"inputs": {"a/b": LINK}},
        {"inputs": {"all": LINK}},
        {"inputs": {"all.list": LINK}},
        {"gathers": {"../x": Gather((), ())}},
        {"gathers": {"x": Gather((LINK,), (LINK, LINK))}},
        {"gathers": {"x": Gather((), (LINK,))}},
        {"gathers": {"x": Gather((LINK,) * (GATHER_PAGE + 1), ())}},
        {"outputs": {"x": ""}},
        {"outputs": {"x": "/etc/passwd"}},
        {"outputs": {"x": "../x"}},
        {"outputs": {"x": "a/../../x"}},
        {"outputs": {"x": "a/"}},
        {"contract": 0},
    ],
)
def test_other_steps_are_damaged(changes):
    """A step that no engine could run as it says is Damaged; encoding it is our bug."""
    wrong = dict(changes)
    if "gathers" in wrong:
        wrong["gathers"] = plain(wrong["gathers"])
    data = spelled(STEP_OF_COMMAND, **wrong)
    refused_both_ways(STEP, replace(STEP_OF_COMMAND, **changes), data)


TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0="), min_size=1)
NAMES = st.from_regex(r"[a-z][a-z0-9_-]{0,62}", fullmatch=True)


@given(
    st.lists(TEXTS, min_size=1, max_size=4).map(tuple),
    st.dictionaries(TEXTS, TEXTS, max_size=4),
    st.dictionaries(NAMES, st.just(LINK), max_size=4),
)
def test_equal_steps_have_equal_keys(command, variables, inputs):
    """A key depends on what is in a step and not on the order in which it was put there."""
    step = replace(STEP_OF_COMMAND, command=command, variables=variables, inputs=inputs, gathers={})
    turned = replace(
        step,
        variables=dict(reversed(variables.items())),
        inputs=dict(reversed(inputs.items())),
    )
    assert STEP.cid(turned) == STEP.cid(step)
    assert STEP.decode(STEP.encode(step)) == step


@pytest.mark.parametrize(
    "changes",
    [
        {"closure": OTHER},
        {"command": ("true", "")},
        {"variables": {"TZ": "UTC", "A": ""}},
        {"inputs": {"code": OTHER}},
        {"inputs": {"data": LINK}},
        {"gathers": {"all": Gather((LINK, LINK), ())}},
        {"outputs": {"model": "model"}},
        {"platform": Platform("x86-64-v4", "x86_64-linux")},
        {"contract": 2},
    ],
)
def test_each_part_is_in_the_key(changes):
    """A change of anything that a step holds is another key."""
    assert STEP.cid(replace(STEP_OF_COMMAND, **changes)) != STEP.cid(STEP_OF_COMMAND)


def test_a_step_that_is_too_large_is_refused():
    """A command of over 1 MiB is the author's mistake: Refused, and not our bug."""
    with pytest.raises(Refused, match="tallystick/step/1"):
        STEP.encode(replace(STEP_OF_COMMAND, command=("x" * 2**20,)))


def test_pages_have_one_to_a_thousand_items():
    """A page of a gather is never empty, nor longer than a page."""
    full = GatherPage((LINK,) * GATHER_PAGE)
    assert GATHER_PAGE_RECORD.decode(GATHER_PAGE_RECORD.encode(full)) == full
    for items in ((), (LINK,) * (GATHER_PAGE + 1)):
        data = canonical.encode({"kind": GATHER_PAGE_RECORD.kind, "items": items})
        refused_both_ways(GATHER_PAGE_RECORD, GatherPage(items), data)


@pytest.mark.parametrize(
    ("code", "outputs"), [(-1, {}), (256, {}), (1, {"x": LINK}), (137, {"x": LINK})]
)
def test_other_results_are_damaged(code, outputs):
    """A result has an exit code of a program, and has outputs only when that is 0."""
    data = canonical.encode(
        {"kind": RESULT.kind, "step": LINK, "exit_code": code, "outputs": outputs}
    )
    refused_both_ways(RESULT, Result(LINK, code, outputs), data)


@pytest.mark.parametrize("result", [Result(LINK, 0, {"x": OTHER}), Result(LINK, 139, {})])
def test_results_are_written_and_read(result):
    """A success with its outputs, and a failure without any, come back as they were."""
    assert RESULT.decode(RESULT.encode(result)) == result


@pytest.mark.parametrize("field", ["started_ms", "wall_ms", "processor_ms", "peak_memory"])
def test_figures_of_an_attestation_are_not_negative(field):
    """Times and memory are 0 or more."""
    assert ATTESTATION.decode(ATTESTATION.encode(ATTESTED)) == ATTESTED
    value = canonical.decode(ATTESTATION.encode(ATTESTED))
    data = canonical.encode({**value, field: -1})
    refused_both_ways(ATTESTATION, replace(ATTESTED, **{field: -1}), data)


@pytest.mark.parametrize(("key", "signature"), [(31, 64), (33, 64), (32, 63), (32, 65), (0, 0)])
def test_keys_and_signatures_have_their_length(key, signature):
    """A Signed has a key of 32 bytes and a signature of 64, as Ed25519 does."""
    value = Signed(b"", bytes(key), bytes(signature))
    data = canonical.encode(
        {
            "kind": SIGNED.kind,
            "payload": value.payload,
            "public_key": value.public_key,
            "signature": value.signature,
        }
    )
    refused_both_ways(SIGNED, value, data)
