"""pylock.toml: what applies, and what is refused, with its line."""

import pytest

from engine.errors import Refused
from tests.engine.wheels.locks import names, select

A = "a" * 64
HEAD = 'lock-version = "1.0"\ncreated-by = "test"\n'


def package(name: str, more: str = "", version: str = "1.0") -> str:
    """Return a package with one wheel."""
    file = f"{name}-{version}-py3-none-any.whl"
    return (
        f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n{more}\n[[packages.wheels]]\n'
        f'name = "{file}"\nurl = "https://x.example/{file}"\nhashes = {{ sha256 = "{A}" }}\n'
    )


def read(text: str, **how: tuple[str, ...]) -> dict[str, str]:
    """Return what is selected."""
    return names(select(text, "pylock.toml", **how))  # type: ignore[arg-type]


def test_markers_choose() -> None:
    """By platform, by extra and by group; default groups are in unless groups are asked for."""
    text = (
        f'{HEAD}extras = ["plot"]\ndependency-groups = ["dev", "docs"]\ndefault-groups = ["dev"]\n'
        + package("a")
        + package("w", "marker = \"sys_platform == 'win32'\"")
        + package("p", "marker = \"'plot' in extras\"")
        + package("d", "marker = \"'dev' in dependency_groups\"")
        + package("o", "marker = \"'docs' in dependency_groups\"")
    )
    assert read(text).keys() == {"a", "d"}
    assert read(text, extras=("plot",)).keys() == {"a", "d", "p"}
    assert read(text, groups=()).keys() == {"a"}
    assert read(text, groups=("docs",)).keys() == {"a", "o"}


@pytest.mark.parametrize(
    ("text", "what", "line", "fix"),
    [
        ("", "not a pylock.toml", "", "lock it anew"),
        (HEAD.replace("1.0", "2.0") + "packages = []", "version 2.0 is not supported", "", ""),
        (f'{HEAD}requires-python = ">=3.12"\npackages = []', "for Python >=3.12", "", "3.11"),
        (
            f"{HEAD}environments = [\"sys_platform == 'win32'\"]\npackages = []",
            "for other environments", "", "Linux",
        ),
        (
            f"{HEAD}environments = [\"os_name ~= 'x'\"]\npackages = []",
            "not a marker", "", "lock it anew",
        ),
        (HEAD + package("a", "marker = \"os_name ~= 'x'\""), "not a marker", ":4", "anew"),
        (HEAD + package("a", f'marker = "{"(" * 3_000}"'), "not a pylock.toml", "", "anew"),
        (
            HEAD + package("a").replace("x.example", "[").replace("name = \"a-", "x = \"a-"),
            "not a pylock.toml", "", "lock it anew",
        ),
        (HEAD + package("a", 'requires-python = ">=3.12"'), "a is for Python >=3.12", ":4", "3.11"),
        (HEAD + package("a") + package("a", version="2"), "a is there twice", ":4", "leave one"),
        (
            f'{HEAD}[[packages]]\nname = "a"\nvcs = {{ type = "git", url = "https://x.example/a",'
            ' commit-id = "1" }\n',
            "a is not locked as a wheel", ":3", "wheels",
        ),
        (HEAD + package("a").replace("a-1.0-py3", "b-1.0-py3"), "not a pylock.toml", "", ""),
        (HEAD + package("a").replace(A, "zz"), "not a sha256 hash", ":4", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_installed_is_refused(text: str, what: str, line: str, fix: str) -> None:
    """What it is, its line, and what to do."""
    with pytest.raises(Refused) as error:
        read(text)
    assert what in error.value.what
    assert error.value.where.endswith(f"pylock.toml{line}")
    assert fix in error.value.fix


@pytest.mark.parametrize("how", [{"extras": ("fast",)}, {"groups": ("fast",)}])
def test_an_extra_or_group_that_is_not_there_is_refused(how: dict[str, tuple[str, ...]]) -> None:
    """With those that are."""
    with pytest.raises(Refused, match=r"the lock has no .* 'fast'") as error:
        read(f'{HEAD}extras = ["plot"]\ndependency-groups = ["plot"]\npackages = []', **how)
    assert "plot" in error.value.fix
