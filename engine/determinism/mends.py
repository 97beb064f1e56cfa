"""Mends: what a cause is in words, and what an author does about it. Pure."""

from collections.abc import Collection
from typing import Final

from engine.determinism.diagnosis import FILE_TIMES
from engine.determinism.finding import Cause, Diagnosed
from engine.determinism.hints import DATES

WORDS: Final[dict[Cause, str]] = {
    "time": "it reads the clock, or the time of a file that it made",
    "random bytes": "it uses random bytes from the system",
    "hash order": "it follows the order of a set or a hash table whose seed is random",
    "threads": "it depends on which thread or process comes first",
    "processor count": "it depends on how many processors there are",
    "CPU dispatch": "its arithmetic depends on which kernels the processor gets",
    "addresses": "it depends on where things lie in memory",
    "uninitialised bytes": "it uses memory that nobody wrote to",
    "directory order": "it depends on the order in which a directory lists its entries",
    "machine": "it reads what /proc or uname says of the machine",
    "unknown": "its cause could not be found",
}

_ARCHIVES: Final = "have archives made without times (tar --mtime=@0, gzip -n, zip -X)"

MENDS: Final[dict[Cause, str]] = {
    "time": (
        "take the date from SOURCE_DATE_EPOCH or from a param; seed generators with a number; "
        f"{_ARCHIVES}"
    ),
    "random bytes": (
        "seed every generator with a number from a param: random.seed(1), "
        "numpy.random.default_rng(1), torch.manual_seed(1); no uuid4, no mktemp in what is kept"
    ),
    "hash order": (
        "sort before you write: sorted(a_set); and leave PYTHONHASHSEED as the contract has it, "
        "or give it a number"
    ),
    "threads": (
        "collect results in the order of the work, not of its ends (executor.map, not "
        "as_completed; xargs without -P); do not add up floats from threads as they come"
    ),
    "processor count": (
        "cut the work into a number of parts that a param says, not into as many as there are "
        "processors; leave OMP_NUM_THREADS and its like at 1"
    ),
    "CPU dispatch": (
        "leave the numeric profile as the contract has it (docs/steps.md, Variables), or declare "
        "'verify: {tolerance: …}' for the output"
    ),
    "addresses": (
        "do not write, sort by or hash what id(), hash(object()) or a pointer gives; give objects "
        "a __hash__ and an order of their own"
    ),
    "uninitialised bytes": (
        "write to memory before it is read: calloc or memset, numpy.zeros and not numpy.empty, "
        "and clear what lies between the fields of a struct"
    ),
    "directory order": (
        "sort what lists a directory: sorted(os.listdir(…)), sorted(path.glob(…)), find … | sort, "
        "tar --sort=name"
    ),
    "machine": "leave what the machine is out of the result; print it, and it is in the log",
    "unknown": (
        "look at where it differs, above; run it alone with 'tally shell RUN STEP'; declare "
        "'verify' if the difference does not matter"
    ),
}

_DATE: Final = "take the date from SOURCE_DATE_EPOCH, or from a param"
_FILE_TIMES: Final = f"{_ARCHIVES}, or give files a time of your own (touch -d @0)"
_FAILS: Final = (
    "'tally run' shows what it prints when it fails, and 'tally log RUN STEP' has it; make it "
    "succeed each time, or fail each time"
)


def mend(cause: Diagnosed, hints: Collection[str], *, fails: bool) -> str:
    """Return how a cause is mended; `hints`: what differences look like, `fails`: it does at times.

    Of several ways only those are named that can help.
    """
    if cause.cause == "time" and cause.why == FILE_TIMES:
        return _FILE_TIMES
    if cause.cause == "time" and not DATES.isdisjoint(hints):
        return _DATE
    if cause.cause == "unknown" and fails:
        return _FAILS
    return MENDS[cause.cause]
