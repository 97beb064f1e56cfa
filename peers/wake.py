"""Wake: how other threads have something done in the node's. The type alone."""

from collections.abc import Callable
from typing import TypeAlias

Wake: TypeAlias = Callable[[Callable[[], None]], None]  # to be called from any thread
