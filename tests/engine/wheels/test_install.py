"""Installing a wheel: where its files go, what is made besides, and what is refused.

The builder is called here by this Python; that Nix's builds call it so is in test_assemble.
"""

import csv
import hashlib
import importlib.metadata
import shutil
import stat
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from engine.wheels.inside import contents
from engine.wheels.inside.install import install, layout
from engine.wheels.inside.refusal import Refusal
from tests.fakes import wheels

SITE = layout().site
EVERYTHING = {
    "greet/__init__.py": "def main():\n    print('hello')\n",
    "greet/data.txt": "data",
    "greet/tool": "#!/bin/sh\n",
    "greet/for_python_4.py": "def f(:\n",
    "greet-1.0.data/purelib/pure.py": "",
    "greet-1.0.data/platlib/plat.py": "",
    "greet-1.0.data/scripts/run": "#!python -I\nimport greet\n",
    "greet-1.0.data/scripts/other": "#!/bin/sh\necho\n",
    "greet-1.0.data/data/share/greet/x": "x",
    "greet-1.0.data/headers/greet.h": "h",
}
ENTRY_POINTS = """\
[console_scripts]
greet = greet:main
Greet.deep-1 = greet.sub : Class.method [extra]
[gui_scripts]
greet-window = greet:main
[other]
x = y
"""


def put(tmp_path: Path, wheel: Path, out: str = "out") -> Path:
    """Install a wheel; return the prefix."""
    install(str(wheel), wheel.name.split("-py3")[0], str(tmp_path / out))
    return tmp_path / out


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """Return the prefix of a wheel that has one of everything."""
    made = wheels.make(
        tmp_path, files=EVERYTHING, entry_points=ENTRY_POINTS, executable=("greet/tool",)
    )
    return put(tmp_path, made)


def test_files_go_where_pip_puts_them(prefix: Path) -> None:
    """Packages together, data below the prefix, scripts in bin, headers by project."""
    found = {str(path.relative_to(prefix)) for path in prefix.rglob("*") if path.is_file()}
    info = f"{SITE}/greet-1.0.dist-info"
    expected = {
        f"{SITE}/greet/__init__.py", f"{SITE}/greet/data.txt", f"{SITE}/greet/tool",
        f"{SITE}/greet/for_python_4.py", f"{SITE}/pure.py", f"{SITE}/plat.py",
        "bin/run", "bin/other", "bin/greet", "bin/Greet.deep-1", "bin/greet-window",
        "share/greet/x", f"{layout().headers}/greet/greet.h",
        *(f"{info}/{name}" for name in ("METADATA", "WHEEL", "RECORD", "INSTALLER")),
        f"{info}/entry_points.txt",
    }  # fmt: skip
    assert {path for path in found if "__pycache__" not in path} == expected


def test_scripts_wait_for_their_python(prefix: Path) -> None:
    """Which one that is, is known when wheels are joined; others keep their own first line."""
    assert (prefix / "bin/run").read_text() == "#!python\nimport greet\n"
    assert (prefix / "bin/other").read_text().startswith("#!/bin/sh\n")
    assert (prefix / "bin/Greet.deep-1").read_text().splitlines()[0] == "#!python"
    assert "from greet.sub import Class\n" in (prefix / "bin/Greet.deep-1").read_text()
    assert "sys.exit(Class.method())" in (prefix / "bin/Greet.deep-1").read_text()
    for name in ("run", "other", "greet"):
        assert (prefix / "bin" / name).stat().st_mode & stat.S_IXUSR


