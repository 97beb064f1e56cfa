"""requirements.txt: what it may say, and what is refused, with its line."""

import pytest

from engine.errors import Refused
from engine.wheels import pinned
from tests.engine.wheels.locks import DEBIAN, names, select

A = "a" * 64
B = "b" * 64


def test_a_package_is_a_version_and_its_hashes() -> None:
    """On one line or several, with comments between; the hashes are in one order."""
    text = (
        f"# by hand\nNum_Py == 2.2.6 \\\n    --hash=sha256:{B} \\\n  --hash sha256:{A}\n  # via x\n"
    )
    (package,) = select(text).packages
    assert (package.name, package.version) == ("num-py", "2.2.6")
    assert package.hashes == (A, B)
    assert package.where == "requirements.txt:2"


@pytest.mark.parametrize(
    ("marker", "there"),
    [
        ("sys_platform == 'linux'", True),
        ("sys_platform == 'win32'", False),
        ("python_version >= '3.11'", True),
        ("python_full_version < '3.11'", False),
        ("platform_machine == 'x86_64'", True),
        ("platform_machine == 'aarch64'", False),
        ("implementation_name == 'cpython' and os_name == 'posix'", True),
        ("extra == 'test'", False),
    ],
)
def test_markers_are_those_of_the_environment(marker: str, there: bool) -> None:
    """Python 3.11 on Linux x86-64, whatever runs this test."""
    found = names(select(f"six==1.0 ; {marker} --hash=sha256:{A}"))
    assert ("six" in found) is there


def test_options_say_where_the_index_is() -> None:
    """They go to pip; what a lock with hashes means anyway is passed over."""
    text = (
        "-i https://index.example/simple\n--extra-index-url=https://two.example/a=b\n"
        "--find-links ./wheels\n--no-index\n--require-hashes\n--only-binary :all:\n"
    )
    assert select(text).options == (
        "--index-url=https://index.example/simple",
        "--extra-index-url=https://two.example/a=b",
        "--find-links=./wheels",
        "--no-index",
    )


def test_the_same_package_may_be_there_for_other_pythons() -> None:
    """As uv export writes forks: one of them applies."""
    text = (
        f"six==1.0 ; python_version < '3.12' --hash=sha256:{A}\n"
        f"six==2.0 ; python_version >= '3.12' --hash=sha256:{B}\n"
    )
    assert names(select(text)) == {"six": "1.0"}


