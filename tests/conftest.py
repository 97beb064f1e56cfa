"""What tests of all packages share: a Nix store that has the recipes' inputs."""

from collections.abc import Iterator

import pytest

from engine.nix.nixstore import NixStore
from engine.nix.treewriter import remove
from tests.fakes import nixstore


@pytest.fixture(scope="session")
def nix_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NixStore]:
    """Return the store that tests build in."""
    place = tmp_path_factory.mktemp("nix")
    yield nixstore.make(place)
    remove(place)  # as every Nix store it is read-only, and large
