"""Faults between peers, by whose they are.

What a stranger sends is checked at one door, and everything wrong with it is one error there, so
that a connection is cut with a reason in the log and nothing else happens.

>>> print(RemoteFault("an envelope is over 1024 bytes"))
an envelope is over 1024 bytes
"""

from engine.errors import Refused, Unavailable


class LocalFault(Unavailable):
    """This machine cannot do its part: a port is taken, a queue is full. Try again, or mend it."""


class RemoteFault(Refused):
    """What a peer sent breaks the protocol: cut its connection and log `what`, one sentence."""
