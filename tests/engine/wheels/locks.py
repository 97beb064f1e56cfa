"""Lock files that real tools wrote, for one project: pandas and tqdm, an extra and a group."""

from pathlib import Path

from engine.wheels.interpreter import OWN, Interpreter
from engine.wheels.lockfile import read
from engine.wheels.pinned import Selection

LOCKS = Path(__file__).parents[2] / "vectors/locks"
DEBIAN = OWN
NEWER = Interpreter("3.13.1", (2, 40))
REAL = (
    "pip-compile.txt",
    "uv-pip-compile.txt",
    "uv-export.txt",
    "uv.lock",
    "pylock.pip.toml",
    "pylock.uv.toml",
)


def text_of(name: str) -> str:
    """Return one of the real lock files."""
    return (LOCKS / name).read_text()


def select(
    text: str,
    name: str = "requirements.txt",
    interpreter: Interpreter = DEBIAN,
    extras: tuple[str, ...] = (),
    groups: tuple[str, ...] | None = None,
) -> Selection:
    """Read a lock file."""
    return read(text, name, interpreter, extras, groups)


def names(selection: Selection) -> dict[str, str]:
    """Return the version of each package."""
    return {package.name: package.version for package in selection.packages}
