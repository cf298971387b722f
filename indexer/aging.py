"""Whether a page says of itself that it is outdated, and whether a question is about the past."""

import re

HEAD_CHARACTERS = 400  # of a page, its title among them, in which such a thing is said

_OLD = (
    r"(?:outdated|out of date|superseded|obsolete|deprecated|archived"
    r"|no longer (?:in (?:force|use)|valid|maintained|accurate|current|up to date))"
)
_IN_TITLE = re.compile(rf"\b{_OLD}\b", re.IGNORECASE)
_IN_HEAD = re.compile(
    r"\b(?:this|the) (?:[\w-]+ ){0,2}(?:page|document|doc|documentation|guide|policy|process|article|section|version)\b"
    rf"[^.\n]{{0,30}}?\b(?:is|are|was|were|been)\b[^.\n]{{0,12}}?\b{_OLD}\b"  # "this page has been archived"
    rf"|^[\W_]*(?:(?:warning|note|caution|important|status)\W+)?{_OLD}\b",  # "> Superseded on 1 April"
    re.IGNORECASE | re.MULTILINE,
)
_PAST = re.compile(
    r"\b(?:old|older|former|formerly|previous|previously|past|used to|history|historical|was|were|did|(?:19|20)\d\d"
    rf"|{_OLD})\b",
    re.IGNORECASE,
)


def says_it_is_outdated(title: str, head: str) -> bool:
    r"""Return whether a page with *title*, whose text begins with *head*, says so of itself.

    >>> says_it_is_outdated("Expenses (2023 rules)", "> Superseded. Do not use these figures.")
    True
    >>> says_it_is_outdated("Gems", "# Gems\n\nLibSass is deprecated. This page is not.")
    False
    """
    return bool(_IN_TITLE.search(title) or _IN_HEAD.search(head[:HEAD_CHARACTERS]))


def asks_of_the_past(question: str) -> bool:
    """Return whether *question* may be about what was once so.

    >>> asks_of_the_past("what was the limit in 2023?"), asks_of_the_past("what is the limit?")
    (True, False)
    """
    return _PAST.search(question) is not None
