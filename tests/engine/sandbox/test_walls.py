"""Which arguments make the walls: every defence is on unless a test takes it away."""

import pytest

from engine.sandbox import walls
from engine.sandbox.walls import Defences, Room

ROOM = Room("/work/farm", "/work/in/1", "/scratch", True, "/nix/store/x/bin/sh", (("PATH", "/b"),))
PROMISED = (
    *("--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts"),
    *("--unshare-cgroup", "--disable-userns", "--new-session", "--die-with-parent", "--clearenv"),
)


@pytest.mark.parametrize("option", PROMISED)
def test_every_promised_option_is_there(option: str) -> None:
    """Namespaces are named one by one: --unshare-all goes without what it cannot have."""
    assert option in walls.arguments(ROOM)
    assert "--unshare-all" not in walls.arguments(ROOM)
    assert not [word for word in walls.arguments(ROOM) if word.endswith("-try")]


@pytest.mark.parametrize("field", Defences._fields)
def test_taking_a_defence_away_changes_something(field: str) -> None:
    """Each field stands for arguments, and is on unless said otherwise."""
    assert getattr(walls.ALL, field) is True
    assert walls.arguments(ROOM, Defences(**{field: False})) != walls.arguments(ROOM)


def test_one_bind_whatever_the_closure_and_the_inputs() -> None:
    """Bubblewrap's time grows with the square of its binds, so there is a fixed number."""
    words = walls.arguments(ROOM)
    assert sum(word in ("--bind", "--ro-bind") for word in words) == 7


def test_nothing_but_the_scratch_can_be_written() -> None:
    """Read-write binds have their source on the scratch."""
    words = walls.arguments(ROOM)
    sources = [words[at + 1] for at, word in enumerate(words) if word == "--bind"]
    assert all(source.startswith("/scratch/") for source in sources)


def test_the_root_is_closed_last() -> None:
    """After --remount-ro / nothing can be put into the root directory."""
    assert walls.arguments(ROOM)[-4:] == ("--remount-ro", "/dev", "--remount-ro", "/")


def test_a_room_with_nothing_in_it() -> None:
    """Without inputs /in is an empty directory; without a shell there is no /bin."""
    words = walls.arguments(Room("/work/farm", None, "/scratch", False, None, ()))
    assert words[words.index("--dir") : words.index("--dir") + 2] == ("--dir", "/in")
    assert "/bin/sh" not in words
    assert "/.script" not in words
