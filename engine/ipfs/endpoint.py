"""Endpoint: where the IPFS node of this machine listens. Pure, but it reads the files that say so.

What a person named comes first, then what the node's own folder says, then the default.

>>> place_of("http://127.0.0.1:5001")
'/ip4/127.0.0.1/tcp/5001/http'
"""

import ipaddress
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from engine.errors import Refused

DEFAULT: Final = "/ip4/127.0.0.1/tcp/5001"
GATEWAY: Final = "http://127.0.0.1:8080"  # by default
NONE: Final = "none"  # no node is to be asked, though there is one
FOLDER: Final = ".ipfs"  # in a person's home, unless IPFS_PATH names another
MAX_PLACE: Final = 1024  # characters: a multiaddress of one host

_MULTIADDRESS: Final = re.compile(
    r"/(?:ip4|ip6|dns|dns4|dns6)/[0-9A-Za-z.:_-]+/tcp/[0-9]{1,5}(?:/https?)?"
)
_URL: Final = re.compile(r"http://[0-9A-Za-z.\[\]:-]+")
_FIX: Final = f"write a multiaddress as {DEFAULT}, a URL as http://127.0.0.1:5001, or '{NONE}'"


def find(named: str, environ: Mapping[str, str], home: Path) -> str:
    """Return the multiaddress of the RPC API; "" when none is to be asked.

    Raises: Refused when what a person named is no address.
    """
    if named == NONE:
        return ""
    if named:
        return place_of(named)
    said = _said("api", environ, home)
    return said if _MULTIADDRESS.fullmatch(said) else DEFAULT


def gateway(environ: Mapping[str, str], home: Path) -> str:
    """Return the URL of the node's gateway."""
    said = _said("gateway", environ, home)
    return said if _URL.fullmatch(said) else GATEWAY


def place_of(text: str) -> str:
    """Return a multiaddress or a URL as a multiaddress.

    Raises: Refused for anything else.
    """
    if len(text) <= MAX_PLACE and _MULTIADDRESS.fullmatch(text):
        return text
    try:
        url = urlsplit(text)
        host, port = url.hostname, url.port or 5001
    except ValueError:
        host, port, url = None, 0, urlsplit("")
    if url.scheme not in {"http", "https"} or not host or url.path.strip("/") or url.username:
        raise Refused(f"no address of an IPFS node: {text[:80]!r}", fix=_FIX)
    return f"/{_family(host)}/{host}/tcp/{port}/{url.scheme}"


def _said(name: str, environ: Mapping[str, str], home: Path) -> str:
    """Return what a file of the node's folder says; "" when it says nothing."""
    folder = Path(environ.get("IPFS_PATH") or home / FOLDER)
    try:
        with (folder / name).open(encoding="utf-8") as file:
            return file.read(MAX_PLACE).strip()
    except (OSError, ValueError):  # it does not run, or never has
        return ""


def _family(host: str) -> str:
    try:
        return f"ip{ipaddress.ip_address(host).version}"
    except ValueError:
        return "dns"
