"""Where a published binary cache is said to be."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from cli import nixcache
from cli.settings import Settings, settle


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Return those of a person whose IPFS node has a folder."""
    monkeypatch.setenv("IPFS_PATH", str(tmp_path))
    return settle({"home": str(tmp_path / "home")}, {})


def test_a_gateway_is_named_while_one_listens(settings: Settings, tmp_path: Path) -> None:
    """Nix would wait for one that does not; nor is there one where no node is to be asked."""
    with socket.create_server(("127.0.0.1", 0)) as gateway:
        address = f"http://127.0.0.1:{gateway.getsockname()[1]}"
        (tmp_path / "gateway").write_text(address)
        assert nixcache.kubo(settings) == (address,)
        assert nixcache.kubo(replace(settings, ipfs="none")) == ()
    assert nixcache.kubo(settings) == ()
