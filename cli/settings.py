"""Settings: built-in < config file < environment < flags, and where each value came from.

The environment's names are `TALLY_` and the setting in capitals.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cli.config_file import config_path, read_config
from cli.setting_kinds import SETTINGS, parse
from engine.values import dataclass, replace


@dataclass(frozen=True, slots=True)
class Value:
    """A setting's value and where it came from."""

    value: Any
    origin: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one command, ready for use."""

    home: Path
    output: str
    jobs: int
    memory: int  # bytes
    environment_quota: int  # bytes
    sources: tuple[str, ...]  # of content that is not here, in their order
    listen: str  # HOST:PORT
    ipfs: str  # the address of an IPFS node's API, "none", or "" for where it says that it is
    network: str  # "" for none
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
    trust: str  # when results of peers are believed (engine/trust/policy.py); "" is not said

    @property
    def json(self) -> bool:
        """Whether results are printed as JSON."""
        return self.output == "json"

    def offline(self) -> "Settings":
        """Return these for a command that opens no socket for content."""
        return replace(self, sources=())


def settle(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> Settings:
    """Return the settings that hold for one command.

    Raises: Refused as `load` does.
    """
    found = load(flags, environ)  # some are asked for by `unflagged` alone
    return Settings(**{name: found[name].value for name in Settings.__annotations__})


def load(flags: Mapping[str, str | None], environ: Mapping[str, str]) -> dict[str, Value]:
    """Return every setting with its origin.

    Raises: Refused for a config file or a value that cannot be read, with where it stands.
    """
    path = config_path()
    stored = read_config(path)
    return {name: _value(name, flags, environ, stored, path) for name in SETTINGS}


def unflagged(name: str) -> Any:  # noqa: ANN401 - each setting has its type
    """Return a setting that no flag gives.

    Raises: as `load`.
    """
    return load({}, os.environ)[name].value


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
    return Value(parse(name, text, origin), origin)
