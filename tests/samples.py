"""Hits, questions and the like with every field filled in, for tests that care about one or two."""

from indexer.pages import PageId
from indexer.passages import Hit, PassageId


def hit(text: str, title: str = "A page", url: str = "", cosine: float = 0.6, passage_id: int = 1) -> Hit:
    """Return a hit of *text*."""
    return Hit(
        passage_id=PassageId(passage_id),
        wiki="handbook",
        page_id=PageId(f"{title}.md"),
        title=title,
        headings=(),
        anchor="",
        url=url,
        revision="0123456789ab",
        updated_at="2026-05-03T09:00:00+00:00",
        text=text,
        score=cosine,
        cosine=cosine,
        words=3.0,
    )
