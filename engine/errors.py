"""Every error the engine raises, by what the caller should do about it.

`ValueError` and `AssertionError` are not here: they mean a bug in Tallystick. A message has at
most three parts, which the command line prints on a line each: what, where, what to do.

>>> print(Refused("unknown key 'inptus'", where="w.yaml:3:5", fix="did you mean 'inputs'?"))
unknown key 'inptus'
"""


class TallyError(Exception):
    """The root: `what` went wrong, `where` (file:line:column, a path, a CID), and the `fix`."""

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix


class Refused(TallyError):
    """The input is wrong: correct it and call again. Nothing that was stored has changed."""


class Damaged(TallyError):
    """Bytes do not match their address, their signature or their canonical form."""


class Unavailable(TallyError):
    """Something needed is not here: try again, or elsewhere, or install it."""


class NotHere(Unavailable):
    """Content that is asked for is not on this machine, as far as this machine can tell.

    What to do without it may be decided on this alone; any other Unavailable may pass.
    """


class Nowhere(NotHere):
    """Content that is not here, and that nobody gave who was asked: who, and what can be done."""

    def __init__(self, what: str, *, where: str = "", fix: str = "", asked: str, ways: str) -> None:
        super().__init__(f"{what}, and does not come from {asked}", where=where, fix=fix)
        self.asked = asked
        self.fix = ", or ".join(filter(None, (ways, fix)))
        self.ways = ways


class NoSandbox(Unavailable):
    """This machine gives no sandbox, whatever the step: another try now would end the same."""


class NotRun(Unavailable):
    """Nobody runs a step, and all who could were asked: another try now would end the same."""


class StepFailed(TallyError):
    """The user's own command or build failed; its log says why."""


class Differs(TallyError):
    """What was built or run again is not what was recorded."""
