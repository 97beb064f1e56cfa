"""Conditions: what of a machine may vary under a step that keeps to its contract. Pure.

Each factor is as the machine gives it (`free`), `held` at one value for good, or `varied`: set to
another value than the machine would give. What the contract pins (docs/steps.md) is no factor.

>>> HELD.freed("time", "varied").time
'varied'
"""

from typing import Any, Final, Literal, get_args

from engine.values import dataclass, replace

Factor = Literal[
    "time",
    "random",
    "hashes",
    "addresses",
    "memory",
    "directories",
    "processors",
    "schedule",
    "profile",
    "machine",
]
State = Literal["free", "held", "varied", "respelled"]

# when a run begins: some programs cannot be told that the time of a file is another
Moment = Literal["any", "as a second begins", "a second later"]

FACTORS: Final[tuple[Factor, ...]] = get_args(Factor)


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a step is run under."""

    time: State = "free"  # varied: some hundred days later
    random: State = "free"  # bytes from the system; cannot be varied, as they always are
    hashes: State = "free"  # the seeds that the step's own variables leave open
    addresses: State = "free"  # where memory lies; as random bytes
    memory: State = "free"  # what is in memory that nobody wrote to
    directories: State = "free"  # the order in which entries are listed; varied: from Z to A
    processors: State = "free"  # how many; held: one
    schedule: State = "free"  # who of several goes first; held: one at a time
    # the numeric profile, as far as the step overrides it; respelled: as held, in other words
    profile: State = "free"
    machine: State = "free"  # what /proc and uname say of it
    threads: bool = True  # False: no process gets a second one
    moment: Moment = "any"

    def state(self, factor: Factor) -> State:
        """Return the state of a factor."""
        found: State = getattr(self, factor)
        return found

    def freed(self, factor: Factor, state: State) -> "Conditions":
        """Return these conditions with one factor in another state."""
        change: dict[str, Any] = {factor: state}
        return replace(self, **change)

    def words(self) -> dict[str, str]:
        """Return the state of each factor, for people and scripts."""
        said: dict[str, str] = {factor: self.state(factor) for factor in FACTORS}
        if self.memory == "free":  # as it nearly always is
            del said["memory"]
        said |= {} if self.threads else {"threads": "none"}
        return said if self.moment == "any" else {**said, "begun": self.moment}


# Two runs as far apart as the contract lets them be. What only a step's own variables make
# possible (hashes, profile) is left to runs of their own: a step may print its variables.
FIRST: Final = Conditions(directories="held")  # sorted: whatever the file system gives, reversed
SECOND: Final = Conditions(
    time="varied",
    directories="varied",
    processors="held",
    schedule="varied",
    machine="varied",
    moment="a second later",
)
HELD: Final = Conditions(
    time="held",
    random="held",
    hashes="held",
    addresses="held",
    memory="free",  # it is the same when addresses are; what would fill it hides what is in it
    directories="held",
    processors="held",
    schedule="held",
    profile="held",
    machine="held",
)

VARIED: Final[tuple[Factor, ...]] = (
    "time",
    "random",
    "addresses",
    "directories",
    "processors",
    "schedule",
    "machine",
)
