"""Pages as people meet them: opened from disk in a real browser."""

from collections.abc import Callable
from typing import Any

import pytest

from cli.page.facts import Facts
from tests.cli.page.conftest import MANY, Made, Opened, many
from tests.cli.page.hostile import HOSTILE, hostile_run
from tests.fakes.records import Ran

Look = Callable[..., Opened]


def ids(opened: Opened) -> list[str]:
    """Return the instances that the table shows, in its order."""
    shown: list[str] = opened.page.locator("#instances tbody tr:visible th").all_inner_texts()
    return shown


@pytest.mark.parametrize(("scheme", "width"), [("light", 1100), ("dark", 390)])
def test_a_page_opens_without_a_network(
    look: Look, protein: Facts, scheme: str, width: int
) -> None:
    """It asks for nothing, says nothing on the console, and fits the screen."""
    opened = look(protein, color_scheme=scheme, viewport={"width": width, "height": 800})
    page = opened.page
    assert opened.said == []
    assert all(url.startswith(("file:", "data:")) for url in opened.requests)
    assert len([url for url in opened.requests if url.startswith("file:")]) == 1
    assert page.title() == "protein · run"
    assert page.locator("svg.graph g.node").count() == 4
    for drawing in ("#graph svg", "#timeline svg"):
        box = page.locator(drawing).bounding_box()
        assert box["width"] > 100
        assert box["height"] > 50
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert dark == (scheme == "dark")


@pytest.mark.parametrize("width", [1100, 390])
def test_a_verifier_sees_what_came_of_it(look: Look, checked: Facts, width: int) -> None:
    """The latest rerun is open: how it came out and what differs; who vouches, what was paid."""
    opened = look(checked, viewport={"width": width, "height": 800})
    page = opened.page
    assert opened.said == []
    assert "differs, 3 of 6 steps" in page.locator("header").inner_text()
    again = page.locator("#again")
    assert again.locator("details").count() == 2
    assert again.locator("details[open]").count() == 1
    rows = again.locator("details[open] tbody tr")
    assert rows.locator("th").all_inner_texts() == ["fold[2]", "fold[0]", "check"]
    assert "largest deviation: 3" in rows.first.inner_text()
    assert "this machine" in again.inner_text()
    assert "chosen by whoever made the bundle" in again.inner_text()
    page.locator("#voices summary").click()
    first = page.locator("#voices tbody tr").first
    assert "all others contradict it" in first.inner_text()
    assert "paid to one peer" in page.locator("#receipts").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("which", ["protein", "checked"])
def test_a_page_is_accessible(look: Look, which: str, request: pytest.FixtureRequest) -> None:
    """By axe-core: roles, names, and contrast on light and on dark."""
    from axe_playwright_python.sync_playwright import Axe

    page = look(request.getfixturevalue(which)).page
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_a_click_on_a_title_sorts(look: Look, protein: Facts) -> None:
    """By what a column means: time by its length, and not by its letters; empty ones last."""
    opened = look(protein)
    title = opened.page.locator("#instances th", has_text="Time")
    before = ids(opened)
    title.locator("button").click()
    upward = ["check", "fetch", "fold[2]", "fold[0]", "fold[1]", "report"]
    assert ids(opened) == upward
    assert title.get_attribute("aria-sort") == "ascending"
    title.locator("button").click()
    assert ids(opened) == [*upward[-2::-1], "report"]
    assert sorted(before) == sorted(upward)
    assert opened.said == []


def test_instances_are_found(look: Look, protein: Facts) -> None:
    """By words and by state."""
    opened = look(protein)
    opened.page.locator("#find").fill("fold")
    assert ids(opened) == ["fold[0]", "fold[1]", "fold[2]"]
    opened.page.locator("#only").select_option("failed")
    assert ids(opened) == ["fold[1]"]
    assert opened.page.locator("#found").inner_text() == "1 of 6"


def test_a_click_copies_an_address(look: Look, protein: Facts) -> None:
    """All of it, where a table shows its beginning."""
    opened = look(protein, permissions=["clipboard-read", "clipboard-write"])
    opened.page.locator("#instances .cid").first.click()
    opened.page.locator("#said", has_text="copied").wait_for()
    (address,) = protein.listed[0].outputs.values()
    assert opened.page.evaluate("navigator.clipboard.readText()") == str(address)


def test_a_page_works_without_scripts(look: Look, protein: Facts) -> None:
    """All of it can be read; only what needs a script is not shown."""
    page = look(protein, java_script_enabled=False).page
    assert page.locator("#instances tbody tr:visible").count() == 6
    assert not page.locator(".filter").is_visible()
    assert page.locator("#timeline svg").is_visible()


def test_a_page_is_printed_whole(look: Look, protein: Facts) -> None:
    """What can be opened is open on paper, and what cannot be clicked is not there."""
    opened = look(protein)
    opened.page.emulate_media(media="print", color_scheme="dark")
    opened.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.page.locator("details:not([open])").count() == 0
    assert not opened.page.locator("nav").is_visible()
    background = "getComputedStyle(document.querySelector('section')).backgroundColor"
    assert opened.page.evaluate(background) == "rgb(255, 255, 255)"


def test_what_strangers_wrote_does_nothing(look: Look, made: Made) -> None:
    """Markup is text, marks that turn text around are spelled out, and no script of it runs."""
    opened = look(hostile_run(made))
    page = opened.page
    assert opened.said == []
    assert page.evaluate("typeof hacked") == "undefined"
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, b.hacked").count() == 0
    assert HOSTILE in page.locator("header .description").inner_text()
    assert "\u202e" not in page.locator("html").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= 1100


def test_even_markup_in_the_page_could_do_nothing(look: Look, protein: Facts) -> None:
    """Its policy names the one script and the one style that it has, and forbids the rest."""
    opened = look(protein)
    for attempt in (
        "body.append(Object.assign(document.createElement('script'), {text: 'hacked = 1'}))",
        "body.append(Object.assign(document.createElement('img'), {src: 'http://127.0.0.1:9/'}))",
        "body.setAttribute('onclick', 'hacked = 1'); body.click()",
        "return fetch('http://127.0.0.1:9/').catch(() => 'not sent')",
    ):
        opened.said.clear()
        opened.page.evaluate(f"() => {{ const body = document.body; {attempt} }}")
        assert any("Content Security Policy" in line for line in opened.said), attempt
    assert opened.page.evaluate("typeof hacked") == "undefined"


def test_ten_thousand_instances_are_a_page(look: Look, made: Made) -> None:
    """A table that can be handled, and a word on what is not in it."""
    opened = look(many(made(MANY, [Ran("prepare")]), 10_000))
    page: Any = opened.page
    assert page.locator("#instances tbody tr").count() == 1_000
    assert "train: 9\xa0001 ran" in page.locator("#steps").inner_text()
    assert page.locator("#timeline g.row").count() == 3
    page.locator("#instances th", has_text="Time").locator("button").click()
    assert opened.said == []
