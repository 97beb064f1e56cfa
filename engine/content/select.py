"""Select: the part of a tree at a path, as a tree of its own.

A step that reads `inputs.code/train.py` depends on that file alone: it is given the part's CID,
so a change elsewhere in the tree does not run it again.
"""

from difflib import get_close_matches

from engine.content.blocks import Block
from engine.content.cid import Cid
from engine.content.names import MAX_DEPTH, impossible
from engine.content.reader import Get, entries, lookup, stat
from engine.content.walk import make_tree, open_tree
from engine.errors import Refused


def select(get: Get, cid: Cid, path: str) -> tuple[Cid, tuple[Block, ...]]:
    """Return the CID of the part of a tree at `path`, and its record where it needs a new one.

    Raises: Refused when there is no such path, with what is near it.
    """
    tree = open_tree(get, cid)
    part = resolve(get, tree.link, path)
    if not path:
        return cid, ()
    inside = {
        found.removeprefix(f"{path}/") for found in tree.paths if found.startswith(f"{path}/")
    }
    return make_tree(part, inside | ({""} if path in tree.paths else set()))


def resolve(get: Get, cid: Cid, path: str) -> Cid:
    """Return the CID at `path` below a UnixFS directory; "" is the directory itself.

    Raises: Refused when there is no such path, or it leads through a symlink.
    """
    names = path.split("/") if path else []
    if len(names) > MAX_DEPTH:
        fix = "name a shorter path"
        raise Refused(f"a path of over {MAX_DEPTH} names", where=path[:80], fix=fix)
    for at, name in enumerate(names):
        if why := impossible(name):
            fix = "write names with one '/' between"
            raise Refused(f"not a path in a tree: {why}", where=path, fix=fix)
        above = "/".join(names[:at])
        _check_directory(get, cid, above)
        link = lookup(get, cid, name)
        if link is None:
            raise Refused(
                f"there is no '{name}' in {above or 'it'}", where=path, fix=_suggest(get, cid, name)
            )
        cid = link.cid
    return cid


def _check_directory(get: Get, cid: Cid, path: str) -> None:
    found = stat(get, cid)
    if found.kind == "symlink":
        raise Refused(f"'{path}' is a symlink", fix=f"name what it points to: {found.target!a}")
    if found.kind != "directory":
        raise Refused(f"'{path or cid}' is a file: it has no paths in it", fix="name it alone")


def _suggest(get: Get, cid: Cid, name: str) -> str:
    names = [link.name for link in entries(get, cid)]
    if near := get_close_matches(name, names, n=1):
        return f"did you mean '{near[0]}'?"
    return f"it has: {', '.join(names[:8])}{', …' if len(names) > 8 else ''}" if names else ""
