"""Scripts: a string `run`, in the step's record or, when it is long, in a file beside it. Pure."""

from engine.content.blocks import Block
from engine.content.cid import RAW, Cid
from engine.content.filedag import FileDag
from engine.content.profile import PUBLISHED
from engine.step import MAX_INLINE_SCRIPT
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Script:
    """The text, or the link to a file of it and that file's blocks."""

    text: str
    link: Cid | None
    blocks: tuple[Block, ...]


def script(text: str) -> Script:
    """Return a script as a step holds it."""
    data = text.encode()
    if len(data) <= MAX_INLINE_SCRIPT:
        return Script(text, None, ())
    file = FileDag()
    blocks: list[Block] = []
    for start in range(0, len(data), PUBLISHED.chunk):
        chunk = data[start : start + PUBLISHED.chunk]
        leaf = PUBLISHED.block(RAW, chunk)
        blocks += [leaf, *file.leaf(leaf.cid, len(chunk))]
    link, above = file.finish()
    return Script("", link.cid, (*blocks, *above))
