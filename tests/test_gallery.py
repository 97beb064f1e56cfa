"""The gallery page: what it shows is what the runs made. `TALLY_WRITE=1` writes it anew."""

import os

from tests.gallery import PAGE, page


def test_the_page_shows_what_the_runs_made() -> None:
    """Each claim beside its number, each picture there."""
    if os.environ.get("TALLY_WRITE"):
        PAGE.write_text(page())
    assert PAGE.read_text() == page()
