"""Resources: what a step asks for, from a node to a record. Pure."""

from typing import Final

from engine.workflow.fields import map_of, placed, refused, text_of, whole_of
from engine.workflow.model import DAY_MS, MIB, Resources
from engine.workflow.nodes import MapNode, Node, Scalar
from engine.workflow.units import parse_size, parse_time

KEYS: Final = ("cpus", "memory", "disk", "gpus", "time")

MAX_CPUS: Final = 1_024
LEAST_SIZE: Final = MIB  # no program starts in less
MOST_SIZE: Final = 2**50  # 1 PiB
LEAST_MS: Final = 1
MOST_MS: Final = 366 * DAY_MS


def read_resources(node: Node, what: str) -> Resources:
    """Read `resources`; what is not named has its default.

    Raises: Refused, with the place.
    """
    table = map_of(node, f"'resources' of {what}", KEYS)
    _no_gpus(table, what)
    usual = Resources()
    cpus = table.fields.get("cpus")
    return Resources(
        whole_of(cpus.node, f"'cpus' of {what}", 1, MAX_CPUS) if cpus else usual.cpus,
        _size(table, "memory", usual.memory, what),
        _size(table, "disk", usual.disk, what),
        _time(table, usual.wall_ms, what),
    )


def _no_gpus(table: MapNode, what: str) -> None:
    field = table.fields.get("gpus")
    if field is not None and whole_of(field.node, f"'gpus' of {what}", 0, MAX_CPUS):
        fix = "remove 'gpus' and run it on CPUs"
        raise refused("GPUs are not supported by this version", field.key_mark, fix)


def _size(table: MapNode, key: str, usual: int, what: str) -> int:
    if (field := table.fields.get(key)) is None:
        return usual
    size = placed(parse_size, _quantity(field.node, f"'{key}' of {what}", "1GiB"), field.node.mark)
    if LEAST_SIZE <= size <= MOST_SIZE:
        return size
    raise refused(f"'{key}' of {what} is out of range", field.node.mark, "write 1MiB to 1024TiB")


def _time(table: MapNode, usual: int, what: str) -> int:
    if (field := table.fields.get("time")) is None:
        return usual
    time = placed(parse_time, _quantity(field.node, f"'time' of {what}", "2min"), field.node.mark)
    if LEAST_MS <= time <= MOST_MS:
        return time
    raise refused(f"'time' of {what} is out of range", field.node.mark, "write 1ms to 366d")


def _quantity(node: Node, what: str, example: str) -> str:
    if isinstance(node, Scalar) and isinstance(node.value, int | float):
        raise refused(f"{what} has no unit", node.mark, f"write it as {example}")
    return text_of(node, what)
