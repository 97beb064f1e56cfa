"""uv.lock: what applies, and what is refused, with its line."""

import pytest

from engine.errors import Refused
from tests.engine.wheels.locks import names, select

A = "a" * 64
HEAD = 'version = 1\nrequires-python = ">=3.11"\n\n'


def project(dependencies: str, more: str = "", source: str = 'virtual = "."') -> str:
    """Return the project's own package, and others."""
    return (
        f'{HEAD}[[package]]\nname = "mine"\nversion = "1"\nsource = {{ {source} }}\n'
        f"dependencies = [{dependencies}]\n{more}"
    )


def wheel(name: str, version: str = "1.0", more: str = "", tag: str = "py3-none-any") -> str:
    """Return a package with one wheel."""
    return (
        f'\n[[package]]\nname = "{name}"\nversion = "{version}"\n'
        f'source = {{ registry = "https://index.example/simple" }}\n{more}'
        f'wheels = [{{ url = "https://x.example/{name}-{version}-{tag}.whl",'
        f' hash = "sha256:{A}" }}]\n'
    )


def other(source: str) -> str:
    """Return a package b that comes from elsewhere."""
    return f'[[package]]\nname = "b"\nversion = "1"\nsource = {{ {source} }}\n'


def evil(version: str, host: str) -> str:
    """Return a package b whose texts would be more than one line to pip."""
    return (
        f'[[package]]\nname = "b"\nversion = "{version}"\nsource = {{ registry = "r" }}\n'
        f'wheels = [{{ url = "https://{host}/b-1.0-py3-none-any.whl", hash = "sha256:{A}" }}]\n'
    )


def read(text: str, **how: tuple[str, ...]) -> dict[str, str]:
    """Return what is selected."""
    return names(select(text, "uv.lock", **how))  # type: ignore[arg-type]


def test_only_what_is_reached_is_there() -> None:
    """By dependencies whose markers hold, from one package to the next."""
    text = project(
        '{ name = "a" }, { name = "w", marker = "sys_platform == \'win32\'" }',
        wheel("a", more='dependencies = [{ name = "b" }]\n')
        + wheel("b", more='dependencies = [{ name = "a" }]\n')
        + wheel("w")
        + wheel("unused"),
    )
    assert read(text) == {"a": "1.0", "b": "1.0"}


def test_an_extra_of_a_dependency_brings_what_it_needs() -> None:
    """`a[fast]` needs what a needs, and what its extra does."""
    extra = '[package.optional-dependencies]\nfast = [{ name = "c" }]\n'
    text = project(
        '{ name = "a", extra = ["fast"] }',
        wheel("a", more='dependencies = [{ name = "b" }]\n') + extra + wheel("b") + wheel("c"),
    )
    assert read(text) == {"a": "1.0", "b": "1.0", "c": "1.0"}


def test_a_version_tells_two_packages_of_one_name_apart() -> None:
    """As uv writes forks."""
    both = wheel("a") + wheel("a", "2.0")
    chosen = project('{ name = "a", version = "2.0" }', both)
    assert read(chosen) == {"a": "2.0"}
    with pytest.raises(Refused, match="the lock has 2 packages for 'a'"):
        read(project('{ name = "a" }', both))


def test_a_wheel_in_a_directory_is_found_from_the_lock() -> None:
    """A path source, and an index that is a directory."""
    file = "a-1.0-py3-none-any.whl"
    by_path = (
        f'\n[[package]]\nname = "a"\nversion = "1.0"\nsource = {{ path = "dist/{file}" }}\n'
        f'wheels = [{{ filename = "{file}", hash = "sha256:{A}" }}]\n'
    )
    by_index = by_path.replace(f'path = "dist/{file}"', 'registry = "dist"').replace(
        "filename", "path"
    )
    for more in (by_path, by_index):
        (package,) = select(project('{ name = "a" }', more), "uv.lock").packages
        assert package.files[0].address == f"dist/{file}"


