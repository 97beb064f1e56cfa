"""The part of the JSON Schema that is about `inputs` and `environments`. Pure."""

from typing import Final

from engine.workflow.environment_sources import (
    ATTRIBUTE,
    DERIVATION,
    LIBRARY,
    MAX_OPTIONS,
    PART,
    STORE_PATH,
)
from engine.workflow.schema_terms import (
    CID,
    FOREIGN_CID,
    TEXT,
    Schema,
    closed,
    list_of,
    matching,
    said,
)
from engine.workflow.sources import MAX_PATTERNS, SHARES

_ADDRESS: Final = "bafkr4icj3sdq34o6p7lapfgoxtset5om3lsxll72uz5cjnrkzmb6aoo3si"
_OF_OTHERS: Final = "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"


def an_input() -> Schema:
    """Return the schema of one input."""
    share = said(
        "Whom it, and what is made from it, may be sent to.", {"enum": list(SHARES)}, default="any"
    )
    path = said("A file or directory, relative to this file, read anew at each run.", TEXT, "./src")
    ignore = said(
        "Names that a directory leaves out, besides .git and __pycache__.",
        list_of(TEXT, MAX_PATTERNS),
        ["*.bak", "notes"],
    )
    address = said("Content by its address, here or on IPFS.", FOREIGN_CID, _ADDRESS, _OF_OTHERS)
    url = said("Fetched once and checked.", matching("https?://.+"), "https://example.org/data.csv")
    checksum = said("What sha256sum prints for the file.", matching("[0-9a-fA-F]{64}"))
    forms = [
        path,
        closed({"path": path, "ignore": ignore, "share": share}, "path"),
        closed({"cid": address, "share": share}, "cid"),
        closed({"url": url, "sha256": checksum, "share": share}, "url", "sha256"),
    ]
    what = "A path from this file, or a map with `path`, `cid`, or `url` and `sha256`."
    return said(what, {"anyOf": forms}, "./src", {"path": "./notes", "ignore": ["*.bak"]})


def an_environment() -> Schema:
    """Return the schema of one environment."""
    python = said("The environment whose Python it is for.", {"anyOf": _made_by_nix()})
    parts, libraries = (list_of(matching(one), MAX_OPTIONS) for one in (PART, LIBRARY))
    lock = closed(
        {
            "requirements": said(
                "A lock file of Python packages with hashes: requirements.txt, uv.lock or "
                "pylock.toml, relative to this file.",
                TEXT,
                "requirements.txt",
            ),
            "python": python,
            "extras": said("Extras of the project.", parts, ["plots"]),
            "groups": said("Dependency groups of the project.", parts, ["dev"]),
            "without": said("Shared libraries that may be missing.", libraries, ["libtbb.so.12"]),
        },
        "requirements",
    )
    what = "What it is made from: `nix`, `flake`, `store`, `drv`, `cid` or `requirements`."
    examples = ({"nix": "./env/default.nix", "attribute": "env-numpy"}, {"requirements": "uv.lock"})
    return said(what, {"anyOf": [*_made_by_nix(), lock]}, *examples)


def _made_by_nix() -> list[Schema]:
    nix = said("A file of Nix, relative to this file.", TEXT, "./env/default.nix")
    attribute = said("Which of its values; without, all of it.", matching(ATTRIBUTE), "env-numpy")
    flake = said("An output of a flake.", matching(r"[^\s-]\S*"), "nixpkgs/<rev>#python312")
    store = said("A path in the Nix store.", matching(STORE_PATH))
    derivation = said("A derivation; `!bin,dev` after it names outputs.", matching(DERIVATION))
    address = said("One that was published: no Nix is needed.", CID)
    return [
        closed({"nix": nix, "attribute": attribute}, "nix"),
        closed({"flake": flake}, "flake"),
        closed({"store": store}, "store"),
        closed({"drv": derivation}, "drv"),
        closed({"cid": address}, "cid"),
    ]