@pytest.mark.parametrize(
    "address", ["https://x.example/six-1.0-py3-none-any.whl", "file:///w/six-1.0-py3-none-any.whl"]
)
def test_a_wheel_may_be_named_by_its_address(address: str) -> None:
    """With its hash beside it or in the address."""
    for text in (f"six @ {address} --hash=sha256:{A}", f"six @ {address}#sha256={A}"):
        (package,) = select(text).packages
        assert package.version == "1.0"
        assert package.files[0].sha256 == A
        assert package.files[0].address == address


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        ("six", "six at any version is not pinned", "--generate-hashes"),
        ("six>=1.0", "six >=1.0 is not pinned", "--generate-hashes"),
        ("six==1.*", "six ==1.* is not pinned", "--generate-hashes"),
        ("six==1.0,<2", "is not pinned", "--generate-hashes"),
        (f"six=={'1' * 5000} --hash=sha256:{A}", "is not pinned", "--generate-hashes"),
        (f"six==1.0; python_version < '{'1' * 5000}'", "not a marker", "lock it anew"),
        (f"six @ https://x.example/six-{'1' * 5000}-py3-none-any.whl", "not the name of", ""),
        (f"six===1.0 --hash=sha256:{A}", "is not pinned", "--generate-hashes"),
        ("six==1.0 --hash=md5:abc", "not a sha256 hash", "--generate-hashes"),
        ("six==1.0 --hash=sha256:abc", "not a sha256 hash", "--generate-hashes"),
        (f"six==1.0 --global-option=x --hash=sha256:{A}", "'--global-option'", "remove it"),
        ("-e .", "'-e' has no place", "bring your own code as an input"),
        ("--editable=./x", "'--editable' has no place", "bring your own code as an input"),
        ("-r more.txt", "'-r' has no place", "into one lock"),
        ("-c limits.txt", "'-c' has no place", "into one lock"),
        ("--no-binary :all:", "'--no-binary' has no place", "lock wheels"),
        ("--hash=sha256:abc", "'--hash' has no place", "remove the line"),
        ("-i https://x.example -e .", "'-i' has no place", "remove the line"),
        ("--no-index -e .", "'--no-index' has no place", "remove the line"),
        (
            f"six @ https://x.example/${{KEY}}/six-1.0-py3-none-any.whl --hash=sha256:{A}",
            "not the name, version or address",
            "lock it anew",
        ),
        ("./six-1.0-py3-none-any.whl", "a path or a URL with no name", "NAME @ URL"),
        ("https://x.example/six.whl", "a path or a URL with no name", "NAME @ URL"),
        ("six @ git+https://x.example/six", "six is not a wheel", "lock a version that has wheels"),
        (
            f"six @ https://x.example/six-1.0.tar.gz --hash=sha256:{A}",
            "six is not a wheel",
            "wheel",
        ),
        (
            f"six @ https://x.example/sax-1.0-py3-none-any.whl --hash=sha256:{A}",
            "not a wheel of six",
            "name",
        ),
        (
            f"six @ https://x.example/six-1.0.whl --hash=sha256:{A}",
            "not the name of a wheel",
            "hashes",
        ),
        (
            f"six @ https://[/six-1.0-py3-none-any.whl --hash=sha256:{A}",
            "not a URL",
            "lock it anew",
        ),
        (f"six==1 ; os_name ~= 'posix' --hash=sha256:{A}", "not a marker", "lock it anew"),
        ("--extra-index-url https://x.example/${KEY}/", "has a $ in it", "pip configuration"),
        (f"six==1 ; {'(' * 3_000}os_name == 'x'", "not a requirement", "--generate-hashes"),
        ("-f $HOME", "has a $ in it", "pip configuration"),
        ("six ? 1.0", "not a requirement", "--generate-hashes"),
        ("six==1.0 ; python > '3'", "not a requirement", "--generate-hashes"),
        (
            f"six==1.0 --hash=sha256:{A}\n# two\nsix==1.1 --hash=sha256:{A}",
            "six is there twice",
            "leave one",
        ),
    ],
)
def test_what_is_no_lock_is_refused(text: str, what: str, fix: str) -> None:
    """What it is, its line, and what to do."""
    with pytest.raises(Refused) as error:
        select("\n" + text)
    assert what in error.value.what
    assert "requirements.txt:" in error.value.where
    assert fix in error.value.fix


def test_the_number_of_packages_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each makes a derivation."""
    monkeypatch.setattr(pinned, "MAX_PACKAGES", 2)
    text = "".join(f"p{n}==1.0 --hash=sha256:{A}\n" for n in range(3))
    with pytest.raises(Refused, match="more than 2 packages"):
        select(text)


@pytest.mark.parametrize("line", ["{} x", "six==1.0{}x", "six==1.0; os_name{}== 'posix'"])
def test_a_row_of_spaces_is_one(line: str) -> None:
    """Reading it takes no longer than it is: the square of this row would take an hour."""
    text = line.format(" " * 500_000)
    with pytest.raises(Refused):
        select(text + f"\nsix==1.0 --hash=sha256:{A}\nx")


def test_the_order_of_a_file_does_not_matter() -> None:
    """Nor do comments: what is selected is the same."""
    lines = [f"p{n}==1.0 --hash=sha256:{A}" for n in range(5)]
    one, other = select("\n".join(lines)), select("# x\n\n" + "\n".join(reversed(lines)))
    assert names(one) == names(other)
    assert [p.name for p in one.packages] == [p.name for p in other.packages]
    assert DEBIAN.name == "CPython 3.11.2"
