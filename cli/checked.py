"""Checks of an Open Resource, made on what a run gave, and what is said of them."""

from collections.abc import Mapping, Sequence
from typing import Final

from cli.report import note
from engine.checks import MAX_CHECKED, Check, Judged, judge, placed
from engine.content.cid import Cid
from engine.content.reader import Get, read, stat
from engine.content.walk import open_tree
from engine.errors import Differs, NotHere, Refused
from engine.summary import Output

NOT_AS_PROMISED: Final = "the run is as good as it is recorded; it is not what its author promises"


def judge_all(get: Get, checks: Sequence[Check], outputs: Mapping[str, Output]) -> list[Judged]:
    """Make each check on the outputs of a run.

    Raises: Damaged when an output is malformed.
    """
    return [_judge(get, placed(check, outputs) or check, outputs) for check in checks]


def tell_checks(judged: Sequence[Judged]) -> None:
    """Say of each check whether it holds; the first that does not is for `must_hold` to say."""
    broken = [one for one in judged if not one.holds]
    for one in judged:
        if one in broken[:1]:
            continue
        note(f"check {one.check}: {'holds' if one.holds else 'does not hold'}: {one.found}")


def checks_json(judged: Sequence[Judged]) -> list[dict[str, object]]:
    """Return them as JSON has them."""
    return [{"check": str(one.check), "holds": one.holds, "found": one.found} for one in judged]


def must_hold(
    judged: Sequence[Judged], changed: Sequence[str] = (), fix: str = NOT_AS_PROMISED
) -> None:
    """Look whether every check holds; `changed` are params that are not the author's.

    Raises: Differs when one does not.
    """
    broken = [one for one in judged if not one.holds]
    if not broken:
        return
    what = f"the check '{broken[0].check}' does not hold"
    if len(broken) > 1:
        what += f", nor do {len(broken) - 1} more"
    if changed:
        fix = f"it is promised for other params: leave out -p {', -p '.join(changed)}"
    raise Differs(what, where=f"found: {broken[0].found}", fix=fix)


def _judge(get: Get, check: Check, outputs: Mapping[str, Output]) -> Judged:
    output = outputs.get(check.output)
    cids = output if isinstance(output, tuple) else (output,) if output else ()
    try:
        return judge(check, [_content(get, cid) for cid in cids])
    except NotHere:
        return Judged(check, holds=False, found="the output is not here")
    except Refused as refused:
        return Judged(check, holds=False, found=refused.what)


def _content(get: Get, cid: Cid) -> bytes:
    """Return the bytes of a file.

    Raises: Refused when it is no file, or a large one.
    """
    link = open_tree(get, cid).link
    found = stat(get, link)
    if found.kind != "file" or found.size > MAX_CHECKED:
        what = f"the output is not a file of up to {MAX_CHECKED} bytes"
        raise Refused(what, fix="have a small file of numbers beside it, and check that")
    return b"".join(read(get, link))
