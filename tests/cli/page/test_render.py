"""The page as a file."""

import base64
import hashlib
import re
from pathlib import Path

from cli.page.facts import Facts
from cli.page.gather import gather
from cli.page.render import render
from cli.page.view import MAX_DRAWN, MAX_PATHS, view_of
from cli.workspace import Workspace
from tests.cli.page.conftest import INSTANCES, MANY, WORKFLOW, Made, many
from tests.cli.page.hostile import hostile_run
from tests.fakes.records import Ran, record


def test_the_same_run_is_the_same_page(tmp_path: Path) -> None:
    """In any home, at any time: pages can be compared."""
    pages = []
    for name in ("one", "other"):
        with Workspace(tmp_path / name) as space:
            cid = record(space.store, WORKFLOW, INSTANCES, status="failed")
            pages.append(render(gather(space, str(cid))))
    assert pages[0] == pages[1]


def test_the_policy_names_the_style_and_the_script(protein: Facts) -> None:
    """By the hash of exactly their text, and nothing else may be loaded."""
    page = render(protein)
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    for tag in ("style", "script"):
        (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", page, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{tag}-src &#39;sha256-{digest}&#39;" in policy[1]
    assert policy[1].startswith("default-src &#39;none&#39;; ")
    assert "unsafe" not in policy[1]


def test_a_page_refers_to_nothing_outside_it(protein: Facts) -> None:
    """No link, image, font or frame of elsewhere, and no style in an attribute."""
    page = render(protein)
    targets = re.findall(r"""\b(?:href|src|action|data)="([^"]*)\"""", page)
    assert all(target.startswith(("#", "data:,")) for target in targets)
    assert not re.search(r"url\((?!#)|@import|\bstyle=| on[a-z]+=", page)


def test_a_hostile_run_is_a_small_page(made: Made) -> None:
    """Every text is cut: of megabytes in its records little is shown."""
    page = render(hostile_run(made))
    assert len(page) < 150_000
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "{{7*7}}" in page  # text that looks like a template is text


def test_a_large_run_is_a_page_of_bounded_size(made: Made) -> None:
    """Ten times the instances, the same page but for its numbers."""
    facts = made(MANY, [Ran("prepare")])
    sizes = [len(render(many(facts, count))) for count in (1_200, 10_000)]
    assert sizes[1] < sizes[0] * 1.05 < 1_000_000


def test_a_graph_of_very_many_steps_is_not_in_the_page(made: Made) -> None:
    """What draws it is named."""
    steps = "".join(f"  s{n}: {{run: 'true', outputs: {{o: o}}}}\n" for n in range(MAX_DRAWN + 1))
    head = "workflow: wide\nenvironments: {sh: {store: /nix/store/%s-sh}}\n" % ("0" * 32)
    text = f"{head}defaults: {{environment: sh}}\nsteps:\n{steps}"
    facts = made(text, [Ran("s0")], status="cancelled")
    assert view_of(facts).graph is None
    assert f"tally graph {facts.head.run}" in render(facts)


def test_store_paths_are_listed_largest_first(made: Made) -> None:
    """Up to a bound, and the rest is counted."""
    paths = [(f"{n:032}-p", n) for n in range(MAX_PATHS + 5)]
    page = render(made(paths=paths))
    assert page.index(f"{MAX_PATHS + 4:032}-p") < page.index(f"{MAX_PATHS:032}-p")
    assert "5 smaller ones are not listed" in page


def test_why_it_failed_is_told_in_words(protein: Facts) -> None:
    """From the record, where this home has no journal of it."""
    page = render(protein)
    assert "it used more memory than its &#39;memory&#39; allows" in page
    assert "epoch 2\nred" in page
    assert "MemoryError" in page
