"""Start-up: how long a command takes that has little to do, and how much it imports."""

import sys
from collections.abc import Iterator

from bench import ours
from bench.contest import contest
from bench.ours import Tally
from bench.process import Command
from bench.row import Row
from bench.setting import Setting

PART = "startup"


def measure(setting: Setting) -> Iterator[Row]:
    """Measure `tally --help`, and `tally show` of a run of two steps, beside a bare Python."""
    folder = setting.folder("startup")
    environment = setting.environments.path("one")
    workflow = ours.write(folder / "w.yaml", environment, range(2), ours.SCATTER)
    tally = Tally(folder / "home")
    tally.run(workflow).output()
    run = tally.told("runs")["runs"][0]["name"]
    commands = {
        "python -c pass": Command((sys.executable, "-c", "pass"), folder),
        "tally --help": tally.command("--help"),
        "tally show": tally.command("show", run),
    }
    times = contest({name: one.spent for name, one in commands.items()}, 3 * setting.rounds)
    for name in list(commands)[1:]:
        told = times.told(name, "python -c pass")
        yield Row(PART, f"{name} ÷ python", times.ratio(name, "python -c pass"), "x", None, told)
        yield Row(PART, f"{name}, modules imported", _imports(commands[name]), "", None, "")


def _imports(command: Command) -> int:
    """Return how many modules a command imports, those of Python's own start among them."""
    counted = (
        "import io, sys; from cli.main import main; "
        "sys.stdout = io.StringIO(); main(sys.argv[1:]); sys.stdout = sys.__stdout__; "
        "print(len(sys.modules))"
    )
    words = command.words[len(ours.PROGRAM) :]
    told = Command((sys.executable, "-c", counted, *words), command.folder, command.variables)
    return int(told.output())
