"""Shared libraries: what objects say that they need, and who has it."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.wheels.inside import elf, libraries
from engine.wheels.inside.elf import Elf
from engine.wheels.inside.libraries import Object
from engine.wheels.inside.machine import Machine
from engine.wheels.inside.refusal import Refusal


def lib(name: str, *needed: str, runpath: tuple[str, ...] = (), wheel: str = "w-1") -> Object:
    """Return a library of a wheel."""
    return Object(wheel, f"lib/{name}", Elf(needed, name, (), runpath, ""))


def provided(
    *objects: Object,
    loaded: tuple[str, ...] = (),
    loads: tuple[str, ...] = (),
    search: tuple[Path, ...] = (),
    without: tuple[str, ...] = (),
) -> dict[str, str]:
    """Return what the interpreter must load for these objects."""
    wanted = libraries.needs(list(objects), frozenset(loaded))
    places = [str(path) for path in search]
    return libraries.provide(wanted, loads.__contains__, places, frozenset(without))


def test_what_a_real_program_needs_is_read() -> None:
    """This Python: its loader, and the C library."""
    content = Machine().content
    assert content.interpreter.startswith("/")
    assert any(name.startswith("libc.so") or "python" in name for name in content.needed)


def test_a_real_machine_knows_what_it_has_loaded() -> None:
    """The C library is loaded; the loader finds it, and finds no nonsense."""
    machine = Machine()
    assert "libc.so.6" in machine.loaded()
    assert machine.loads("libc.so.6")
    assert not machine.loads("libnonsense.so.9")


def test_what_is_no_object_is_nothing(tmp_path: Path) -> None:
    """Text, an empty file, a directory, a file that is not there."""
    (tmp_path / "text").write_text("text")
    (tmp_path / "empty").touch()
    for name in ("text", "empty", ".", "absent"):
        assert elf.read(str(tmp_path / name)) is None


@settings(max_examples=100, deadline=None)
@given(at=st.integers(0, 4_000), junk=st.binary(min_size=1, max_size=64))
def test_a_damaged_object_never_crashes(
    tmp_path_factory: pytest.TempPathFactory, at: int, junk: bytes
) -> None:
    """Whatever is written over its headers."""
    data = bytearray(Path(Machine().program).read_bytes()[:65_536])
    data[at : at + len(junk)] = junk
    place = tmp_path_factory.getbasetemp() / "damaged.so"
    place.write_bytes(data)
    elf.read(str(place))


def test_one_table_is_read_once(tmp_path: Path) -> None:
    """However many headers name it, and no further than the bound: an object is a stranger's."""
    count, bound = 1_000, elf.MAX_HEADERS
    table = 64 + 56 * (count + 1)
    size = table + 16 * (bound + 5)
    header = bytearray(b"\x7fELF\x02\x01".ljust(64, b"\0"))
    struct.pack_into("<H", header, 18, 62)
    struct.pack_into("<Q", header, 32, 64)
    struct.pack_into("<HH", header, 54, 56, count + 1)
    load = struct.pack("<IIQQQQQQ", 1, 0, 0, 0, 0, size, size, 0)
    dynamic = struct.pack("<IIQQQQQQ", 2, 0, table, 0, 0, size - table, size - table, 0)
    entries = struct.pack("<qQ", 5, 1) + struct.pack("<qQ", 1, 0) * (bound + 4)
    (tmp_path / "many.so").write_bytes(bytes(header) + load + dynamic * count + entries)
    found = elf.read(str(tmp_path / "many.so"))
    assert found is not None
    assert found.needed == ("ELF\x02\x01",) * (bound - 1)


def test_wheels_have_what_wheels_need() -> None:
    """By name, in whatever directory: packages load their own."""
    assert provided(lib("a.so", "libb.so.1"), lib("libb.so.1", wheel="b-1")) == {}


def test_what_the_interpreter_has_loaded_is_there() -> None:
    """For an object with a search path of its own, too."""
    needy = lib("a.so", "libc.so.6", runpath=("$ORIGIN",))
    assert provided(needy, loaded=("libc.so.6",)) == {}


def test_the_loader_finds_what_the_interpreter_says() -> None:
    """Unless the object has a search path of its own, which replaces the interpreter's."""
    assert provided(lib("a.so", "libz.so.1"), loads=("libz.so.1",)) == {}


def test_a_library_of_the_closure_is_given(tmp_path: Path) -> None:
    """Where the loader does not find it, or would not for that object."""
    place = tmp_path / "libz.so.1"
    place.touch()
    for needy, loads in (
        (lib("a.so", "libz.so.1"), ()),
        (lib("a.so", "libz.so.1", runpath=("$ORIGIN",)), ("libz.so.1",)),
    ):
        assert provided(needy, loads=loads, search=(tmp_path,)) == {"libz.so.1": str(place)}


def test_a_library_that_nobody_has_is_named() -> None:
    """With the wheel and the object that needs it, and what can be done."""
    with pytest.raises(Refusal) as error:
        provided(lib("a.so", "libgone.so.1"), lib("b.so", "libgone.so.1", "libalso.so.2"))
    assert error.value.what == (
        "nobody provides libalso.so.2 (for w-1: lib/b.so), libgone.so.1 (for w-1: lib/a.so)"
    )
    assert "without: [libalso.so.2, libgone.so.1]" in error.value.fix


def test_what_is_done_without_is_not_looked_for() -> None:
    """As the author said."""
    assert provided(lib("a.so", "libgone.so.1"), without=("libgone.so.1",)) == {}


def test_the_builders_run_on_older_pythons() -> None:
    """No syntax that Python 3.9 does not have: an environment's Python runs them."""
    for path in Path(libraries.__file__).parent.glob("*.py"):
        compile_older = f"import ast; ast.parse(open({str(path)!r}).read(), feature_version=(3, 9))"
        subprocess.run([sys.executable, "-c", compile_older], check=True)
