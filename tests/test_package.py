"""The package: what pyproject.toml says of it, beside the files that there are."""

import tomllib
from fnmatch import fnmatch
from pathlib import Path

ROOT = Path(__file__).parents[1]
SETUPTOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]


def _files() -> list[Path]:
    found = [path for top in ("cli", "engine", "peers") for path in (ROOT / top).rglob("*")]
    files = [path for path in found if path.is_file() and path.parent.name != "__pycache__"]
    return [path.relative_to(ROOT) for path in files]


def test_every_folder_is_a_package() -> None:
    """Folders of data are listed too: setuptools would drop them from a wheel one day."""
    folders = {".".join(path.parent.parts) for path in _files()}
    included = SETUPTOOLS["packages"]["find"]["include"]
    assert not [one for one in folders if not any(fnmatch(one, pattern) for pattern in included)]


def test_every_file_of_data_is_in_the_package() -> None:
    """What is no module is matched by a pattern of its package."""
    patterns = [
        f"{package.replace('.', '/')}/{pattern}"
        for package, some in SETUPTOOLS["package-data"].items()
        for pattern in some
    ]
    data = [path for path in _files() if path.suffix != ".py"]
    left = [path for path in data if not any(fnmatch(str(path), pattern) for pattern in patterns)]
    assert not left