def test_an_entry_point_runs(prefix: Path) -> None:
    """Its script calls the function."""
    done = subprocess.run(
        [sys.executable, prefix / "bin/greet"],
        env={"PYTHONPATH": str(prefix / SITE)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout == "hello\n"


def test_the_executable_bit_is_kept(prefix: Path) -> None:
    """And no other mode."""
    assert (prefix / SITE / "greet/tool").stat().st_mode & stat.S_IXUSR
    assert not (prefix / SITE / "greet/data.txt").stat().st_mode & stat.S_IXUSR


def test_the_record_is_of_what_is_there(prefix: Path) -> None:
    """Every file but byte code, with its hash, as importlib.metadata reads it."""
    site = prefix / SITE
    (distribution,) = importlib.metadata.distributions(path=[str(site)])
    files = distribution.files or []
    assert all((site / file).exists() for file in files)
    assert "../../../bin/greet" in {str(file) for file in files}
    rows = list(csv.reader((site / "greet-1.0.dist-info/RECORD").open()))
    assert len(rows) == len({path for path in prefix.rglob("*") if _recorded(path)})
    assert [row for row in rows if not row[1]] == [["greet-1.0.dist-info/RECORD", "", ""]]


def _recorded(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def test_byte_code_is_never_stale(prefix: Path) -> None:
    """It is compared with nothing, neither time nor hash, and names no place of the build."""
    (cached,) = (prefix / SITE / "greet/__pycache__").glob("__init__*.pyc")
    data = cached.read_bytes()
    assert int.from_bytes(data[4:8], "little") == 1  # PEP 552: hashed, unchecked
    assert str(prefix).encode() not in data
    assert not list((prefix / SITE / "greet/__pycache__").glob("for_python_4*"))


def test_the_same_wheel_gives_the_same_bytes(tmp_path: Path) -> None:
    """Whenever and wherever it is installed."""
    made = wheels.make(tmp_path, files=EVERYTHING, entry_points=ENTRY_POINTS)
    digests = []
    for out in ("one", "a/longer/two"):
        prefix = put(tmp_path, made, out)
        files = sorted(path for path in prefix.rglob("*") if path.is_file())
        digests.append(
            [(p.relative_to(prefix), hashlib.sha256(p.read_bytes()).digest()) for p in files]
        )
    assert digests[0] == digests[1]


ENTRIES = "x-1.dist-info/entry_points.txt"
INFO = {
    "x-1.dist-info/WHEEL": "Wheel-Version: 1.0\n",
    "x-1.dist-info/METADATA": "Name: x\n",
}


@pytest.mark.parametrize(
    ("files", "what"),
    [
        ({**INFO, "../x.py": ""}, "leads elsewhere"),
        ({**INFO, "x/../../y.py": ""}, "leads elsewhere"),
        ({**INFO, "/etc/x": ""}, "leads elsewhere"),
        ({**INFO, "x\\..\\y": ""}, "leads elsewhere"),
        ({**INFO, "x//y": ""}, "leads elsewhere"),
        ({**INFO, "x\n.py": ""}, "leads elsewhere"),
        ({**INFO, "x-1.data/data/../../y": ""}, "leads elsewhere"),
        ({**INFO, "x" * 256: ""}, "is too long"),
        ({**INFO, "x/" * 500 + "y": ""}, "is too long"),
        ({**INFO, "x-1.data/elsewhere/y": ""}, "has no place"),
        ({**INFO, "x-1.data/scripts": ""}, "has no place"),
        ({**INFO, "x.py": "", "x-1.data/purelib/x.py": ""}, "two files in it go to one place"),
        ({**INFO, "x": "", "x/y.py": ""}, "is a file and a directory"),
        ({"x.py": ""}, "it has 0 .dist-info directories"),
        ({**INFO, "y-1.dist-info/WHEEL": ""}, "it has 2 .dist-info directories"),
        ({"x-1.dist-info/WHEEL": "Wheel-Version: 2.0\n"}, "a wheel of version '2.0'"),
        ({"x-1.dist-info/WHEEL": "junk"}, "a wheel of version ''"),
        ({**INFO, ENTRIES: "[console_scripts]\n../y = x:f"}, "not an entry"),
        ({**INFO, ENTRIES: "[console_scripts]\ny = x;f()"}, "not an entry"),
        ({**INFO, ENTRIES: "junk"}, "cannot be read"),
    ],
)  # fmt: skip
def test_what_is_no_wheel_is_refused(tmp_path: Path, files: dict[str, str], what: str) -> None:
    """And nothing is written outside the prefix."""
    made = wheels.pack(tmp_path / "x-1-py3-none-any.whl", files)
    with pytest.raises(Refusal) as error:
        put(tmp_path, made, "deep/out")
    assert what in error.value.what
    assert error.value.wheel == "x-1"
    outside = {path.name for path in tmp_path.iterdir()} | {
        path.name for path in (tmp_path / "deep").glob("*")
    }
    assert outside <= {made.name, "deep", "out"}


@pytest.mark.parametrize(
    ("tag", "fits"),
    [
        ("py3-none-any", True),
        ("py2.py3-none-any", False),  # a name has it so, a WHEEL one tag a line
        ("py31-none-any", True),
        ("py399-none-any", False),
        ("py2-none-any", False),
        ("cp32-abi3-manylinux2014_x86_64", True),
        ("cp399-abi3-manylinux2014_x86_64", False),
        ("cp399-cp399-manylinux2014_x86_64", False),
        (f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-manylinux_2_17_x86_64", True),
        (f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-manylinux_2_17_aarch64", False),
        (f"cp3{sys.version_info[1]}-cp3{sys.version_info[1]}-win_amd64", False),
        ("pp39-pypy39_pp73-manylinux2014_x86_64", False),
    ],
)
def test_a_wheel_for_another_python_is_refused(tmp_path: Path, tag: str, fits: bool) -> None:
    """By what it says inside: its name is not in a lock that has hashes alone."""
    text = f"Wheel-Version: 1.0\nTag: {tag}\n"
    files = {"x-1.dist-info/WHEEL": text, "x-1.dist-info/METADATA": "Name: x\n"}
    made = wheels.pack(tmp_path / "x-1-py3-none-any.whl", files)
    if fits:
        put(tmp_path, made)
    else:
        with pytest.raises(Refusal, match=f"a wheel for {tag}"):
            put(tmp_path, made)


def test_a_symlink_and_a_double_are_refused(tmp_path: Path) -> None:
    """A zip file can hold them; a wheel may not."""
    made = wheels.pack(tmp_path / "x-1-py3-none-any.whl", INFO)
    with zipfile.ZipFile(made, "a") as archive:
        entry = zipfile.ZipInfo("x/link")
        entry.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(entry, "/etc/passwd")
    with pytest.raises(Refusal, match="is a symlink"):
        put(tmp_path, made)
    twice = wheels.pack(tmp_path / "y-1-py3-none-any.whl", INFO)
    with zipfile.ZipFile(twice, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("x-1.dist-info/WHEEL", "Wheel-Version: 1.0\n")
    with pytest.raises(Refusal, match="is in it twice"):
        put(tmp_path, twice)


@pytest.mark.parametrize("damage", ["cut", "junk", "flip"])
def test_a_damaged_archive_is_refused(tmp_path: Path, damage: str) -> None:
    """Whatever is wrong with it."""
    made = wheels.make(tmp_path, files={"greet.py": "x = 1\n" * 100})
    data = bytearray(made.read_bytes())
    data[60] ^= 255
    made.write_bytes({"cut": bytes(data[:100]), "junk": b"no zip", "flip": bytes(data)}[damage])
    with pytest.raises(Refusal, match="cannot be unpacked"):
        put(tmp_path, made)


@pytest.mark.parametrize("how", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_data_that_does_not_unpack_is_refused(tmp_path: Path, how: int) -> None:
    """Whatever it was packed with."""
    made = wheels.pack(tmp_path / "x-1-py3-none-any.whl", INFO)
    with zipfile.ZipFile(made, "a", how) as archive:
        archive.writestr("x/data", "data " * 1_000)
        entry = archive.getinfo("x/data")
    data = bytearray(made.read_bytes())
    begin = entry.header_offset + 30 + len("x/data")
    data[begin : begin + entry.compress_size] = b"\xff" * entry.compress_size
    made.write_bytes(data)
    with pytest.raises(Refusal, match="cannot be unpacked"):
        put(tmp_path, made)


def test_a_full_disk_is_not_the_fault_of_a_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is said as it is."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfileobj", full)
    with pytest.raises(OSError, match="No space left"):
        put(tmp_path, wheels.make(tmp_path))


def test_sizes_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The number of files, and what they unpack to."""
    made = wheels.make(tmp_path)
    monkeypatch.setattr(contents, "MAX_BYTES", 10)
    with pytest.raises(Refusal, match="more than 10 bytes"):
        put(tmp_path, made)
    monkeypatch.setattr(contents, "MAX_ENTRIES", 1)
    with pytest.raises(Refusal, match="more than 1 files"):
        put(tmp_path, made)
