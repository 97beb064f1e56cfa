"""Which store paths two closures do not share, by the names of packages."""

import pytest

from engine.nix.pathchanges import PathChange, PathChanges, in_words, package, path_changes
from engine.nix.records import Closure, ClosurePath


def base(digit: str, name: str) -> str:
    """Return the base name of a store path."""
    return f"{digit * 32}-{name}"


def closure(*names: str, content: str = "a") -> Closure:
    """Return a closure of these store paths."""
    paths = [ClosurePath(name, content.encode() * 32, 1, ()) for name in sorted(names)]
    return Closure("/nix/store", "x86_64-linux", (paths[0].name,), (), tuple(paths))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("numpy-2.2.6", "numpy"),
        ("env-sh", "env-sh"),
        ("python3.11-numpy-1.26", "python3.11-numpy"),
        ("glibc-2.36-9", "glibc"),
        ("tools", "tools"),
    ],
)
def test_a_version_begins_with_a_digit(name: str, expected: str) -> None:
    """After a dash, as Nix has it."""
    assert package(name) == expected


def test_a_package_of_another_version_has_changed() -> None:
    """What is in both closures is not named."""
    was = closure(base("1", "numpy-1.26.4"), base("2", "libc-2.36"))
    now = closure(base("3", "numpy-2.0.1"), base("2", "libc-2.36"))
    found = path_changes(was, now)
    change = PathChange(base("1", "numpy-1.26.4"), base("3", "numpy-2.0.1"), same_content=True)
    assert found == PathChanges((), (), (change,))
    assert in_words(change) == "numpy-1.26.4 → numpy-2.0.1"


def test_packages_come_and_go() -> None:
    """What has no counterpart is new, or gone."""
    was = closure(base("1", "a-1"), base("2", "b-1"))
    now = closure(base("1", "a-1"), base("3", "c-1"), base("4", "d-1"))
    found = path_changes(was, now)
    assert found.added == (base("3", "c-1"), base("4", "d-1"))
    assert (found.removed, found.changed) == ((base("2", "b-1"),), ())


def test_the_same_version_made_anew_says_whether_it_is_the_same() -> None:
    """The digests tell them apart; the content may be equal all the same."""
    was = closure(base("1", "a-1"))
    (same,) = path_changes(was, closure(base("2", "a-1"))).changed
    (other,) = path_changes(was, closure(base("2", "a-1"), content="b")).changed
    assert in_words(same) == "a-1: 11111111… → 22222222…, the same content"
    assert in_words(other) == "a-1: 11111111… → 22222222…, other content"


def test_two_of_one_package_are_told_by_their_versions() -> None:
    """As many before as after: each becomes its neighbour in order; else they come and go."""
    was = closure(base("1", "llvm-14"), base("2", "llvm-15"))
    now = closure(base("3", "llvm-14"), base("4", "llvm-16"))
    words = [in_words(change) for change in path_changes(was, now).changed]
    assert words == ["llvm-14: 11111111… → 33333333…, the same content", "llvm-15 → llvm-16"]
    found = path_changes(was, closure(base("3", "llvm-16")))
    assert (len(found.removed), len(found.added), found.changed) == (2, 1, ())
