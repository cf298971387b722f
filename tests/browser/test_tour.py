"""The tour shows pictures that are there, and no more than those."""

import re

from tests.browser.serving import ROOT
from tests.browser.tour import MAX_BYTES, PICTURES

_PICTURE = re.compile(r'(?:\]\(|src=")(?:docs/)?(pictures/[^)"]+)')


def test_every_picture_is_shown_and_small() -> None:
    """What README and tour show is in the docs, in a size that a page of twenty can have, and nothing else is."""
    pages = (ROOT / "README.md", ROOT / "docs" / "tour.md")

    shown = {ROOT / "docs" / name for page in pages for name in _PICTURE.findall(page.read_text(encoding="utf-8"))}

    assert shown == set(PICTURES.iterdir())
    assert {picture.name: picture.stat().st_size for picture in shown if picture.stat().st_size > MAX_BYTES} == {}


def test_every_picture_says_what_it_shows() -> None:
    """Who does not see a picture reads what is on it."""
    tour = (ROOT / "docs" / "tour.md").read_text(encoding="utf-8")

    assert tour.count("![](") == 0
    assert tour.count("<img ") == len(re.findall(r'<img [^>]*alt="[^"]+"', tour))
