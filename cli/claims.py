"""Claims: what the checks of Open Resources say of two runs side by side.

A word that is compared may name an Open Resource: then it is the run that its author made, and its
checks are what it claims. Whoever changed a detail sees what that did to them.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from cli.checked import judge_all
from cli.runview import RunView, view
from cli.workspace import Workspace
from engine.checks import Check, Judged

if TYPE_CHECKING:
    from peers.resource import Opened


class Subject(NamedTuple):
    """One of two runs that are compared."""

    found: RunView
    release: "Opened | None" = None  # the Open Resource that it was named by


class Claim(NamedTuple):
    """A check, made on what two runs gave."""

    was: Judged
    now: Judged


def subject(space: Workspace, text: str) -> Subject:
    """Return the run that a word names, or the one that the author of an Open Resource made.

    Raises: Refused when there is none; Unavailable when it does not come.
    """
    from cli.rerunnable import resource_of

    release = resource_of(space, text)
    if release is None:
        return Subject(view(space, text))
    from cli.resources import example

    return Subject(view(space, str(example(space, release))), release)


def claims(space: Workspace, was: Subject, now: Subject) -> list[Claim]:
    """Make the checks of both on what both gave; none when neither was named by a resource.

    Raises: Damaged when an output is malformed.
    """
    checks = dict.fromkeys(check for one in (was, now) for check in _promised(one))
    both = (_judged(space, one, checks) for one in (was, now))
    return [Claim(*pair) for pair in zip(*both, strict=True)]


def claim_lines(found: Iterable[Claim]) -> Iterator[str]:
    """Yield a line for each: one word for both runs where they gave the same."""
    for was, now in found:
        before, after = _words(was), _words(now)
        yield f"check {was.check}: {after if before == after else f'{before} → {after}'}"


def claims_json(found: Iterable[Claim]) -> list[dict[str, object]]:
    """Return them as JSON has them."""
    return [
        {
            "check": str(was.check),
            "was": {"holds": was.holds, "found": was.found},
            "now": {"holds": now.holds, "found": now.found},
        }
        for was, now in found
    ]


def _promised(one: Subject) -> tuple[Check, ...]:
    return one.release.resource.checks if one.release else ()


def _judged(space: Workspace, one: Subject, checks: Iterable[Check]) -> list[Judged]:
    """Return what becomes of checks on a run; what it gave may be where its resource is from."""
    within = one.release.cid if one.release else one.found.run
    outputs = one.found.outputs
    return judge_all(lambda cid: space.sources.get(cid, within), list(checks), outputs)


def _words(one: Judged) -> str:
    return f"{'holds' if one.holds else 'does not hold'}: {one.found}"
