"""Settings: built-in < config file < environment < flags, and where each value came from.

The config file is TOML in the XDG config directory, `tallystick/config.toml`; the environment's
names are `TALLY_` and the setting in capitals.
"""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import platformdirs

from engine.errors import Refused, Unavailable
from engine.values import dataclass

OUTPUTS: Final = ("table", "json")
BORROWERS: Final = ("anybody", "named", "nobody")  # whom a peer runs steps for
LAST_PORT: Final = 2**16 - 4  # of a peer's address: the three after it are used, too
MAX_JOBS: Final = 4096  # each slot is a process that is kept warm
MAX_GROWTH: Final = 100  # percent: above, who paid back one credit would be lent two


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its default as text, how its text is read, and what it is for."""

    default: Callable[[], str]
    read: Callable[[str], Any]
    summary: str
    show: Callable[[Any], str] = str


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from."""

    value: Any
    origin: str


def _count(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= MAX_JOBS:
        raise ValueError(f"not a number from 1 to {MAX_JOBS}")
    return int(text)


def _output(text: str) -> str:
    if text not in OUTPUTS:
        raise ValueError("not table or json")
    return text


def _borrowers(text: str) -> str:
    if text not in BORROWERS:
        raise ValueError(f"not {', '.join(BORROWERS[:-1])} or {BORROWERS[-1]}")
    return text


def _place(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise ValueError(f"not HOST:PORT, with a port up to {LAST_PORT}")
    return text


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
    "listen": Setting(lambda: "0.0.0.0:4177", _place, "where 'tally peer start' listens"),
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
        lambda: "", _prices, "what others pay this peer, in credits: NAME=C, ...", show=_priced
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
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one command, ready for use."""

    home: Path
    output: str
    jobs: int
    memory: int  # bytes
    environment_quota: int  # bytes
    listen: str  # HOST:PORT
    lend_to: str
    lend_jobs: int
    lend_memory: int  # bytes
    lend_disk: int  # bytes
    prices: dict[str, int]  # micro-credits
    newcomer_limit: int  # micro-credits
    strangers_limit: int  # micro-credits
    limit_growth: int  # percent
    limit_most: int  # micro-credits
    max_cost: int  # micro-credits

    @property
    def json(self) -> bool:
        """Whether results are printed as JSON."""
        return self.output == "json"


def settle(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Return the settings that hold for one command.

    Raises: Refused as `load` does.
    """
    return Settings(**{name: found.value for name, found in load(flags, environ).items()})


def config_file() -> Path:
    """Return where the config file is, or would be."""
    return Path(platformdirs.user_config_dir("tallystick")) / "config.toml"


def load(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Value]:
    """Return every setting with its origin.

    Raises: Refused for a config file or a value that cannot be read, with where it stands.
    """
    path = config_file()
    stored = _read_file(path)
    return {name: _value(name, flags, environ, stored, path) for name in SETTINGS}


def _value(
    name: str,
    flags: Mapping[str, str | None],
    environ: Mapping[str, str],
    stored: Mapping[str, str],
    path: Path,
) -> Value:
    setting, variable = SETTINGS[name], f"TALLY_{name.upper()}"
    flag = flags.get(name)
    if flag is not None:
        text, origin = flag, f"--{name.replace('_', '-')}"
    elif environ.get(variable):
        text, origin = environ[variable], variable
    elif name in stored:
        text, origin = stored[name], str(path)
    else:
        text, origin = setting.default(), "built-in"
    return Value(_parse(name, text, origin), origin)


def _parse(name: str, text: str, origin: str) -> Any:  # noqa: ANN401 - each setting has its type
    try:
        return SETTINGS[name].read(text)
    except (ValueError, Refused) as error:
        raise Refused(
            f"setting '{name}' cannot be '{text}': {error}",
            where=origin,
            fix=f"give another; it is {SETTINGS[name].summary}",
        ) from None


def _read_file(path: Path) -> dict[str, str]:
    try:
        data = _toml(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        what = f"the config file cannot be read: {error.strerror}"
        raise Unavailable(what, where=str(path), fix="make it readable, or delete it") from None
    for name in data:
        if name not in SETTINGS:
            raise Refused(f"no setting '{name}'", where=str(path), fix=_known(name))
    return {name: _as_text(value) for name, value in data.items()}


def _as_text(value: object) -> str:
    """Return a value of the file as it would be given on the command line."""
    if isinstance(value, dict):  # [prices]
        return ", ".join(f"{name}={one}" for name, one in value.items())
    return str(value)


def _known(name: str) -> str:
    from engine.workflow.names import did_you_mean

    return did_you_mean(name, SETTINGS, f"known: {', '.join(SETTINGS)}")


def _toml(text: bytes, path: Path) -> dict[str, Any]:
    import tomllib  # most have no config file

    try:
        return tomllib.loads(text.decode())
    except (ValueError, RecursionError) as error:  # a number can be too long for Python
        what = f"the config file is not TOML: {error}"
        raise Refused(what, where=str(path), fix="mend it, or delete it") from None


def store(name: str, value: str | None) -> None:
    """Write one setting to the config file, or remove it with None; the others stay.

    Raises: Refused when there is no such setting, or it does not take the value.
    """
    if name not in SETTINGS:
        raise Refused(f"no setting '{name}'", fix=_known(name))
    path = config_file()
    stored = _read_file(path)
    if value is None:
        stored.pop(name, None)
    elif not value.isprintable():  # no TOML could hold half a character
        raise Refused(f"setting '{name}' cannot hold such text", fix="leave out what is invisible")
    else:
        _parse(name, value, "the command line")
        stored[name] = value
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    # A TOML basic string is written as a JSON string (https://toml.io/en/v1.0.0#string), but for
    # what JSON would write as two escapes.
    lines = (f"{key} = {json.dumps(text, ensure_ascii=False)}\n" for key, text in stored.items())
    fresh.write_text("".join(lines), encoding="utf-8")
    fresh.replace(path)
