"""A tally process to be killed: `python -m tests.fakes.victim HOME`. Prints what it has ended.

121 short real steps in two layers and a gather; the same command goes on where it was killed.
"""

import sys
from pathlib import Path

from engine.progress import Ended, Progress, Started
from engine.sandbox.bubblewrap import Bubblewrap
from tests.fakes.home import Home
from tests.fakes.realenv import env_sh

SLEEP = "0.1017"  # seconds; an odd number, to be found among all processes
TEXT = f"""
workflow: victim
params: {{ones: [0, 1, 2, 3, 4, 5], tens: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
environments: {{env: {{store: /nix/store/00000000000000000000000000000001-env}}}}
defaults: {{environment: env, resources: {{memory: 64MiB}}}}
steps:
  first:
    scatter: {{a: params.ones, b: params.tens}}
    run: sleep {SLEEP}; echo {{scatter.a}} {{scatter.b}} > {{outputs.o}}
    outputs: {{o: o}}
    cache: false
  second:
    scatter: {{a: params.ones, b: params.tens}}
    inputs: {{i: first.o}}
    run: sleep {SLEEP}; cat {{inputs.i}} {{inputs.i}} > {{outputs.o}}; echo {{scatter.a}} done
    outputs: {{o: o}}
  last:
    inputs: {{all: "second[*].o"}}
    run: cat {{inputs.all}} > {{outputs.o}}
    outputs: {{o: o}}
"""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> None:
    """Run the workflow in the home given, and print how it ended."""
    home = Home(Path(sys.argv[1]))
    use, closures = env_sh(home.path, home.store)

    started = set()

    def watch(event: Progress) -> None:
        if isinstance(event, Started):
            started.add((event.step, event.index))
        elif isinstance(event, Ended) and (event.step, event.index) in started:
            say("ended")

    runners = home.runners([Bubblewrap(home.work) for _ in range(2)], closures)
    ran = home.run(TEXT, runners, environment=use, watch=watch)
    home.close()
    say(ran.status)


if __name__ == "__main__":
    main()
