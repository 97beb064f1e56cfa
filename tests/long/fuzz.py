"""fuzz: the same decoders; a fuzzer (atheris) finds input by looking which lines it reaches.

A fuzzer ends its process, so each decoder has one of its own.
"""

import os
import random
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from tests.long.suite import Field, Suite
from tests.long.warm import ROOT

SECONDS: Final = int(os.environ.get("TALLY_FUZZ_SECONDS", "60"))  # for each decoder
NOT_HERE: Final = "NOT FUZZED: there is no atheris; pip install -e '.[long]'"


def trial(field: Field, chance: random.Random, number: int) -> str:
    """Fuzz one decoder for a while."""
    from tests.long.decoders import TABLE

    if find_spec("atheris") is None:
        return NOT_HERE
    name = TABLE[number % len(TABLE)].name
    place = field.place / "corpus"
    place.mkdir()
    for at, data in enumerate(TABLE[number % len(TABLE)].seeds):
        (place / str(at)).write_bytes(data)
    command = [
        sys.executable,
        "-m",
        "tests.long.fuzz",
        name,
        str(SECONDS),
        str(chance.randrange(2**31)),
    ]
    done = subprocess.run(
        [*command, str(place)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    said = done.stderr.splitlines()
    assert done.returncode == 0, "\n".join(said[-60:])
    return f"{name}: {next((line for line in said if 'Done' in line), '?')}"


def _main() -> None:
    import atheris

    name, seconds, number, corpus = sys.argv[1:]
    with atheris.instrument_imports(include=["engine", "peers", "cli"]):
        from tests.long.decoders import BY_NAME
    options = [f"-max_total_time={seconds}", f"-seed={number}", "-rss_limit_mb=1024", "-timeout=10"]
    decoder = BY_NAME[name]
    place = Path(corpus).parent
    atheris.Setup(
        [sys.argv[0], *options, f"-artifact_prefix={place}/", "-max_len=8192", corpus], decoder
    )
    atheris.Fuzz()


SUITE = Suite(
    "fuzz", f"malformed input, found by coverage: {SECONDS} s for each decoder", 30, trial
)

if __name__ == "__main__":
    _main()
