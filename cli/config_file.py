"""The config file: TOML in the XDG config directory, `tallystick/config.toml`; read, and written.

>>> store("jobs", "3")                                                   # doctest: +SKIP
>>> read_config(config_path())                                           # doctest: +SKIP
{'jobs': '3'}
"""

import json
from pathlib import Path
from typing import Any

import platformdirs

from cli.setting_kinds import SETTINGS, known, parse
from engine.errors import Refused, Unavailable


def config_path() -> Path:
    """Return where the config file is, or would be."""
    return Path(platformdirs.user_config_dir("tallystick")) / "config.toml"


def read_config(path: Path) -> dict[str, str]:
    """Return the settings in a config file as text; none when there is no such file.

    Raises: Refused for what is no config file, or has a setting that there is not; Unavailable.
    """
    try:
        data = _toml(path.read_bytes(), path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        what = f"the config file cannot be read: {error.strerror}"
        raise Unavailable(what, where=str(path), fix="make it readable, or delete it") from None
    for name in data:
        if name not in SETTINGS:
            raise Refused(f"no setting '{name}'", where=str(path), fix=known(name))
    return {name: _as_text(value) for name, value in data.items()}


def _as_text(value: object) -> str:
    """Return a value of the file as it would be given on the command line."""
    if isinstance(value, dict):  # [prices]
        return ", ".join(f"{name}={one}" for name, one in value.items())
    return str(value)


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
        raise Refused(f"no setting '{name}'", fix=known(name))
    path = config_path()
    stored = read_config(path)
    if value is None:
        stored.pop(name, None)
    elif not value.isprintable():  # no TOML could hold half a character
        raise Refused(f"setting '{name}' cannot hold such text", fix="leave out what is invisible")
    else:
        parse(name, value, "the command line")
        stored[name] = value
    _write(stored, path)


def _write(stored: dict[str, str], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    # A TOML basic string is written as a JSON string (https://toml.io/en/v1.0.0#string), but for
    # what JSON would write as two escapes.
    lines = (f"{key} = {json.dumps(text, ensure_ascii=False)}\n" for key, text in stored.items())
    fresh.write_text("".join(lines), encoding="utf-8")
    fresh.replace(path)
