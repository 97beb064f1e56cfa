"""The page as a file."""

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cli.page.facts import Facts, Given, Head, Instance, Locked, Tail
from cli.page.finding import MAX_STEPS
from cli.page.findings import Again, Findings, Part, Place, Voice, Voucher, Who
from cli.page.gather import gather
from cli.page.render import render
from cli.page.view import MAX_DRAWN, MAX_PATHS, view_of
from cli.workspace import Workspace
from engine.content.cid import RAW, Cid
from engine.redone import MAX_OUTPUTS as KEPT_OUTPUTS
from engine.redone import MAX_TEXT, Redone, RedoneOutput, RedoneStep
from engine.step import Attestation
from engine.workflow.lock import LockedEnvironment
from engine.workflow.parse import parse
from tests.cli.page.conftest import INSTANCES, MANY, WORKFLOW, Made, many
from tests.cli.page.hostile import hostile_run
from tests.fakes.records import Ran, record

SOME = Cid.of(RAW, b"some")
PLAIN = parse(WORKFLOW, "test.yaml")


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


def test_a_rerun_in_which_all_differs_is_a_page_of_bounded_size(protein: Facts) -> None:
    """Of many steps with many outputs and long words the first are shown, and the rest counted."""
    text = "x" * MAX_TEXT
    output = RedoneOutput("o", "differs", SOME, SOME, text)
    step = RedoneStep("s", "differs", text, "Linux", "bwrap", "", 5, (output,) * KEPT_OUTPUTS)
    redone = Redone(1, SOME, 0, 9, "differs", 10_000, 10_000, False, "", text)
    again = Again(redone, {"differs": 10_000}, [], [step] * MAX_STEPS)
    page = render(replace(protein, findings=Findings(again=[again])))
    assert len(page) < 2_000_000
    assert "9\xa0800 more came out no worse" in page
    assert "and 95 more outputs" in page


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


def test_a_run_without_an_end_says_so(protein: Facts) -> None:
    """While it goes on, and when its process is gone; what has not ended is counted."""
    for status, words in (("running", "it goes on"), ("interrupted", "it has no end")):
        head = replace(protein.head, name="brave-otter", run=None, lock=None, status=status)
        some = [one for one in protein.instances if one.name != "report"]
        page = render(replace(protein, head=head, instances=some))
        assert words in page
        assert "not ended" in page
        assert "tally log brave-otter -f" in page


def test_why_it_failed_is_told_in_words(protein: Facts) -> None:
    """From the record, where this home has no journal of it."""
    page = render(protein)
    assert "it used more memory than its &#39;memory&#39; allows" in page
    assert "epoch 2\nred" in page
    assert "MemoryError" in page


@given(st.text(min_size=1, max_size=60).filter(lambda text: text.strip("\r\n")))
@settings(max_examples=25, deadline=None)
def test_no_text_changes_the_elements_of_a_page(text: str) -> None:
    """Whatever a stranger wrote where, the page is built of the same elements."""
    assert elements(page_with(text)) == elements(page_with("x"))


def page_with(text: str) -> str:
    """Return the page of a run in which everything that can be any text is this one."""
    said = Attestation(SOME, SOME, text, text, 0, 1, 1, 1, None, None, False, text)
    bad = Instance("fetch", None, "failed", SOME, SOME, 1, {}, said, text, text)
    workflow = replace(PLAIN, description=text)
    head = Head(text, SOME, text, True, None, None, SOME, SOME, {text: text})
    lock = LockedEnvironment(SOME, SOME, text, text)
    locked = Locked(text, text, lock, None)
    tail = Tail("fetch", text, text, 5)
    gave = {text: Given((SOME,), 5)}
    told = findings_with(text)
    return render(
        Facts(head, workflow, {}, [locked], [bad], [bad], [], 0, gave, None, [tail], told)
    )


def findings_with(text: str) -> Findings:
    """Return what is known of a run where everything that can be any text is this one."""
    who = Who(text, text, text)
    output = RedoneOutput(text, "differs", SOME, None, text)
    step = RedoneStep(text, "failed", text, text, text, "", 5, (output,))
    redone = Redone(1, SOME, 2**60, 2**60, "failed", 1, 9, True, text, text)
    return Findings(
        again=[Again(redone, {"failed": 9}, [Place(who, text, text, 1)], [step])],
        older=1,
        vouchers=[Voucher(who, text, text, 1, 1)],
        voices=[Voice("fetch", SOME, 1, 1, 1, text)],
        parts=[Part(1, 9, text)],
        receipts=text,
        paid=[who],
        cost=text,
    )


def elements(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return every tag of a page with the names of its attributes, in order."""
    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, tuple(name for name, _ in attrs)))

    Reader().feed(page)
    return found
