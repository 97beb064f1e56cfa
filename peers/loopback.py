"""Loopback: which addresses of this machine are of what an IPFS node carries. Pure.

All of 127.0.0.0/8 is this machine. What is carried goes from and to addresses in a part of it that
nothing else uses: so a connection says by its address that it is, and which peer's it is here.

>>> is_carried(carried_host(bytes(32))), is_carried("127.0.0.1")
(True, False)
"""

import re
from typing import Final

_NETWORK: Final = 64  # 127.64.0.0/10: four million addresses
_CARRIED: Final = re.compile(r"127\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.\d{1,3}\.\d{1,3}", re.ASCII)


def carried_host(digest: bytes) -> str:
    """Return the address of whoever has a digest: another for each."""
    return f"127.{_NETWORK + digest[0] % _NETWORK}.{digest[1]}.{1 + digest[2] % 254}"


def is_carried(host: str) -> bool:
    """Return whether a connection from or to there is carried by an IPFS node."""
    return _CARRIED.fullmatch(host) is not None
