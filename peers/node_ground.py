"""Ground: what of a node its other parts stand on."""

from typing import NamedTuple

from engine.clock import Clock
from peers.lines import Lines
from peers.mail import Mail
from peers.saying import Say
from peers.wake import Wake


class Ground(NamedTuple):
    """What speaks to peers, tells the time, and takes what threads and parts have to say."""

    mail: Mail
    lines: Lines
    clock: Clock
    wake: Wake
    log: Say
