"""Start: the first lines of the program, before anything is imported that takes time.

From here on Ctrl-C, SIGTERM and SIGHUP end what is done in order: files half written are removed,
what finished is kept, and the exit code is 1. The second one ends it at once; nothing that was
reported as done is lost by that either.
"""

import gc
import os
import signal
import sys

from cli.ending import EXIT_CANCELLED, EXIT_UNAVAILABLE, SIGNALS, fix

_GARBAGE = 50_000  # objects made before any is looked for: imports make many, and all of them stay
_TURN_S = 0.0005  # of a thread while others wait: who waits for the disk has many short ones


def entry() -> None:
    """Run the program and exit; the entry point of the `tally` script."""
    gc.set_threshold(_GARBAGE)
    sys.setswitchinterval(_TURN_S)
    # Not sys.exit: Python would wait for threads and take the signals back while it cleans up,
    # and all that needs closing has been closed.
    os._exit(_flushed(run(sys.argv[1:])))


def run(args: list[str]) -> int:
    """Run one command as a process of its own does, with its signals; return its exit code."""
    taken = [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
    for number in taken:  # but for those that whoever started us ignores, as nohup does
        signal.signal(number, _leave)
    from cli.interrupt import Interrupts, leave

    interrupts = Interrupts(taken)
    try:
        interrupts.install()
        from cli.main import main
        from cli.streams import fill_closed

        fill_closed()
        code = main(args)
        interrupts.done(code)
    except KeyboardInterrupt:
        leave()
    return code


def _flushed(code: int) -> int:
    """Write out what was printed; return the exit code, which says when that cannot be."""
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except BrokenPipeError:  # nobody reads it any more
        return code
    except OSError as error:
        try:
            os.write(2, f"error: what was printed is lost: {error.strerror}\n".encode())
        except OSError:  # a terminal that went away: nobody is there to be told
            return code or EXIT_UNAVAILABLE
        return EXIT_UNAVAILABLE
    return code


def _leave(number: int, frame: object) -> None:
    """End at once, while nothing has begun."""
    os.write(2, f"\nerror: cancelled\n  fix: {fix(sys.argv[1:])}\n".encode())
    os._exit(EXIT_CANCELLED)
