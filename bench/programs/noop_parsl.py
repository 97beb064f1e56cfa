"""Have parsl's HighThroughputExecutor do nothing COUNT times, on two workers; print the seconds."""

import json
import sys
import time

import parsl
from parsl.config import Config
from parsl.executors import HighThroughputExecutor
from parsl.providers import LocalProvider


@parsl.python_app
def work(number):  # noqa: ANN001, ANN201
    """Do nothing."""
    return number


def main():  # noqa: ANN201
    """Warm up, then measure."""
    count, folder = int(sys.argv[1]), sys.argv[2]
    provider = LocalProvider(init_blocks=1, min_blocks=1, max_blocks=1)
    executor = HighThroughputExecutor(
        label="htex",
        address="127.0.0.1",
        max_workers_per_node=2,
        encrypted=False,
        provider=provider,
        worker_logdir_root=folder,
    )
    with parsl.load(Config(executors=[executor], run_dir=folder)):
        work(0).result()
        began = time.perf_counter()
        found = [one.result() for one in [work(number) for number in range(count)]]
        seconds = time.perf_counter() - began
    if found != list(range(count)):
        raise SystemExit("it did something else")
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
