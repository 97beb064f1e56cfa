"""TellerLine: what a teller knows of what is between it and one other peer. Pure."""

from dataclasses import dataclass as mutable

from peers.place import Place


@mutable(slots=True)
class Line:
    """What is between this peer and another."""

    acked: Place | None = None  # our entry up to which it has all
    told: Place | None = None  # that when it was told something last
    durable: Place | None = None  # our last entry that may be said
    is_up: bool = False
    is_heard: bool = False  # it has said what it has of ours
    is_asked: bool = False  # that, since it is there
    is_busy: bool = False  # it was told something, and has not answered
    is_stuck: bool = False  # it does not take what it is told, until it asks again
    asides: int = 0  # entries of it in a row that change nothing of what anybody owes
    is_expected: bool = False  # something was offered to it: it may open a channel
    is_lost: bool = False  # what it has of ours, and is lost here, it could not show
    is_showing: bool = False  # it was asked for entries of ours that are lost here
