"""Whatever happens to a wiki, in whatever order it is looked at: nobody sees what they may not, and all ends equal."""

from dataclasses import dataclass, field
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.errors import GenerationForgotten
from indexer.pages import Audience, PageId, Principal, Readers, may_read
from indexer.ports import Abilities
from tests.fakes_indexer import ONLY_LISTS, TELLS_ALL, TELLS_EDITS, FakeWiki, as_readers
from tests.indexer.conftest import SmallIndex, build_index

AUDIENCES = [["everyone"], ["everyone", "hr"], ["everyone", "hr", "staff"]]
LAYERS = [(["everyone"],), (["hr"],), (["hr"], ["staff"]), ()]

PAGES = st.integers(0, 1)  # few, so that much happens to each
KINDS = ["write", "poll", "back", "write", "poll", "restrict", "delete", "break", "mend", "forward", "list", "forget"]
ACTIONS = st.lists(st.tuples(st.sampled_from(KINDS), PAGES, st.sampled_from(LAYERS)), min_size=10, max_size=40)


@dataclass(slots=True)
class Truth:
    """Who may read what, as the wiki's people mean it: each page's readers, and those of each text when last seen.

    A right that came and went between two looks is nobody's to know.
    """

    wiki: FakeWiki
    written: int = 0
    page: dict[str, Readers] = field(default_factory=dict)
    text: dict[str, Readers] = field(default_factory=dict)
    text_of: dict[str, str] = field(default_factory=dict)

    def write(self, page_id: str, layers: tuple[list[str], ...]) -> None:
        """Write a text that no page ever had, for new readers."""
        self.written += 1
        self.text_of[page_id] = f"page {page_id} says word{self.written}"
        self.wiki.write(page_id, self.text_of[page_id])
        self.restrict(page_id, layers)

    def restrict(self, page_id: str, layers: tuple[list[str], ...]) -> None:
        """Let others read a page."""
        self.wiki.restrict(page_id, *layers)
        self.page[page_id] = as_readers(*layers)

    def look(self) -> None:
        """Keep the readers of each text that stands now."""
        for page_id in self.wiki.page_ids():
            self.text[self.text_of[page_id]] = self.page[page_id]

    def allows(self, audience: Audience, page_id: str, text: str) -> bool:
        """Say whether *audience* may read the page now, and might read that text when it was last seen there."""
        return may_read(audience, self.page[page_id]) and may_read(audience, self.text[text])


@given(actions=ACTIONS, abilities=st.sampled_from([ONLY_LISTS, TELLS_ALL, TELLS_EDITS]), tells_readers=st.booleans())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_nobody_sees_what_is_closed_and_all_ends_equal(
    tmp_path_factory: pytest.TempPathFactory,
    actions: list[tuple[str, int, tuple[list[str], ...]]],
    abilities: Abilities,
    tells_readers: bool,  # noqa: FBT001 - hypothesis hands it over
) -> None:
    """After each poll every hit may be read; after a last good one the index says what a fresh one says."""
    index = build_index(tmp_path_factory.mktemp("history"), wiki=FakeWiki(abilities=abilities))
    index.wiki.tells_readers = tells_readers
    truth = Truth(index.wiki)
    truth.write("always", (["everyone"],))
    for action, number, layers in actions:
        _act(index, truth, action, f"page-{number}", layers)

    index.wiki.unreadable = {}
    _forward(index)
    index.refresh(full=True, accept_removals=True)

    fresh = build_index(tmp_path_factory.mktemp("fresh"), wiki=index.wiki)
    fresh.refresh()
    for names in AUDIENCES:
        assert _found(index, names) == _found(fresh, names)
    index.catalogue.close()
    fresh.catalogue.close()


def _act(index: SmallIndex, truth: Truth, action: str, page_id: str, layers: tuple[list[str], ...]) -> None:
    """Let one thing happen to the wiki or the index, and look at what is shown after the index has looked."""
    is_there = page_id in index.wiki.page_ids()
    if action == "write":
        truth.write(page_id, layers)
    elif action == "restrict" and is_there:
        truth.restrict(page_id, layers)
    elif action == "delete" and is_there:
        index.wiki.delete(page_id)
    elif action == "break":
        index.wiki.unreadable[PageId(page_id)] = "broken"
    elif action == "mend":
        index.wiki.unreadable = {}
        index.clock.forward(timedelta(hours=1))
    elif action == "forget":
        index.wiki.forgets_before = index.wiki.changes_told()
    elif action in {"back", "forward", "poll", "list"}:
        if action == "back":
            _back(index)
        if action == "forward":
            _forward(index)
        truth.look()
        index.refresh(listing=action == "list")
        _check(index, truth)


def _check(index: SmallIndex, truth: Truth) -> None:
    """Check that no audience is shown what it may not read, or what is gone and was seen to be."""
    for names in AUDIENCES:
        audience = frozenset(Principal(name) for name in names)
        for page_id, text in _found(index, names):
            if page_id in index.wiki.page_ids():
                assert truth.allows(audience, page_id, text), (names, page_id, text)
            else:  # only a wiki that does not tell deletions may have one that no poll could see
                assert index.wiki.abilities == TELLS_EDITS, (names, page_id, text)


def _found(index: SmallIndex, names: list[str]) -> list[tuple[str, str]]:
    """Return all that an audience can find."""
    return sorted((hit.page_id, hit.text) for hit in index.find("page says", 1000, names))


def _back(index: SmallIndex) -> None:
    try:
        index.show(None)
    except GenerationForgotten:
        return


def _forward(index: SmallIndex) -> None:
    with index.catalogue.reading() as reading:
        newest = reading.newest_generation()
    index.show(newest)
