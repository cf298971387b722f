"""What an example shows: gold among hard distractors that do not give the answer away."""

from collections import Counter

import numpy as np

from finetune import showing
from finetune.drafts import Claim, Draft, Quote
from finetune.ports import Piece
from finetune.showing import Located, Way
from tests.finetune.tiny import ListedPassages

GOLD = Piece("leave.md", "Leave", (), "Staff in the UK get 25 days of leave a year.")
SAME_PAGE = Piece("leave.md", "Leave", ("Sick leave",), "When you are sick tell your manager before ten.")
TWIN = Piece("faq.md", "FAQ", (), "Remember that staff in the UK get 25 days of leave a year, as ever.")
GIVES_AWAY = Piece("uk.md", "UK", (), "The number of days of leave in the UK is 25.")
HARD = [Piece(f"p{n}.md", f"Page {n}", (), f"Leave in the office number {n} is asked for in Roster.") for n in range(8)]
FINDER = ListedPassages([GOLD, SAME_PAGE, TWIN, GIVES_AWAY, *HARD])
DRAFT = Draft(
    "d", "rows", "rows", "keyword", "how much leave in the UK",
    (Claim("Staff in the UK get 25 days of leave a year.", (0,)),),
    (Quote("leave.md", "Staff in the **UK** get 25 days of leave a year."),),
)  # fmt: skip


def _asked(draft: Draft = DRAFT) -> Located:
    asked = showing.located(draft, FINDER)
    assert asked is not None
    return asked


def _shown(way: Way, count: int = 200) -> list[showing.Shown]:
    asked = _asked()
    hits = FINDER.find(DRAFT.question, 12)
    made = [showing.show(asked, way, FINDER, hits, np.random.default_rng(seed)) for seed in range(count)]
    return [one for one in made if one is not None]


def test_gold_stands_at_every_place() -> None:
    """Else a model learns to cite the first."""
    places = Counter(shown.gold for shown in _shown(Way.SEARCHED) if len(shown.pieces) == 3)

    assert set(places) == {(1,), (2,), (3,)}
    assert min(places.values()) > 0.2 * sum(places.values())


def test_answer_cites_the_gold_passage() -> None:
    """Whatever its number is."""
    for shown in _shown(Way.SEARCHED):
        (number,) = shown.gold
        assert shown.pieces[number - 1] == GOLD
        assert shown.answer == f"Staff in the UK get 25 days of leave a year. [{number}]"


def test_no_distractor_holds_the_answer() -> None:
    """Neither word for word nor in other words: citing it would be right and counted as wrong."""
    for way in (Way.SEARCHED, Way.SAME_PAGE, Way.GOLD_REMOVED):
        for shown in _shown(way):
            assert TWIN not in shown.pieces
            assert GIVES_AWAY not in shown.pieces


def test_same_page_passages_are_shown() -> None:
    """They have the same title, and are the hardest to tell apart."""
    assert sum(SAME_PAGE in shown.pieces for shown in _shown(Way.SAME_PAGE)) > 80


def test_with_the_gold_removed_there_is_no_answer() -> None:
    """At least two near passages, and nothing to cite."""
    for shown in _shown(Way.GOLD_REMOVED):
        assert GOLD not in shown.pieces
        assert (shown.answer, shown.gold) == ("", ())
        assert len(shown.pieces) >= 2 or not shown.pieces


def test_unanswered_question_shows_the_nearest_text() -> None:
    """A near miss is one only if the text that nearly answers is there."""
    near = Draft("n", "rows", "rows", "near-miss", "who pays for leave", (), DRAFT.quotes)
    asked = _asked(near)
    made = [
        showing.show(asked, Way.NEAREST, FINDER, FINDER.find("leave", 12), np.random.default_rng(n)) for n in range(100)
    ]

    assert sum(GOLD in shown.pieces for shown in made if shown is not None) > 60


def test_quote_that_stands_nowhere_makes_no_example() -> None:
    """A row whose evidence is not found is dropped, not shown without its gold."""
    lost = Draft("l", "rows", "rows", "keyword", "q", DRAFT.answer, (Quote("leave.md", "the moon is green cheese"),))

    assert showing.located(lost, FINDER) is None


def test_two_pages_are_cited_each_for_its_own_sentence() -> None:
    """Two gold passages, two markers."""
    both = Draft(
        "b", "rows", "rows", "two-pages", "leave and sickness",
        (Claim("Staff get 25 days of leave.", (0,)), Claim("When sick tell your manager.", (1,))),
        (DRAFT.quotes[0], Quote("leave.md", "When you are sick tell your manager")),
    )  # fmt: skip

    shown = showing.numbered(_asked(both), [SAME_PAGE, HARD[0], GOLD])

    assert shown.answer == "Staff get 25 days of leave. [3] When sick tell your manager. [1]"
    assert shown.gold == (1, 3)
