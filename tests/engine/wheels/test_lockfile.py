"""Lock files of three formats, as real tools write them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import Refused
from engine.wheels.choice import choose
from tests.engine.wheels.locks import DEBIAN, NEWER, REAL, names, select, text_of

PINNED = {
    "numpy": "2.4.6",
    "pandas": "3.1.1",
    "python-dateutil": "4.0.0",
    "tqdm": "4.70.1",
}

SHORT = ("pip-compile.txt", "uv-export.txt", "pylock.pip.toml")  # to be read many times


@pytest.mark.parametrize("name", REAL)
def test_every_tool_locks_the_same_packages(name: str) -> None:
    """What pip-compile, uv and pip write of one project is one selection; markers are applied."""
    found = names(select(text_of(name), name))
    assert found.items() >= PINNED.items()
    assert "colorama" not in found  # for Windows only


@pytest.mark.parametrize("name", [name for name in REAL if not name.endswith(".txt")])
def test_the_choice_of_a_wheel_follows_from_the_lock_alone(name: str) -> None:
    """Files with names are chosen by tag: numpy's is the one for CPython 3.11 and glibc."""
    chosen = {p.name: choose(p, DEBIAN) for p in select(text_of(name), name).packages}
    numpy = chosen["numpy"]
    assert numpy is not None
    assert numpy.sha256.startswith("89cd4683")
    assert "cp311-cp311-manylinux_2_27_x86_64" in numpy.address


def test_forks_are_told_apart_by_python() -> None:
    """A universal uv.lock has one numpy for Python 3.11 and another for newer ones."""
    older = names(select(text_of("uv.lock"), "uv.lock"))
    newer = names(select(text_of("uv.lock"), "uv.lock", NEWER))
    assert older["numpy"] != newer["numpy"]


def test_extras_and_groups_are_asked_for() -> None:
    """Neither is in an environment by itself; each brings what it needs, and that needs."""
    plain = names(select(text_of("uv.lock"), "uv.lock"))
    extra = names(select(text_of("uv.lock"), "uv.lock", extras=("plot",)))
    group = names(select(text_of("uv.lock"), "uv.lock", groups=("dev",)))
    assert extra.keys() - plain.keys() == {"kiwisolver"}
    assert {"pytest", "pluggy", "iniconfig"} <= group.keys() - plain.keys()


def test_the_project_itself_is_not_in_its_environment() -> None:
    """Its code is no wheel: a step gets it as an input."""
    assert "weather" not in names(select(text_of("uv.lock"), "uv.lock"))


def test_each_package_knows_its_line() -> None:
    """The line where its entry begins."""
    for name in REAL:
        lines = text_of(name).splitlines()
        for package in select(text_of(name), name).packages:
            file, _, number = package.where.rpartition(":")
            assert file == name
            entry = "\n".join(lines[int(number) - 1 : int(number) + 2]).lower()
            assert package.name in entry, (name, package)


@pytest.mark.parametrize("name", ["Pipfile.lock", "poetry.lock", "pylock.a.b.toml", "env.yml"])
def test_another_format_is_refused(name: str) -> None:
    """By its name, and with those that are known."""
    with pytest.raises(Refused) as error:
        select("", name)
    assert "uv.lock" in error.value.fix


def _where(text: str, name: str) -> str:
    """Return where a lock is wrong; its name when it is not."""
    try:
        select(text, name)
    except Refused as error:
        return error.where
    return name


@given(text=st.text(max_size=300), name=st.sampled_from(["r.txt", "uv.lock", "pylock.toml"]))
@settings(max_examples=200, deadline=None)
def test_junk_is_refused_and_never_crashes(text: str, name: str) -> None:
    """Whatever the text: a selection, or an error that says where."""
    assert name in _where(text, name)


@given(name=st.sampled_from(SHORT), cut=st.floats(0, 1), junk=st.text(max_size=20))
@settings(max_examples=100, deadline=None)
def test_a_damaged_lock_is_refused_or_read(name: str, cut: float, junk: str) -> None:
    """Cut anywhere, with junk put in: never another exception."""
    text = text_of(name)
    at = int(len(text) * cut)
    for damaged in (text[:at], text[:at] + junk + text[at + len(junk) :]):
        assert _where(damaged, name)
