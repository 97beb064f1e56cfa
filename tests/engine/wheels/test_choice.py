"""Which wheel an interpreter gets, and why it gets none."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from packaging.tags import Tag

from engine.errors import Refused
from engine.wheels.absence import Answer, absent
from engine.wheels.choice import best, check_file, choose
from engine.wheels.interpreter import Interpreter
from engine.wheels.pinned import Pinned, WheelFile
from tests.engine.wheels.locks import DEBIAN

A = "a" * 64
BEST_FIRST = [
    "six-1.0-2-cp311-cp311-manylinux_2_28_x86_64.whl",
    "six-1.0-cp311-cp311-manylinux_2_28_x86_64.whl",
    "six-1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
    "six-1.0-cp311-abi3-manylinux2014_x86_64.whl",
    "six-1.0-cp38-abi3-manylinux2014_x86_64.whl",
    "six-1.0-py3-none-manylinux1_x86_64.whl",
    "six-1.0-py3-none-any.whl",
]
USELESS = [
    "six-1.0-cp312-cp312-manylinux_2_28_x86_64.whl",
    "six-1.0-cp311-cp311-manylinux_2_39_x86_64.whl",
    "six-1.0-cp311-cp311-musllinux_1_2_x86_64.whl",
    "six-1.0-cp311-cp311-manylinux_2_28_aarch64.whl",
    "six-1.0-cp311-cp311-win_amd64.whl",
    "six-1.0-cp311-cp311t-manylinux_2_28_x86_64.whl",
]


def pinned(*names: str) -> Pinned:
    """Return a package with these wheels."""
    return Pinned("six", "1.0", "lock:7", files=tuple(WheelFile(name, A) for name in names))


@settings(deadline=None, max_examples=40)
@given(st.permutations([*BEST_FIRST, *USELESS]))
def test_the_best_tag_wins_whatever_the_order(names: list[str]) -> None:
    """The newest glibc that is there, own binary interface before stable before none."""
    files = list(names)
    for expected in BEST_FIRST:
        found = best(tuple(WheelFile(name, A) for name in files), DEBIAN)
        assert found is not None
        assert found.name == expected
        files.remove(expected)
    assert best(tuple(WheelFile(name, A) for name in files), DEBIAN) is None


def test_a_free_threaded_python_gets_its_own_wheels() -> None:
    """Its binary interface has another tag."""
    free = Interpreter("3.13.1", (2, 36), free_threaded=True)
    tags = free.tags()
    assert Tag("cp313", "cp313t", "manylinux_2_36_x86_64") in tags
    assert not any(tag.abi in ("cp313", "abi3") for tag in tags)


@pytest.mark.parametrize(
    ("names", "what", "fix"),
    [
        (USELESS[:1], "its wheels are for cp312", "lock for Python 3.11"),
        (USELESS[1:2], "with glibc 2.36; its wheels are for manylinux_2_39", "newer glibc"),
        (USELESS[2:3], "its wheels are for musllinux", "lock it for Linux x86_64"),
        (USELESS[3:5], "its wheels are for manylinux_2_28_aarch64, win_amd64", "Linux x86_64"),
        ([], "a source distribution only", "lock a version that has wheels"),
    ],
)
def test_why_there_is_no_wheel(names: list[str], what: str, fix: str) -> None:
    """Another Python, an older glibc, another platform, a source: each with its way out."""
    package = Pinned("six", "1.0", "lock:7", tuple(WheelFile(n, A) for n in names), (), True)
    with pytest.raises(Refused) as error:
        choose(package, DEBIAN)
    assert what in error.value.what
    assert error.value.where == "lock:7"
    assert fix in error.value.fix


@pytest.mark.parametrize("package", [Pinned("six", "1.0", "lock:7"), pinned(BEST_FIRST[0])])
def test_a_missing_hash_is_refused(package: Pinned) -> None:
    """Of the package, or of the file that is chosen."""
    bare = tuple(WheelFile(file.name, "") for file in package.files)
    with pytest.raises(Refused, match=r"six 1\.0 has no hash") as error:
        choose(Pinned("six", "1.0", "lock:7", bare), DEBIAN)
    assert error.value.where == "lock:7"


def test_of_several_hashes_the_lock_does_not_say() -> None:
    """One hash is the wheel; of two an index must say."""
    one = choose(Pinned("six", "1.0", "lock:7", hashes=(A,)), DEBIAN)
    assert one is not None
    assert (one.label, one.sha256) == ("six-1.0", A)
    assert choose(Pinned("six", "1.0", "lock:7", hashes=(A, "b" * 64)), DEBIAN) is None


@pytest.mark.parametrize(
    "file", ["sax-1.0-py3-none-any.whl", "six-1.1-py3-none-any.whl", "six.whl", USELESS[0]]
)
def test_a_file_that_is_not_what_was_asked_for_is_refused(file: str) -> None:
    """Another package, another version, no wheel, another Python."""
    with pytest.raises(Refused):
        check_file(pinned(), file, DEBIAN)
    check_file(pinned(), BEST_FIRST[0], DEBIAN)


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({"six-1.0.tar.gz", "six-0.9-py3-none-any.whl"}, "a source distribution only"),
        ({USELESS[0], "six-1.0.tar.gz"}, "its wheels are for cp312"),
        ({USELESS[0], BEST_FIRST[1]}, f"no hash of six 1.0 in the lock is of {BEST_FIRST[1]}"),
        (set(), "pip cannot fetch six 1.0: no route"),
        ({"other-1.0.tar.gz"}, "pip cannot fetch six 1.0: no route"),
    ],
)
def test_what_pip_passed_over_says_why(files: set[str], what: str) -> None:
    """From the names of the files that its index has."""
    error = absent(pinned(), DEBIAN, Answer("no route", frozenset(files)))
    assert what in error.what
    assert error.where == "lock:7"
    assert error.fix
