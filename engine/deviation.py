"""Deviation: how far the numbers in two trees are apart at most, and where. Pure."""

from engine.nearness import Mismatch
from engine.values import dataclass


@dataclass(frozen=True, slots=True)
class Spot:
    """A number that is not the same, and by how much."""

    path: str  # below the output; "" for the output itself
    where: str  # inside the file
    value: float


@dataclass(frozen=True, slots=True)
class Deviation:
    """The numbers that are farthest apart: by their difference, and by its part of the larger."""

    absolute: Spot
    relative: Spot | None  # None when nobody said it
    is_whole: bool  # whether all that is not the same was looked at


class Farthest:
    """What is farthest apart of what was seen so far."""

    def __init__(self) -> None:
        self._absolute: Spot | None = None
        self._relative: Spot | None = None
        self._is_whole = True

    def see(self, path: str, found: Mismatch) -> None:
        """Take a mismatch in."""
        if found.apart is None:
            return
        absolute, relative = found.apart
        if self._absolute is None or absolute > self._absolute.value:
            self._absolute = Spot(path, found.where, absolute)
        if self._relative is None or relative > self._relative.value:
            self._relative = Spot(path, found.where, relative)

    def leave_out(self) -> None:
        """Say that there was more than was seen."""
        self._is_whole = False

    def found(self) -> Deviation | None:
        """Return what is farthest apart; None when no two numbers are."""
        if self._absolute is None:
            return None
        return Deviation(self._absolute, self._relative, self._is_whole)
