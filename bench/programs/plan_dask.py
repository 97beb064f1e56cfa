"""Build a graph with dask: SHAPE HOW COUNT. Print the seconds and bytes of memory that took.

HOW: `delayed`, what people write, and `bag`, a collection with one operation, for `scatter`;
`tasks`, the graph written down as dask keeps it, for `layers` (delayed takes minutes for that).
"""

import json
import resource
import sys
import time

from dask import delayed
from dask._task_spec import Task, TaskRef
from dask.bag import from_sequence
from layered import WIDTH, needs  # beside this file


def work(*inputs):  # noqa: ANN002, ANN201
    """Do nothing."""


def scatter_delayed(count):  # noqa: ANN001, ANN201
    """Return one step, scattered."""
    step = delayed(work, pure=False)
    return dict(step(*(step(number) for number in range(count))).__dask_graph__())


def scatter_bag(count):  # noqa: ANN001, ANN201
    """Return the same as a bag."""
    return dict(from_sequence(range(count), npartitions=count).map(work).__dask_graph__())


def layers_tasks(count):  # noqa: ANN001, ANN201
    """Return steps in layers, each instance with its needs, as dask's scheduler has them."""
    graph = {}
    for number, found in needs(count):
        for index in range(WIDTH):
            key = f"{number}-{index}"
            graph[key] = Task(key, work, index, *(TaskRef(f"{need}-{index}") for need in found))
    return graph


def main():  # noqa: ANN201
    """Build the graph that the scheduler would be given."""
    shape, how, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    began = time.perf_counter(), time.process_time()
    graph = globals()[f"{shape}_{how}"](count)
    seconds, processor = time.perf_counter() - began[0], time.process_time() - began[1]
    if len(graph) < count:
        raise SystemExit(f"only {len(graph)} tasks")
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(json.dumps({"seconds": seconds, "processor": processor, "memory": memory}))


if __name__ == "__main__":
    main()
