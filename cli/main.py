"""The `tally` program: which commands there are, and what an error exits with.

Commands live in a file per group, imported only when one of them is called, so that
`tally --help` costs no more than click itself. Only this file knows the exit codes.
"""

import difflib
import errno
import importlib
import os
import select
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from cli.ending import EXIT_CANCELLED, EXIT_UNAVAILABLE, FIX
from cli.report import note, printable
from engine.errors import Damaged, Differs, Refused, StepFailed, TallyError, Unavailable

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

EXIT_CODES: Final[dict[type[TallyError], int]] = {
    StepFailed: 1,
    Refused: 2,
    Unavailable: 3,
    Differs: 4,
    Damaged: 5,
}
_FIXES: Final[dict[type[TallyError], str]] = {  # what to do when an error does not say it
    Damaged: "get it again from whoever has it; 'tally fsck' checks all that is stored here",
}
EXIT_USAGE: Final = 2
EXIT_BUG: Final = 70  # EX_SOFTWARE of sysexits.h


class Entry(NamedTuple):
    """Where a command is defined, and the line that `tally --help` prints for it."""

    module: str
    attribute: str
    summary: str


COMMANDS: Final = {
    "init": Entry("cli.init", "init", "Start a small working project."),
    "run": Entry("cli.run", "run", "Run a workflow."),
    "plan": Entry("cli.plan", "plan", "Show what would run, and why."),
    "rerun": Entry("cli.rerun", "rerun", "Run a recorded run again and compare."),
    "runs": Entry("cli.history", "runs", "List the runs."),
    "show": Entry("cli.history", "show", "Show one run."),
    "log": Entry("cli.log", "log", "Print what steps printed."),
    "cancel": Entry("cli.history", "cancel", "Stop a run."),
    "explain": Entry("cli.explain", "explain", "Say why a step was, or was not, reused."),
    "diff": Entry("cli.diff", "diff", "Say what differs between two runs."),
    "graph": Entry("cli.graph", "graph", "Draw the steps of a workflow or a run."),
    "report": Entry("cli.runpage", "report", "Write a run as a web page."),
    "shell": Entry("cli.shell", "shell", "Open a shell in a step's sandbox."),
    "add": Entry("cli.content", "add", "Add a file or directory to the store."),
    "get": Entry("cli.content", "get", "Write stored content to a path."),
    "cat": Entry("cli.content", "cat", "Print a stored file."),
    "ls": Entry("cli.content", "ls", "List a stored directory."),
    "export": Entry("cli.bundle", "export", "Write a run, or any content, to one file."),
    "import": Entry("cli.bundle", "import_", "Read such a file into the store."),
    "gc": Entry("cli.maintain", "gc", "Delete what nothing needs."),
    "fsck": Entry("cli.fsck", "fsck", "Check every stored byte, and repair."),
    "env": Entry("cli.env", "env", "Lock, show and build environments."),
    "doctor": Entry("cli.doctor", "doctor", "Say what is here, what is missing, and the fix."),
    "config": Entry("cli.config", "config", "Show and change settings."),
    "schema": Entry("cli.schema", "schema", "Print the JSON Schema of the workflow file."),
    "completion": Entry("cli.completion", "completion", "Make the shell complete all of this."),
}


