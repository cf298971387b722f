"""Which pages say of themselves that they are outdated, and what a search makes of it."""

import pytest

from indexer.aging import asks_of_the_past, says_it_is_outdated
from tests.indexer.conftest import SmallIndex


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("Expenses [ARCHIVED]", ""),
        ("Deprecated: how we deployed", ""),
        ("Expenses 2023", "# Expenses 2023\n\n> Superseded on 1 April. Read Expenses."),
        ("Clusters", "> 🚧 This document is outdated and untested. 🚧"),
        ("PostgreSQL", "# PostgreSQL\n\n> Warning: This page is deprecated - read the playbook."),
        ("Cloud", "This handbook page is DEPRECATED."),
        ("Gems", "**Obsolete**"),
        ("Rules", "These rules are old. The policy is no longer in force."),
    ],
)
def test_a_page_may_say_that_it_is_outdated(title: str, head: str) -> None:
    """In its title, in a box above it, or in its first sentences."""
    assert says_it_is_outdated(title, head)


@pytest.mark.parametrize(
    ("title", "head"),
    [
        ("Old locks present", "An alert on old locks."),
        ("Sass", "LibSass is now deprecated. This is how to leave it."),
        ("Expenses", "It replaces Expenses 2023, and the figures there no longer apply."),
        ("Volunteering", "Last reviewed: February 2022. Contacts may be out of date."),
        ("Retiring a gem", "Check that it is a leftover artefact that is no longer in use."),
        ("Repositories", "We mirror all non-archived repositories."),
        ("Long", "Fine. " * 100 + "This page is outdated."),
    ],
)
def test_what_a_page_says_of_something_else_does_not_make_it_outdated(title: str, head: str) -> None:
    """Nor does what stands far below."""
    assert not says_it_is_outdated(title, head)


def test_a_question_may_be_about_the_past() -> None:
    """By its tense, a year or a word."""
    assert all(asks_of_the_past(question) for question in ("what was the limit?", "limit in 2023", "the former rules"))
    assert not asks_of_the_past("what is the limit?")


def test_outdated_pages_come_behind_others_alike(index: SmallIndex) -> None:
    """Unless the past is asked of; each hit says what its page says."""
    title, limit = "Hotel limit in London", "The hotel limit in London is £150 a night."
    index.wiki.write("old", f"> Superseded.\n\n{limit}", title=title)
    index.wiki.write("new", f"Ask early, and book in Wayfare. {limit}", title=title)
    index.wiki.write("far", "Lunch is at noon.", title="Lunch")
    index.refresh()

    now = index.find("hotel limit in London")
    then = index.find("what was the hotel limit in London")

    assert [(hit.page_id, hit.is_outdated) for hit in now[:2]] == [("new", False), ("old", True)]
    assert then[0].page_id == "old"
    assert [hit.score for hit in now] == sorted((hit.score for hit in now), reverse=True)
