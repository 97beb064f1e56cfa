"""What tests of IPFS share."""

from collections.abc import Iterator

import pytest

from tests.kubo import IpfsNode, nodes


@pytest.fixture(scope="module")
def two(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[IpfsNode]]:
    """Two nodes that are connected: ours, and an ordinary user's."""
    with nodes(tmp_path_factory.mktemp("ipfs"), 2) as found:
        yield found
