"""A file and the builder: the same workflow has the same CID, and its steps the same keys."""

import random

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.content.cid import RAW, Cid
from engine.step import STEP
from engine.workflow.model import Workflow, record_of
from engine.workflow.parameters import bind
from engine.workflow.parse import parse
from engine.workflow.resolve import EnvironmentUse, Resolver
from tests.engine.workflow.made import build, files, to_yaml
from tests.engine.workflow.made_steps import for_lists
from tests.engine.workflow.made_tables import Data

LARGE_DATA = settings(
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large], max_examples=40
)


def _cid(text: object) -> Cid:
    return Cid.of(RAW, str(text).encode())


def _keys(workflow: Workflow) -> dict[str, list[Cid]]:
    """Return the keys of the first instances of each step, in a run with some inputs."""
    missing = [name for name, value in workflow.parameters.items() if value is None]
    given_ = {name: "[1, x]" if for_lists(name) else "true" for name in missing}
    resolver = Resolver(
        workflow,
        bind(workflow, given_),
        {name: _cid(name) for name in workflow.inputs},
        {name: EnvironmentUse(_cid(name), ("/b",), True) for name in workflow.environments},
        lambda tree, path: _cid((tree, path)),
    )
    found = {}
    for name, step in workflow.steps.items():
        if any(axis.source.endswith("/*") for axis in step.scatter):
            resolver.expand(name, {"a": _cid("a"), "b": _cid("b")})
        indexes = range(min(2, resolver.count(name))) if step.scatter else [None]
        found[name] = [
            STEP.cid(resolver.step(name, index, lambda *output: _cid(output)).step)
            for index in indexes
        ]
    return found


@LARGE_DATA
@given(files(), st.randoms(use_true_random=False))
def test_the_builder_and_the_file_are_one(data: Data, chance: random.Random) -> None:
    """Whatever is in a workflow, and however the YAML is spelt."""
    text = to_yaml(data, chance)
    written, built = parse(text, "w.yaml"), build(data).compile()
    assert written == built
    assert record_of(written).cid(written) == record_of(built).cid(built)
    assert _keys(written) == _keys(built)
