"""Which settings there are: what each is for, its default, and how its text is read and shown."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs

from engine.errors import Refused
from engine.values import dataclass

OUTPUTS: Final = ("table", "json")
SOURCES: Final = ("peers", "ipfs")  # of content that is not here
NO_NETWORK: Final = "none"  # is looked for on IPFS
NO_SOURCE: Final = "none"
BORROWERS: Final = ("anybody", "named", "nobody")  # whom a peer runs steps for
LAST_PORT: Final = 2**16 - 4  # of a peer's address: the three after it are used, too
MAX_BUILDERS: Final = 64  # more words do not come with an environment
MAX_JOBS: Final = 4096  # each slot is a process that is kept warm
MAX_GROWTH: Final = 100  # percent: above, who paid back one credit would be lent two


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default as text, how its text is read, and what it is for."""

    default: Callable[[], str]
    read: Callable[[str], Any]
    summary: str
    show: Callable[[Any], str] = str


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_JOBS:
        raise ValueError(f"not a number from 1 to {MAX_JOBS}")
    return int(text)


def _builders(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_BUILDERS:
        raise ValueError(f"not a number from 0 to {MAX_BUILDERS}")
    return int(text)


def _output(text: str) -> str:
    if text not in OUTPUTS:
        raise ValueError("not table or json")
    return text


def _borrowers(text: str) -> str:
    if text not in BORROWERS:
        raise ValueError(f"not {', '.join(BORROWERS[:-1])} or {BORROWERS[-1]}")
    return text


def _trust(text: str) -> str:
    from engine.trust.policy import parse

    if text:
        parse(text)
    return text


def _place(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise ValueError(f"not HOST:PORT, with a port up to {LAST_PORT}")
    return text


def _sources(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(",")) if text != NO_SOURCE else ()
    if not set(names) <= set(SOURCES) or len(set(names)) < len(names):
        raise ValueError(f"not {NO_SOURCE}, or some of {', '.join(SOURCES)}")
    return names


def _size(text: str) -> int:
    from engine.workflow.units import parse_size

    return parse_size(text)


def _sized(value: int) -> str:
    from cli.report import human_size

    return human_size(value)


def _credits(text: str) -> int:
    from peers.credits import read

    return read(text)


def _in_credits(value: int) -> str:
    from peers.credits import show

    return show(value)


def _prices(text: str) -> dict[str, int]:
    from peers.price_list import read

    return read(text)


def _priced(value: Mapping[str, int]) -> str:
    from peers.price_list import show

    return show(value) or "nothing"


def _percent(text: str) -> int:
    if not text.isdecimal() or not 0 <= int(text) <= MAX_GROWTH:
        raise ValueError(f"not a number from 0 to {MAX_GROWTH}")
    return int(text)


def _ipfs(text: str) -> str:
    from engine.ipfs.endpoint import NONE, place_of

    if text not in {"", NONE}:
        place_of(text)
    return text


def _network(text: str) -> str:
    from peers.network_name import MAX_NAME, is_name

    if text == NO_NETWORK:
        return ""
    if not is_name(text) or " " in text:  # the protocol would take one, and nobody means it
        raise ValueError(f"not a name of 1 to {MAX_NAME} printable characters without a space")
    return text


SETTINGS: Final = {
    "home": Setting(
        lambda: platformdirs.user_data_dir("tallystick"), Path, "where state and content are kept"
    ),
    "output": Setting(lambda: "table", _output, "how results are printed: table or json"),
    "jobs": Setting(lambda: str(os.cpu_count() or 1), _count, "steps that run at the same time"),
    "memory": Setting(
        lambda: f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')}B",
        _size,
        "memory that running steps may ask for together",
        show=_sized,
    ),
    "environment_quota": Setting(
        lambda: "20GiB",
        _size,
        "unpacked environments that 'tally gc' leaves, by last use",
        show=_sized,
    ),
    "sources": Setting(
        lambda: "peers,ipfs",
        _sources,
        "where content comes from that is not here, in this order: peers,ipfs or none",
        lambda names: ",".join(names) or NO_SOURCE,
    ),
    "listen": Setting(lambda: "0.0.0.0:4177", _place, "where 'tally peer start' listens"),
    "ipfs": Setting(
        lambda: "",
        _ipfs,
        "the IPFS node's API, as http://127.0.0.1:5001, or none; its own folder says it by default",
    ),
    "network": Setting(
        lambda: "tallystick",
        _network,
        "the network whose peers find each other on IPFS; 'none' turns that off",
        lambda name: name or NO_NETWORK,
    ),
    "lend_to": Setting(
        lambda: "anybody", _borrowers, "whose steps this peer runs: anybody, named or nobody"
    ),
    "lend_jobs": Setting(
        lambda: str(os.cpu_count() or 1), _count, "steps of others that run at the same time"
    ),
    "lend_memory": Setting(
        lambda: f"{os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE') // 2}B",
        _size,
        "memory that steps of others may use together",
        show=_sized,
    ),
    "lend_disk": Setting(
        lambda: "20GiB", _size, "disk that others may use, with what is cached", show=_sized
    ),
    "prices": Setting(
        lambda: "", _prices, "what others pay this peer, in credits: NAME=C,NAME=C", show=_priced
    ),
    "newcomer_limit": Setting(
        lambda: "1", _credits, "what a peer that never paid back may owe, in credits", _in_credits
    ),
    "strangers_limit": Setting(
        lambda: "100", _credits, "what all such peers together may owe, in credits", _in_credits
    ),
    "limit_growth": Setting(
        lambda: "50", _percent, "percent of what it has paid back that it may owe besides"
    ),
    "limit_most": Setting(
        lambda: "100", _credits, "what any peer may owe at most, in credits", _in_credits
    ),
    "max_cost": Setting(
        lambda: "1", _credits, "what a run on peers may cost at most, in credits", _in_credits
    ),
    "builders": Setting(
        lambda: "0",
        _builders,
        "builders you named that must agree on an environment that was not built here",
    ),
    "trust": Setting(
        lambda: "",
        _trust,
        "when a result of a peer is believed: any, own, audit, or how many agree, as 2/3; else as "
        "the workflow says, or audit",
    ),
}


def parse(name: str, text: str, origin: str) -> Any:  # noqa: ANN401 - each setting has its type
    """Return the value of a setting, which is known, from its text.

    Raises: Refused when it cannot have that value; `origin` is where the text stands.
    """
    try:
        return SETTINGS[name].read(text)
    except (ValueError, Refused) as error:
        fix = (error.fix if isinstance(error, Refused) else "") or "give another"
        raise Refused(
            f"setting '{name}' cannot be '{text}': {error}",
            where=origin,
            fix=f"{fix.removesuffix('?')}; it is {SETTINGS[name].summary}",
        ) from None


def known(name: str) -> str:
    """Return which settings there are, to somebody who named one that is not."""
    from engine.workflow.names import did_you_mean

    return did_you_mean(name, SETTINGS, f"known: {', '.join(SETTINGS)}")
