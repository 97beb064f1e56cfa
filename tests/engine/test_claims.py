"""Claims between processes."""

import subprocess
import sys
from pathlib import Path

import pytest

from engine.claims import Claims

HOLD = """
import sys
from pathlib import Path
from engine.claims import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.take(b"key"), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the claims of a home are."""
    return tmp_path / "claims"


def test_a_key_is_had_once(path: Path) -> None:
    """A second process does not get a claimed key before it is given back."""
    one, two = Claims(path), Claims(path)

    assert one.take(b"key")
    assert not two.take(b"key")
    assert two.take(b"other")
    one.release(b"key")
    assert two.take(b"key")


def test_a_process_is_in_its_own_way(path: Path) -> None:
    """The same process does not get a key twice either."""
    claims = Claims(path)

    assert claims.take(b"key")
    assert not claims.take(b"key")
    assert not claims.is_free(b"key")


def test_it_is_known_that_somebody_waits(path: Path) -> None:
    """Whoever has a key can see that another process wants it; its own wish does not count."""
    one, two = Claims(path), Claims(path)
    one.take(b"key")
    one.await_release(b"key")

    assert not one.is_awaited(b"key")
    two.await_release(b"key")
    assert one.is_awaited(b"key")
    two.stop_waiting(b"key")
    assert not one.is_awaited(b"key")


def test_the_dead_have_no_claims(path: Path) -> None:
    """Kill -9 gives everything back; nothing is left to be removed."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "True\n"
        claims = Claims(path)

        assert not claims.is_free(b"key")
        process.kill()
        process.wait()
        assert claims.is_free(b"key")
        assert claims.take(b"key")
