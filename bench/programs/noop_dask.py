"""Have Dask distributed do nothing COUNT times, on two worker processes; print the seconds."""

import json
import sys
import time

from distributed import Client, LocalCluster


def work(number):  # noqa: ANN001, ANN201
    """Do nothing."""
    return number


def main():  # noqa: ANN201
    """Warm up, then measure."""
    count, folder = int(sys.argv[1]), sys.argv[2]
    cluster = LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, local_directory=folder
    )
    with cluster, Client(cluster) as client:
        client.submit(work, 0, pure=False).result()
        began = time.perf_counter()
        futures = [client.submit(work, number, pure=False) for number in range(count)]
        found = client.gather(futures)
        seconds = time.perf_counter() - began
    if found != list(range(count)):
        raise SystemExit("it did something else")
    print(json.dumps({"seconds": seconds}))


if __name__ == "__main__":
    main()
