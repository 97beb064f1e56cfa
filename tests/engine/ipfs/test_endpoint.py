"""Place: where the IPFS node of this machine listens."""

from pathlib import Path

import pytest

from engine.errors import Refused
from engine.ipfs.endpoint import DEFAULT, GATEWAY, find, gateway, place_of


def test_what_a_person_names_comes_first(tmp_path: Path) -> None:
    """A URL is as good as a multiaddress."""
    (tmp_path / "api").write_text("/ip4/127.0.0.1/tcp/7001")
    environ = {"IPFS_PATH": str(tmp_path)}
    assert find("http://127.0.0.1:6001", environ, tmp_path) == "/ip4/127.0.0.1/tcp/6001/http"
    assert find("/ip4/10.0.0.1/tcp/5001", environ, tmp_path) == "/ip4/10.0.0.1/tcp/5001"
    assert find("https://ipfs.example", environ, tmp_path) == "/dns/ipfs.example/tcp/5001/https"
    assert place_of("http://[::1]:5001") == "/ip6/::1/tcp/5001/http"


def test_none_is_no_node(tmp_path: Path) -> None:
    """Who wants none of it says so."""
    assert find("none", {}, tmp_path) == ""


def test_a_node_says_where_it_listens(tmp_path: Path) -> None:
    """A folder named by IPFS_PATH, or the usual one, has a file that says so."""
    assert find("", {}, tmp_path) == DEFAULT
    (tmp_path / ".ipfs").mkdir()
    (tmp_path / ".ipfs" / "api").write_text("/ip4/127.0.0.1/tcp/7002\n")
    assert find("", {}, tmp_path) == "/ip4/127.0.0.1/tcp/7002"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "api").write_text("/ip4/127.0.0.1/tcp/7003")
    assert find("", {"IPFS_PATH": str(tmp_path / "other")}, tmp_path) == "/ip4/127.0.0.1/tcp/7003"


def test_its_gateway_is_where_its_folder_says(tmp_path: Path) -> None:
    """By default it is where the node has it by default; what is no URL of one counts as none."""
    environ = {"IPFS_PATH": str(tmp_path)}
    assert gateway(environ, tmp_path) == GATEWAY
    (tmp_path / "gateway").write_text("http://127.0.0.1:7080\n")
    assert gateway(environ, tmp_path) == "http://127.0.0.1:7080"
    (tmp_path / "gateway").write_text("http://a/b c")
    assert gateway(environ, tmp_path) == GATEWAY


@pytest.mark.parametrize("said", [b"\xff\xfe", b"x" * 10_000, b"/p2p/nobody", b""])
def test_a_file_that_says_nonsense_counts_as_none(tmp_path: Path, said: bytes) -> None:
    """Then the usual place is tried."""
    (tmp_path / "api").write_bytes(said)
    assert find("", {"IPFS_PATH": str(tmp_path)}, tmp_path) == DEFAULT


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "ftp://a",
        "http://",
        "http://a/path",
        "http://a:99999",
        "http://u:p@a",
        "/ip4/x",
    ],
)
def test_what_is_no_address_is_refused(tmp_path: Path, text: str) -> None:
    """It is said how one is written."""
    with pytest.raises(Refused) as caught:
        find(text, {}, tmp_path)
    assert "5001" in caught.value.fix
