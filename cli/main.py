"""The `tally` program: which commands there are.

Commands live in a file per group, imported only when one of them is called, so that
`tally --help` costs no more than click itself.
"""

import importlib
import os
import select
import sys
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from cli.complaints import cancelled, complain
from engine.errors import Refused

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


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
    "verify": Entry("cli.verify", "verify", "Look at evidence of a wrong result."),
    "check-determinism": Entry(
        "cli.check_determinism", "check_determinism", "Find out why steps give something else."
    ),
    "runs": Entry("cli.history", "runs", "List the runs."),
    "show": Entry("cli.history", "show", "Show one run."),
    "log": Entry("cli.log", "log", "Print what steps printed."),
    "cancel": Entry("cli.history", "cancel", "Stop a run."),
    "explain": Entry("cli.explain", "explain", "Say why a step was, or was not, reused."),
    "diff": Entry("cli.diff", "diff", "Say what differs between two runs."),
    "graph": Entry("cli.graph", "graph", "Draw the steps of a workflow or a run."),
    "report": Entry("cli.runpage", "report", "Write a run as a web page."),
    "shell": Entry("cli.shell", "shell", "Open a shell in a step's sandbox."),
    "publish": Entry("cli.publish", "publish", "Publish a workflow for everybody."),
    "unpublish": Entry("cli.unpublish", "unpublish", "Take back what was published."),
    "search": Entry("cli.search", "search", "Find Open Resources, and who verified them."),
    "add": Entry("cli.content", "add", "Add a file or directory to the store."),
    "get": Entry("cli.content", "get", "Write stored content to a path."),
    "cat": Entry("cli.content", "cat", "Print a stored file."),
    "ls": Entry("cli.content", "ls", "List a stored directory."),
    "export": Entry("cli.bundle", "export", "Write a run, or any content, to one file."),
    "import": Entry("cli.bundle", "import_", "Read such a file into the store."),
    "gc": Entry("cli.gc", "gc", "Delete what nothing needs."),
    "fsck": Entry("cli.fsck", "fsck", "Check every stored byte, and repair."),
    "env": Entry("cli.env", "env", "Lock, show and build environments."),
    "peer": Entry("cli.peer", "peer", "Run a peer; say whom it knows and what it lends."),
    "credit": Entry("cli.credit", "credit", "Say what peers owe each other, and verify it."),
    "royalty": Entry("cli.royalty", "royalty", "Say who is paid when something is run."),
    "devnet": Entry("cli.devnet", "devnet", "Run some peers on this machine, to try things."),
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
            from difflib import get_close_matches

            near = get_close_matches(name, COMMANDS, n=1)
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
    except click.exceptions.Exit as error:
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return cancelled(args)
    except Exception as error:  # the one place where everything is caught, to say what it is
        named = args[0] if args and args[0] in COMMANDS else ""  # click does not always know it
        return complain(error, named)
    return result if isinstance(result, int) else 0


def _reader_has_gone() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)  # POLLERR is always told
    return any(events & select.POLLERR for _, events in poll.poll(0))


def _closed_pipe() -> int:
    """Leave quietly when whoever read our output has gone."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0
