"""Installed wheels as one prefix."""

from pathlib import Path

import pytest

from engine.wheels.inside import tree
from engine.wheels.inside.refusal import Refusal

SITE = "lib/python3.11/site-packages"


def prefix(root: Path, label: str, files: dict[str, str]) -> str:
    """Write an installed wheel."""
    for name, text in files.items():
        path = root / label / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return str(root / label)


def merged(root: Path, **wheels: dict[str, str]) -> dict[str, str]:
    """Return the whole of these wheels: path -> content."""
    found = tree.merge({name: prefix(root, name, files) for name, files in wheels.items()}, SITE)
    return {path: Path(source).read_text() for path, source in found.items()}


def test_a_directory_may_be_of_several_wheels(tmp_path: Path) -> None:
    """A namespace package, or a plugin in another package's directory."""
    one, other = {f"{SITE}/ns/a.py": "a"}, {f"{SITE}/ns/b.py": "b"}
    assert merged(tmp_path, one=one, other=other) == {**one, **other}


def test_the_same_file_may_be_in_two_wheels(tmp_path: Path) -> None:
    """As the __init__.py of an old namespace package."""
    same = {f"{SITE}/ns/__init__.py": ""}
    assert merged(tmp_path, one=same, other=same) == same


@pytest.mark.parametrize(
    ("one", "other", "what"),
    [
        ({f"{SITE}/cv2.py": "1"}, {f"{SITE}/cv2.py": "2"}, "cv2.py' is in one too"),
        ({"bin/run": "1"}, {"bin/run": "2"}, "'bin/run' is in one too"),
        ({f"{SITE}/a": "1"}, {f"{SITE}/a/b.py": "2"}, "is a file, and a directory in other"),
    ],
)
def test_two_files_for_one_place_are_refused(
    tmp_path: Path, one: dict[str, str], other: dict[str, str], what: str
) -> None:
    """With both wheels: which one is meant, only the author knows."""
    with pytest.raises(Refusal) as error:
        merged(tmp_path, one=one, other=other)
    assert what in error.value.what


def test_tests_that_were_packed_by_mistake_do_not_clash(tmp_path: Path) -> None:
    """A top-level `tests` is never what is meant: the first in the order of names stays."""
    path = f"{SITE}/tests/__init__.py"
    assert merged(tmp_path, b={path: "2"}, a={path: "1"}) == {path: "1"}


def test_scripts_get_their_python_and_files_are_links(tmp_path: Path) -> None:
    """Only what says #!python is written anew."""
    files = {"bin/run": "#!python\nx\n", "bin/pythonic": "#!pythonic\n", "share/x": "x"}
    found = tree.merge({"one": prefix(tmp_path, "one", files)}, SITE)
    tree.write(found, str(tmp_path / "out"), "/nix/store/x/bin/python3")
    assert (tmp_path / "out/bin/run").read_text() == "#!/nix/store/x/bin/python3\nx\n"
    assert (tmp_path / "out/bin/pythonic").is_symlink()
    assert (tmp_path / "out/share/x").readlink() == tmp_path / "one/share/x"
