"""Mirrors: who has the content of a URL besides its server: whoever locked it for a workflow. Pure.

A Workflow names a file by URL and sha256, and the Lock of a run or of an Open Resource has the CID
of what that was. So what was fetched once can be had by its CID from then on, and nothing but the
sha256 is believed.

>>> mirrored(workflow, lock)                                             # doctest: +SKIP
{'e3b0c442…': Cid('bafkr4i…')}
"""

from typing import NamedTuple

from engine.content.cid import Cid
from engine.workflow.lock import Lock
from engine.workflow.model import Workflow


class Mirror(NamedTuple):
    """Content that somebody says is what a URL has."""

    cid: Cid
    within: Cid  # the run or release that says so, by which others may give it
    is_known: bool  # that is one which is here, and not one that somebody announced


def mirrored(workflow: Workflow, lock: Lock) -> dict[str, Cid]:
    """Return by sha256 what the inputs of a workflow that come from a URL were."""
    return {
        source.sha256: lock.inputs[name]
        for name, source in workflow.inputs.items()
        if source.sha256 is not None and name in lock.inputs
    }


def digests(workflow: Workflow) -> tuple[bytes, ...]:
    """Return the sha256 of every input of a workflow that comes from a URL."""
    return tuple(
        bytes.fromhex(source.sha256)
        for source in workflow.inputs.values()
        if source.sha256 is not None
    )
