"""Paying authors: the manifests that a command is to pay by, said or asked for by what is run."""

from typing import TYPE_CHECKING

from cli.named import Named
from cli.report import note
from cli.workspace import Workspace
from engine.errors import Refused

if TYPE_CHECKING:
    from cli.prepare import Where


def to_pay(
    space: Workspace, named: Named, words: tuple[str, ...], on: "Where", *, refused: bool
) -> tuple[str, ...]:
    """Return the manifests to pay by: those that were named, and that of an Open Resource.

    Raises: Refused when some are named, and none is to be paid by.
    """
    if refused and words:
        raise Refused("--royalty and --no-royalty at once", fix="leave one of them out")
    if named.release is None:
        return words
    from cli.pricing import asked
    from cli.resourceview import tell_release

    tell_release(named.release)
    manifest = asked(space, named.release)
    if manifest is None or on == "local":
        return words
    if refused:
        note("its authors ask for a royalty; with --no-royalty they get nothing")
        return ()
    return (*words, str(manifest))
