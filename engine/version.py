"""Version: of this program, as pyproject.toml has it. A test holds the two together."""

from typing import Final

VERSION: Final = "0.1.0"
