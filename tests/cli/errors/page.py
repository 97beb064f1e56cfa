"""The errors page: what was met, as text."""

from dataclasses import dataclass, field

from tests.cli.errors.stage import Made

HEAD = """\
# Errors

Every error that a user can meet, as it is said. It is at most three lines: what is wrong, where
(file:line:column, a path, an address), and what to do. The exit code says whose turn it is:

| code | whose turn |
| --- | --- |
| 1 | the author's: a command of a step, or a build, failed; its output says why |
| 2 | yours: what was given is wrong, and nothing was changed |
| 3 | this machine's: something is missing, full or out of reach; once it is there, try again |
| 4 | whoever vouches for the result: what came out is not what was recorded |
| 5 | whoever gave you the bytes: they are not what their address says, and were not used |
| 70 | ours: a bug |

This page is made by its tests (`tests/cli/errors`), which meet each of these. Names of runs,
addresses and figures stand for others.
"""
TITLES = {
    1: "Exit 1: a step or a build failed",
    2: "Exit 2: what was given is wrong",
    3: "Exit 3: something is not here",
    4: "Exit 4: it differs",
    5: "Exit 5: it is damaged",
    70: "Exit 70: a bug",
}


@dataclass(frozen=True, slots=True)
class Met:
    """An error as a user met it."""

    topic: str
    title: str
    typed: str  # the command; "" where the page shows what is said alone
    said: str  # all that came on stderr
    code: int
    made: list[Made] = field(repr=False)

    @property
    def error(self) -> list[str]:
        """The lines of the error itself, which come last."""
        lines = self.said.splitlines()
        starts = [at for at, line in enumerate(lines) if line.startswith("error: ")]
        return lines[starts[-1] :] if starts else lines


def page(met: list[Met]) -> str:
    """Return docs/errors.md."""
    parts = [HEAD]
    for code, title in TITLES.items():
        found = [one for one in met if one.code == code]
        parts.append(f"## {title}\n")
        for topic in dict.fromkeys(one.topic for one in found):
            entries = [_entry(one) for one in found if one.topic == topic]
            parts.append(f"### {topic}\n\n```text\n" + "\n".join(entries) + "```\n")
    return "\n".join(parts)


def _entry(one: Met) -> str:
    head = f"$ {one.typed}    # {one.title}\n" if one.typed else f"# {one.title}\n"
    return head + one.said
