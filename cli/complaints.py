"""Complaints: what is said of an error, and what it exits with. Only this file knows the codes."""

import errno
from typing import Final

import click

from cli.ending import EXIT_CANCELLED, EXIT_UNAVAILABLE, fix
from cli.report import note, printable
from engine.errors import Damaged, Differs, Refused, StepFailed, TallyError, Unavailable

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


def complain(error: Exception, named: str) -> int:
    """Say what went wrong and return the exit code; `named` is the command that was called."""
    if isinstance(error, TallyError):
        return _say(error, _exit_code(error))
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return EXIT_USAGE
    if isinstance(error, click.UsageError):
        return _say(_usage(error, named), EXIT_USAGE)
    told = _of_the_system(error)
    return _say(told, EXIT_UNAVAILABLE) if told else _bug(error)


def cancelled(words: list[str]) -> int:
    """Say that the command of these words was interrupted, and return the exit code."""
    return _say(TallyError("cancelled", fix=fix(words)), EXIT_CANCELLED)


def _exit_code(error: TallyError) -> int:
    return next(code for family, code in EXIT_CODES.items() if isinstance(error, family))


def _say(error: TallyError, code: int) -> int:
    """Print an error in at most three lines: what, where, what to do.

    What another program said of it, as Nix does, comes before that.
    """
    what, *said = error.what.splitlines() or [""]
    for line in filter(str.strip, said):
        note(f"  | {line}")
    mend = error.fix or _FIXES.get(type(error), "")
    lines = (("error: ", what), ("  at: ", error.where), ("  fix: ", mend))
    for label, text in lines:
        if text:
            click.echo(label + printable(text), err=True)
    return code


def _usage(error: click.UsageError, named: str) -> TallyError:
    path = error.ctx.command_path if error.ctx else f"tally {named}".strip()
    what = " ".join(error.format_message().split())  # click lists choices on lines of their own
    what = what.removesuffix(".")
    mend = f"'{path} --help' explains it"
    if isinstance(error, click.NoSuchOption) and not error.option_name.startswith("--"):
        is_amount = error.option_name[1:2] in {*"0123456789."}
        name = "; a name that begins with '-' is written './-…'"
        mend += "; an amount is not below zero here" if is_amount else name
    return TallyError(what, fix=mend)


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
    mend = "mend that (who owns the path? is the disk right?), then run the command again"
    return TallyError(what, where=where, fix=mend)


def _bug(error: Exception) -> int:
    import traceback

    traceback.print_exception(error)
    what = f"a bug in Tallystick: {type(error).__name__}"
    return _say(TallyError(what, fix="report it with the lines above"), EXIT_BUG)
