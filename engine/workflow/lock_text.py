"""Lock text: the lock file as it stands beside the workflow, made to be read in a diff. Pure.

A line for each fact, always in the same order, so that a changed environment is a changed line:

    environments:
      ml:
        source: sha256:0123…
        x86_64-linux:
          derivation: /nix/store/….drv
          environment: bafyr…
"""

import re
from collections.abc import Iterator
from typing import Final

from engine.content.cid import Cid
from engine.errors import Refused
from engine.workflow.environment_sources import derivation
from engine.workflow.fields import map_of, placed, refused, text_of
from engine.workflow.lock import LockFile, Pin, PinnedEnvironment
from engine.workflow.nodes import Field, MapNode, Node, Scalar
from engine.workflow.places import Places
from engine.workflow.tables import named
from engine.workflow.yaml_source import compose

VERSION: Final = 1
RENEW: Final = "run `tally env lock` to write it anew"
MAX_ENVIRONMENTS: Final = 2_000  # as many as a workflow has

_HEADER: Final = (
    "# Environments of the workflow beside this file, pinned by Tallystick. Commit it.",
    "# A run under it never evaluates Nix; `tally env lock` renews it.",
)
_SOURCE: Final = re.compile(r"sha256:[0-9a-f]{64}")
_SYSTEM: Final = re.compile(r"[a-z0-9_]{1,32}-[a-z0-9_]{1,32}")


def print_lock(lock: LockFile) -> str:
    """Return the text of a lock file."""
    return "\n".join((*_HEADER, *_lines(lock))) + "\n"


def _lines(lock: LockFile) -> Iterator[str]:
    yield f"lock: {VERSION}"
    yield "environments:" if lock.environments else "environments: {}"
    for name, pinned in sorted(lock.environments.items()):
        yield f"  {name}:"
        yield f"    source: {pinned.source}"
        for system, pin in sorted(pinned.systems.items()):
            yield f"    {system}:"
            if pin.derivation:
                yield f"      derivation: {pin.derivation}"
            yield f"      environment: {pin.environment}"


def parse_lock(text: str, file: str) -> LockFile:
    """Return what a lock file says; `file` is the name that errors show.

    Comments, order and spacing are free: they say nothing.

    Raises: Refused, with the place, for anything else that `print_lock` would not print.
    """
    try:
        return _lock(compose(text, file))
    except Refused as error:
        fix = RENEW if not error.fix else f"{error.fix}, or {RENEW}"
        raise Refused(f"not a lock file: {error.what}", where=error.where, fix=fix) from None


def _lock(node: Node) -> LockFile:
    fields = _fields(node, "the file", ("lock", "environments"))
    version = fields["lock"].node
    if not isinstance(version, Scalar) or version.value != VERSION:
        raise refused("its version is not 1", version.mark, "use the Tallystick that wrote it")
    environments = named(fields["environments"], "'environments'", (), Places(), MAX_ENVIRONMENTS)
    return LockFile({name: _environment(name, field.node) for name, field in environments})


def _environment(name: str, node: Node) -> PinnedEnvironment:
    what = f"environment '{name}'"
    table = map_of(node, what)
    source = _required(table, "source", what)
    text = text_of(source.node, f"'source' of {what}")
    if not _SOURCE.fullmatch(text):
        raise refused(f"not a hash: {text[:80]!r}", source.node.mark, "restore it")
    systems = {key: field for key, field in table.fields.items() if key != "source"}
    for system, field in systems.items():
        if not _SYSTEM.fullmatch(system):
            raise refused(f"not a system: {system[:80]!r}", field.key_mark, "restore it")
    if not systems:
        raise refused(f"{what} is pinned for no system", table.mark, "restore it")
    return PinnedEnvironment(text, {key: _pin(key, field.node) for key, field in systems.items()})


def _pin(system: str, node: Node) -> Pin:
    table = map_of(node, f"'{system}'", ("derivation", "environment"))
    environment = _required(table, "environment", f"'{system}'").node
    cid = placed(Cid.parse, text_of(environment, "'environment'"), environment.mark)
    if (field := table.fields.get("derivation")) is None:
        return Pin("", cid)
    return Pin(placed(derivation, text_of(field.node, "'derivation'"), field.node.mark), cid)


def _fields(node: Node, what: str, keys: tuple[str, ...]) -> dict[str, Field]:
    table = map_of(node, what, keys)
    return {key: _required(table, key, what) for key in keys}


def _required(table: MapNode, key: str, what: str) -> Field:
    if key not in table.fields:
        raise refused(f"{what} has no '{key}'", table.mark, "restore it")
    return table.fields[key]
