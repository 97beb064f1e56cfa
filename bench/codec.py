"""Print how many Steps of about 300 bytes are encoded and decoded in a second.

Run it as `python -m bench.codec`. The dag-cbor package does the same work in the same run, so that
the ratio means something on a busy machine.
"""

import timeit
from collections.abc import Callable

import dag_cbor
from multiformats import CID

from engine.content import canonical
from engine.content.cid import RAW, Cid
from engine.step import CONTRACT, REQUIRES, STEP, SYSTEM, Platform, Step

ROUNDS = 9  # the best one counts: the others say how busy the machine was
SECONDS = 0.2  # of each round, about


def sample() -> Step:
    """Return a Step whose record is a little over 300 bytes."""
    links = [Cid.of(RAW, bytes((number,))) for number in range(2)]
    return Step(
        closure=links[0],
        command=("python", "/in/code", "/out/model"),
        script="",
        script_link=None,
        variables={"HOME": "/build", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
        inputs={"code": links[1]},
        gathers={},
        outputs={"model": "model.npz"},
        platform=Platform(requires=REQUIRES, system=SYSTEM),
        contract=CONTRACT,
    )


def rate(work: Callable[[], object]) -> float:
    """Return how often `work` is done in a second, in the best round."""
    number = max(1, int(SECONDS / timeit.timeit(work, number=10) * 10))
    return number / min(timeit.repeat(work, number=number, repeat=ROUNDS))


def theirs(value: object) -> object:
    """Return a value of ours as the dag-cbor package has it."""
    if isinstance(value, Cid):
        return CID.decode(value.raw)
    if isinstance(value, list):
        return [theirs(item) for item in value]
    if isinstance(value, dict):
        return {key: theirs(item) for key, item in value.items()}
    return value


def main() -> None:
    """Measure and print."""
    step = sample()
    data = STEP.encode(step)
    value = canonical.decode(data)
    other = theirs(value)
    print(f"a Step of {len(data)} bytes: per second, and times the dag-cbor package")
    for name, ours, package in (
        ("Record.encode", lambda: STEP.encode(step), lambda: dag_cbor.encode(other)),
        ("Record.decode", lambda: STEP.decode(data), lambda: dag_cbor.decode(data)),
        ("Record.cid", lambda: STEP.cid(step), lambda: dag_cbor.encode(other)),
        ("canonical.encode", lambda: canonical.encode(value), lambda: dag_cbor.encode(other)),
        ("canonical.decode", lambda: canonical.decode(data), lambda: dag_cbor.decode(data)),
    ):
        mine = rate(ours)
        print(f"{name:18}{mine:10,.0f}{mine / rate(package):8.1f} x")


if __name__ == "__main__":
    main()
