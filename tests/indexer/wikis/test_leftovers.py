"""Marks of site generators go, the page's words and its code stay."""

import time

import pytest

from indexer.wikis.leftovers import MAX_LINE_CHARACTERS, without_leftovers
from indexer.wikis.markdown import read_markdown


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("At least <%= Repos.size %> of them", "At least of them"),
        ("One\n\n<% repos.each do |repo|\n  next if repo %>\n\ntwo", "One\n\ntwo"),
        ('{% include nav.html %}\nText {{< ref "x" >}}', "Text"),
        ("Text {: .lead}\n{: #id}", "Text"),
        ("Returns {:ok, page}", "Returns {:ok, page}"),
        ("[TOC]\n\n[[_TOC_]]\n\nText", "Text"),
        ("{{generator:team_list}}\n\nText {{ticket.id}}", "Text {{ticket.id}}"),
        ("> [!WARNING]\n> Hot", "> Warning: Hot"),
        (
            '!!! note "Mind"\n    The gap\n\n    ```sh\n    ls\n    ```\n\nAfter',
            "Note: Mind\n\nThe gap\n\n```sh\nls\n```\n\nAfter",
        ),
        ('=== "Linux"\n    apt\n=== "Mac"\n    brew', "Linux\n\napt\n\nMac\n\nbrew"),
        (":::tip Do\nthis\n:::\nAfter", "Tip: Do\n\nthis\n\nAfter"),
        ("Fact[^1].\n\n[^1]: https://x.example", "Fact.\n\nNote 1: https://x.example"),
        ("All but [^abc] characters", "All but [^abc] characters"),
    ],
)
def test_leftovers_go_and_words_stay(source: str, shown: str) -> None:
    """What the generator would have replaced is not the page's text; what it would only have styled is."""
    assert read_markdown(source, "page").text == shown


@pytest.mark.parametrize(
    "source",
    ["```erb\n<%= x %>\n{{< y >}}\n[[ -f z ]]\n=== RUN\n```", "~~~\n!!! note\n~~~", "Use `<%= x %>` and `{{< y >}}`"],
)
def test_code_is_left_as_it_is(source: str) -> None:
    """Pages about templates show templates."""
    assert without_leftovers(source) == source


def test_line_of_nothing_but_openings_is_passed_over_in_time() -> None:
    """The patterns are quadratic at worst, so very long lines are left alone."""
    started = time.monotonic()

    without_leftovers("<% " * MAX_LINE_CHARACTERS)

    assert time.monotonic() - started < 5  # seconds; nearly 0 in fact
