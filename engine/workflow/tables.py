"""Tables: maps whose keys are names that the author chose. Pure."""

from collections.abc import Iterator

from engine.workflow.fields import map_of, refused
from engine.workflow.names import NAME_FIX, is_name
from engine.workflow.nodes import Field
from engine.workflow.places import Part, Places


def named(
    field: Field | None, what: str, part: Part, places: Places, most: int
) -> Iterator[tuple[str, Field]]:
    """Yield the fields of a map that is not required, and mark them below `part`.

    Raises: Refused for a key that is not a name, or more than `most` of them.
    """
    if field is None:
        return
    table = map_of(field.node, what)
    if len(table.fields) > most:
        raise refused(f"{what} has more than {most} names", field.key_mark, "use fewer")
    for name, each in table.fields.items():
        if not is_name(name):
            raise refused(f"not a name: {name[:80]!r} in {what}", each.key_mark, NAME_FIX)
        places.marks[(*part, name)] = each.node.mark
        yield name, each