class Commands(click.Group):
    """A group that imports a command when it is called for."""

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401 - as the command's own
        """Run the command; when whoever read its output has gone, there is nobody to tell."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:  # click would exit with 1: that a step failed
            if not _reader_has_gone():
                raise RuntimeError("a pipe of our own broke") from error
            return _closed_pipe()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order in which people meet them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """Return a command, importing its file."""
        if name not in COMMANDS:
            return None
        entry = COMMANDS[name]
        command: click.Command = getattr(importlib.import_module(entry.module), entry.attribute)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command of `args`, or say which one was probably meant."""
        name = args[0]
        if name not in COMMANDS and not name.startswith("-"):
            near = difflib.get_close_matches(name, COMMANDS, n=1)
            fix = f"did you mean 'tally {near[0]}'?" if near else "'tally --help' lists them"
            raise Refused(f"no command '{name}'", fix=fix)
        return super().resolve_command(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> "list[CompletionItem[str]]":
        """Return the commands, or options, that go on what is typed, importing none."""
        from click.shell_completion import CompletionItem

        options = super().shell_complete(ctx, incomplete) if incomplete.startswith("-") else []
        names = (name for name in COMMANDS if name.startswith(incomplete))
        return [*options, *(CompletionItem(name, help=COMMANDS[name].summary) for name in names)]

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the list of commands without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tallystick", prog_name="tally")
@click.option("--home", metavar="DIR", help="Where Tallystick keeps its state [TALLY_HOME].")
@click.pass_context
def tally(ctx: click.Context, home: str | None) -> None:
    """Run workflows that anyone can repeat, bit for bit.

    Start with 'tally init', or with 'tally run WORKFLOW'.
    """
    ctx.obj = {"home": home}


def entry() -> None:
    """Run the program and exit, as installations do that were made before there was cli.start."""
    from cli.start import entry as start

    start()


def main(args: list[str]) -> int:
    """Run one command and return its exit code."""
    if "_TALLY_COMPLETE" in os.environ:
        from cli.asked import answer

        return answer(tally, os.environ)
    try:
        result: Any = tally.main(args, prog_name="tally", standalone_mode=False)
    except TallyError as error:
        return _complain(error, _exit_code(error))
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    except click.UsageError as error:
        return _complain(_usage(error, args), EXIT_USAGE)
    except (click.Abort, KeyboardInterrupt):
        return _complain(TallyError("cancelled", fix=FIX), EXIT_CANCELLED)
    except Exception as error:  # the one place where everything is caught, to say what it is
        told = _of_the_system(error)
        return _complain(told, EXIT_UNAVAILABLE) if told else _bug(error)
    return result if isinstance(result, int) else 0


def _exit_code(error: TallyError) -> int:
    return next(code for family, code in EXIT_CODES.items() if isinstance(error, family))


def _complain(error: TallyError, code: int) -> int:
    """Print an error in at most three lines: what, where, what to do.

    What another program said of it, as Nix does, comes before that.
    """
    what, *said = error.what.splitlines() or [""]
    for line in filter(str.strip, said):
        note(f"  | {line}")
    fix = error.fix or _FIXES.get(type(error), "")
    lines = (("error: ", what), ("  at: ", error.where), ("  fix: ", fix))
    for label, text in lines:
        if text:
            click.echo(label + printable(text), err=True)
    return code


def _usage(error: click.UsageError, args: list[str]) -> TallyError:
    named = [word for word in args[:1] if word in COMMANDS]  # click does not always know it
    path = error.ctx.command_path if error.ctx else " ".join(["tally", *named])
    what = " ".join(error.format_message().split())  # click lists choices on lines of their own
    what = what.removesuffix(".")
    return TallyError(what, fix=f"'{path} --help' explains it")


def _of_the_system(error: Exception) -> TallyError | None:
    """Return what the system refused us, or None for a bug of ours."""
    import sqlite3  # not needed by every command

    if not isinstance(error, OSError | sqlite3.Error):
        return None
    full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
    if full or "disk is full" in str(error):
        return TallyError("the disk is full", fix="free some space ('tally gc'), then try again")
    where = str(error.filename) if isinstance(error, OSError) and error.filename else ""
    what = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    fix = "mend that (who owns the path? is the disk right?), then run the command again"
    return TallyError(what, where=where, fix=fix)


def _reader_has_gone() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # POLLERR is always told
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _closed_pipe() -> int:
    """Leave quietly when whoever read our output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _bug(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    what = f"a bug in Tallystick: {type(error).__name__}"
    return _complain(TallyError(what, fix="report it with the lines above"), EXIT_BUG)