@pytest.mark.parametrize(
    ("text", "what", "line", "fix"),
    [
        ("x", "not TOML", ":1", "lock it anew"),
        ("version = 2\n", "not a uv.lock of version 1", "", "uv export"),
        (HEAD, "no project of its own", "", "uv export"),
        (
            HEAD.replace(">=3.11", ">=3.12"),
            "for Python >=3.12, and the environment's is 3.11.2", "", "lock it for Python 3.11",
        ),
        (HEAD.replace(">=3.11", "three"), "not versions: 'three'", "", "lock it anew"),
        (
            project("").replace(HEAD, HEAD + "conflicts = [[]]\n"),
            "conflicting extras", "", "uv export",
        ),
        (project('{ name = "b" }'), "the lock has 0 packages for 'b'", ":4", "uv lock"),
        (project('{ name = "b", marker = "x y" }', wheel("b")), "not a marker", ":4", "anew"),
        (
            project('{ name = "b", marker = "os_name ~= \'x\'" }', wheel("b")),
            "not a marker", ":4", "anew",
        ),
        (
            project('{ name = "b", marker = "' + "(" * 3_000 + '" }', wheel("b")),
            "not a marker", ":4", "anew",
        ),
        (project('{ name = "b" }', evil("1.0", "[")), "not a URL", ":9", "anew"),
        (f"version = {'1' * 5_000}", "not TOML", ":1", "lock it anew"),
        (project('"b"'), "'dependencies' is not a list of tables", ":4", "lock it anew"),
        (
            project('{ name = "b" }', other('git = "https://x.example/b?rev=1"')),
            "b is not a wheel: its source is git", ":9", "uv build",
        ),
        (
            project('{ name = "b" }', other('editable = "libs/b"')),
            "b is not a wheel: its source is editable 'libs/b'", ":9", "input",
        ),
        (project('{ name = "b" }', wheel("b").replace(A, "z")), "not a sha256 hash", ":10", ""),
        (project('{ name = "b" }', wheel("b", tag="any")), "not the name of a wheel", ":10", ""),
        (project('{ name = "b c" }', wheel("b c")), "not the name of a wheel", ":10", ""),
        (project('{ name = "b" }', evil("1.0\\n-e .", "x")), "not the name, version", ":9", "anew"),
        (project('{ name = "b" }', evil("one", "x")), "not the name, version", ":9", "anew"),
        (project('{ name = "b" }', evil("1.0", "x\\n-e .")), "not the name, version", ":9", "anew"),
        (project('{ name = "b" }', evil("1.0", "x/${KEY}")), "not the name, version", ":9", "anew"),
    ],
)  # fmt: skip
def test_what_cannot_be_installed_is_refused(text: str, what: str, line: str, fix: str) -> None:
    """What it is, its line, and what to do."""
    with pytest.raises(Refused) as error:
        read(text)
    assert what in error.value.what
    assert error.value.where == f"uv.lock{line}"
    assert fix in error.value.fix


@pytest.mark.parametrize("key", ["{}a = 1", "[{}a]", "a = {{ {}b = 1 }}"])
@pytest.mark.parametrize("part", ["a.", '"\\"a" . ', "'a'."])
def test_a_long_key_is_refused(key: str, part: str) -> None:
    """Reading one takes the square of its length."""
    with pytest.raises(Refused, match="more than 32 parts") as refused:
        select("version = 1\n" + key.format(part * 1_000_000), "uv.lock")
    assert refused.value.where == "uv.lock:2"


def test_a_huge_version_is_refused() -> None:
    """Python reads no number of so many digits."""
    with pytest.raises(Refused, match="not versions"):
        select(f"version = 1\nrequires-python = '>={'1' * 5000}'\n", "uv.lock")


@pytest.mark.parametrize("how", [{"extras": ("fast",)}, {"groups": ("fast",)}])
def test_an_extra_or_group_that_is_not_there_is_refused(how: dict[str, tuple[str, ...]]) -> None:
    """With those that are."""
    more = "[package.optional-dependencies]\nplot = []\n[package.dev-dependencies]\nplot = []\n"
    with pytest.raises(Refused, match=r"the project has no .* 'fast'") as error:
        read(project("", more), **how)
    assert "plot" in error.value.fix
