"""Pictures as Mermaid itself reads them: the package of the npm registry, in a real browser."""

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from engine.picture.graph import Picture
from engine.picture.mermaid import to_mermaid
from tests.engine.picture.drawn import node, pictured, random_picture
from tests.engine.picture.test_notations import HOSTILE, STATES

PACKAGE = "mermaid@11.16.0"
SHA512 = "Zvm3kbstgdpvIJPPItlL7fppIZ3kibvc1oZIGxdvk9t6UFz6flv+Jw7FtRGKwfcI8OckmH04LqG6LlS6X4B1pA=="
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tallystick" / "npm"


@pytest.fixture(scope="module")
def mermaid(browser: Any) -> Any:
    """Return a page that has Mermaid, kept from the last time."""
    file = CACHE / f"{PACKAGE.replace('@', '-')}.tgz"
    if not file.exists():
        if shutil.which("npm") is None:
            pytest.skip("NO TESTS BY MERMAID: npm is not here to fetch it")
        CACHE.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["npm", "pack", "--silent", PACKAGE], cwd=CACHE, check=False)
        if done.returncode:
            pytest.skip(f"NO TESTS BY MERMAID: npm could not fetch {PACKAGE}")
    assert base64.b64encode(hashlib.sha512(file.read_bytes()).digest()).decode() == SHA512
    with tarfile.open(file) as package:
        script = package.extractfile("package/dist/mermaid.min.js")
        assert script is not None
        text = script.read().decode()
    page = browser.new_page()
    page.add_script_tag(content=text)
    yield page
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    "drawn",
    [
        random_picture(60, seed=3),
        STATES,
        pictured([node(name) for name in HOSTILE], [], title=HOSTILE[0]),
    ],
    ids=["random", "states", "hostile"],
)
def test_mermaid_draws_every_node_with_its_label(mermaid: Any, drawn: Picture) -> None:
    """As many nodes and edges as there are, and every name as it is."""
    mermaid.set_content("<div id=here></div>")
    draw = (
        "async (text) => { document.getElementById('here').innerHTML ="
        " (await mermaid.render('drawn', text)).svg }"
    )
    mermaid.evaluate(draw, to_mermaid(drawn))
    labels = mermaid.locator("#here g.node .nodeLabel").all_inner_texts()
    names = [label.split("\n")[0].split(" \xd7")[0] for label in labels]
    assert names == [" ".join(each.step.splitlines()) for each in drawn.nodes]
    assert mermaid.locator("#here .edgePaths path").count() == len(drawn.edges)
