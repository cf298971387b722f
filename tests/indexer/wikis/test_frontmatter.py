"""What a page says about itself is read carefully, and never indexed."""

import pytest

from indexer.wikis.frontmatter import find_review_date, read_date, split_front_matter


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ('---\ntitle: "Say \\"hi\\""\n---\nBody', 'Say "hi"', "\nBody"),
        ("---\nTitle: It's  # a comment\ntags: [a, b]\n---\nBody", "It's", "\nBody"),
        ("+++\ntitle = 'Hugo'\n+++\nBody", "Hugo", "\nBody"),
        ("---\ntags:\n  - a\n---\nBody", "", "\nBody"),
        ("---\ntitle: >\n  folded\n---\nBody", "", "\nBody"),
        ("---\nJust a line between rules.\n---\nBody", "", "---\nJust a line between rules.\n---\nBody"),
        ("---\ntitle: never closed\n\nBody", "", "---\ntitle: never closed\n\nBody"),
        ("Body\n---\ntitle: no\n---", "", "Body\n---\ntitle: no\n---"),
    ],
)
def test_front_matter_is_only_what_plainly_is(text: str, title: str, rest: str) -> None:
    """Two thematic breaks with a sentence between them are text, and stay."""
    front, body = split_front_matter(text)

    assert front.title == title
    assert body == rest


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-16", "2026-03-16"),
        ("2026-03-16T10:00:00Z", "2026-03-16"),
        ("16 March 2026", "2026-03-16"),
        ("March 16th, 2026", "2026-03-16"),
        ("May 2021", "2021-05-01"),
        ("1st Sept. 2020", "2020-09-01"),
        ("2026-13-45", None),
        ("16/03/2026", None),
        ("yesterday", None),
    ],
)
def test_dates_are_read_only_where_they_can_mean_one_day(text: str, day: str | None) -> None:
    """16/03 could be either way round in other years: no date is better than a wrong one."""
    date = read_date(text)

    assert (date.date().isoformat() if date else None) == day


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("Last reviewed: 12 May 2021", "2021-05-12"),
        ("36 desks. Reviewed May 2026 by Käthe.", "2026-05-01"),
        ("This page was last updated on 2024-01-31.", "2024-01-31"),
        ("The office was opened in May 2019.", None),
        ("Reviewed by Käthe.", None),
    ],
)
def test_review_sentence_is_found_at_the_start_of_a_sentence(text: str, day: str | None) -> None:
    """Other dates say nothing about how old the page is."""
    date = find_review_date(["Intro", text])

    assert (date.date().isoformat() if date else None) == day
