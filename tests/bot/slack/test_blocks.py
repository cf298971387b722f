"""What a person sees, as blocks."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.answering import REFUSALS
from bot.answers import Answer, Citation, Found, Refusal, RefusalReason, Sentence, ShownPassage, Timings, Writing
from bot.channels import Tone
from bot.errors import ModelFailed, ModelUnusable, QuestionUnusable, RecordsUnusable, SlackRefused, SlackUnavailable
from bot.questions import Origin
from bot.slack import blocks
from bot.slack.blocks import Frame, Message
from bot.slack.mrkdwn import escape
from bot.sparing import BUSY
from bot.synthesis import text_of
from bot.workspace.limits import check_blocks, check_text
from bot.workspace.mentions import read_blocks, read_mrkdwn
from indexer.passages import Hit
from tests.bot.slack.test_mrkdwn import HOSTILE
from tests.fakes_bot import a_hit, a_question, a_refusal, an_answer, shown

Golden = Callable[[str, str], None]

HOURS = a_hit(
    2, "Support hours", (), updated_at="2024-12-31T23:59:59Z", text="Phones are open 9 to 5.\nNot on Sundays."
)
PLAIN = a_hit(3, "Notes <draft>", ("C:\\temp", "R&D"), url="", updated_at="", text=r"Match ^\d+\s<\w+>$ only.")


def _as_sent(message: Message) -> list[dict[str, object]]:
    sent = json.loads(json.dumps(message.blocks))
    assert isinstance(sent, list)
    return sent


def _written(message: Message) -> str:
    written = {"text": message.text, "blocks": message.blocks}
    return (
        json.dumps(written | ({"plainer": message.plainer} if message.plainer else {}), indent=2, ensure_ascii=False)
        + "\n"
    )


def _three_sentences() -> Answer:
    answer = an_answer(a_hit(), HOURS, PLAIN)
    sentences = (
        Sentence("You get 28 days.", (1,)),
        Sentence("Phones & mail: 9 to 5.", (1, 2)),
        Sentence("Use <\\w+>.", (3,)),
    )
    return replace(
        answer, sentences=sentences, text="You get 28 days. [1] Phones & mail: 9 to 5. [1][2] Use <\\w+>. [3]"
    )


def _two_sides() -> Answer:
    sentences = (
        Sentence("You get 28 days.", (1,), about="UK"),
        Sentence("Public holidays come on top.", (1,), about="UK"),
        Sentence("Phones are open 9 to 5.", (2,), about="<!here>"),
    )
    remark = "I found nothing on <!channel> in the wiki."
    return replace(an_answer(a_hit(), HOURS), sentences=sentences, text=text_of(sentences), remark=remark)


def _refusal(reason: RefusalReason, *hits: Hit) -> Refusal:
    return a_refusal(reason, *hits, text=REFUSALS[reason])


FRAME = Frame(a_question())


SEEN: dict[str, Callable[[], Message]] = {
    "found": lambda: blocks.found(Found(shown(a_hit(), HOURS, PLAIN)), FRAME),
    "found_one": lambda: blocks.found(Found(shown(a_hit())), FRAME),
    "found_many": lambda: blocks.found(Found(shown(*(a_hit(n, f"Page {n}") for n in range(1, 9)))), FRAME),
    "writing": lambda: blocks.writing(Writing("You get 28 days. [1] Pho"), Found(shown(a_hit(), HOURS)), FRAME),
    "answer": lambda: blocks.answer(_three_sentences(), FRAME),
    "found_several": lambda: blocks.found(Found(shown(a_hit(), HOURS), up_to_seconds=20), FRAME),
    "answer_several": lambda: blocks.answer(_two_sides(), FRAME),
    "answer_without_address": lambda: blocks.answer(an_answer(PLAIN), FRAME),
    "refusal_not_found": lambda: blocks.refusal(
        _refusal(RefusalReason.NOT_FOUND, a_hit(), a_hit(), HOURS, PLAIN), FRAME
    ),
    "refusal_unsupported": lambda: blocks.refusal(_refusal(RefusalReason.UNSUPPORTED, a_hit()), FRAME),
    "refusal_declined": lambda: blocks.refusal(_refusal(RefusalReason.DECLINED, a_hit()), FRAME),
    "refusal_empty_index": lambda: blocks.refusal(_refusal(RefusalReason.EMPTY_INDEX), FRAME),
    "refusal_without_words": lambda: blocks.refusal(a_refusal(), FRAME),
    "apology_model_failed": lambda: blocks.apology(ModelFailed("out of memory"), shown(a_hit(), HOURS)),
    "apology_model_unusable": lambda: blocks.apology(ModelUnusable("/m.gguf is no GGUF")),
    "apology_records_unusable": lambda: blocks.apology(RecordsUnusable("disk full")),
    "apology_slack_unavailable": lambda: blocks.apology(SlackUnavailable("URLError")),
    "apology_unknown": lambda: blocks.apology(ZeroDivisionError("secret words of a question")),
    "answer_brief": lambda: blocks.answer(_three_sentences(), Frame(a_question(), Tone.BRIEF)),
    "answer_private": lambda: blocks.answer(an_answer(), Frame(replace(a_question(), origin=Origin.COMMAND))),
    "answer_read_as": lambda: blocks.answer(an_answer(), Frame(replace(a_question(), read_as="What <b>?"))),
    "refusal_busy": lambda: blocks.refusal(a_refusal(RefusalReason.BUSY, a_hit(), text=BUSY), FRAME),
    "waiting": lambda: blocks.waiting(4, 9.0, FRAME),
    "cancelled": blocks.cancelled,
    "question_unusable": lambda: blocks.apology(QuestionUnusable("I need a question in words.")),
}


@pytest.mark.parametrize("name", SEEN)
def test_message_is_as_it_was_read_and_agreed(name: str, golden: Golden) -> None:
    """What people see changes only together with its golden file."""
    message = SEEN[name]()

    golden(f"blocks/{name}.json", _written(message))
    check_blocks(_as_sent(message))


def test_error_text_is_never_shown() -> None:
    """An apology is chosen by the error's class; what the error says is for the log."""
    for error in (ModelFailed("xyzzy"), SlackRefused("xyzzy"), KeyError("xyzzy")):
        assert "xyzzy" not in _written(blocks.apology(error))


def test_a_command_in_an_answer_is_shown_as_code() -> None:
    """So that it can be copied as it is; a lone backtick is itself."""
    said = Sentence("Type `make <run>` at the ` prompt.", (1,))
    (first, *_) = _as_sent(blocks.answer(replace(an_answer(), sentences=(said,)), FRAME))

    assert json.dumps(first).count('"code": true') == 1
    assert _texts(first)[:3] == ["Type ", "make <run>", " at the ` prompt. "]


def test_two_citations_of_one_number_make_one_button() -> None:
    """Slack refuses a message in which two buttons have one action id."""
    answer = an_answer()
    twice = replace(answer, citations=(answer.citations[0], Citation(1, a_hit(), "28 days")))

    check_blocks(_as_sent(blocks.answer(twice, FRAME)))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "data:text/html,hi",
        "file:///etc/passwd",
        "//evil.example",
        "https://",
        "https://wiki.example.org@evil.example/",
        "https://wiki.example.org/\n",
        "https://a|b",
        "https://[bad",
        "https://a:port/",
        "https://a/" + "x" * 3000,
        "https://a/\u202egnp",
    ],
)
def test_address_that_no_browser_should_open_is_not_linked(url: str) -> None:
    """The title is shown all the same, in bold."""
    message = blocks.answer(an_answer(a_hit(url=url)), FRAME)

    assert read_blocks(message.blocks).links == ()
    assert "Annual leave (UK)" in _written(message)


unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
words = st.lists(st.sampled_from(HOSTILE) | st.text(max_size=300) | st.just("&<>" * 1500), max_size=4).map("".join)
urls = st.sampled_from(["https://wiki.example.org/a", "", "javascript:alert(1)"]) | st.text(max_size=40)
hits = st.builds(
    a_hit,
    number=st.integers(1, 40),
    title=words,
    headings=st.lists(words, max_size=3).map(tuple),
    url=urls,
    updated_at=st.sampled_from(["", "2026-05-03T08:00:00+00:00", "yesterday", "2026-05-03"]) | st.text(max_size=12),
    text=words,
)
many_hits = st.lists(hits, max_size=30)
numbers = st.lists(st.integers(0, 40), max_size=30).map(tuple)
sentences = st.lists(st.builds(Sentence, words, numbers), max_size=30).map(tuple)


def _assert_accepted_and_harmless(message: Message, shown_hits: list[Hit]) -> None:
    for sent in (_as_sent(message), json.loads(json.dumps(message.plainer))):
        _assert_blocks_are_harmless(sent, shown_hits)
    check_text(message.text, 4000)
    assert message.text
    assert read_mrkdwn(message.text).links == read_mrkdwn(message.text).pings == ()


def _assert_blocks_are_harmless(sent: list[dict[str, object]], shown_hits: list[Hit]) -> None:
    check_blocks(sent)
    assert sum(len(escape(text)) for text in _texts(sent)) < 10_000
    reach = read_blocks(sent)
    assert reach.pings == ()
    assert set(reach.links) <= {hit.url for hit in shown_hits}


def _texts(value: object) -> list[str]:
    if isinstance(value, dict):
        own = [value["text"]] if isinstance(value.get("text"), str) else []
        return own + [text for inner in value.values() for text in _texts(inner)]
    return [text for inner in value for text in _texts(inner)] if isinstance(value, list) else []


@unhurried
@given(many_hits, words)
def test_slack_accepts_passages_and_drafts_whatever_they_hold(found: list[Hit], draft: str) -> None:
    """No page, however named, makes Slack refuse the list of passages, pings anybody or links elsewhere."""
    _assert_accepted_and_harmless(blocks.found(Found(shown(*found)), FRAME), found)
    _assert_accepted_and_harmless(blocks.writing(Writing(draft), Found(shown(*found)), FRAME), found)
    _assert_accepted_and_harmless(blocks.apology(ModelFailed("x"), shown(*found)), found)


@unhurried
@example([], (), "\x1b")
@given(many_hits, sentences, words)
def test_slack_accepts_an_answer_whatever_it_holds(found: list[Hit], said: tuple[Sentence, ...], text: str) -> None:
    """No answer, however long or hostile, breaks Slack's limits, pings anybody or links elsewhere."""
    citations = tuple(Citation(n % 40, hit, hit.text) for n, hit in enumerate(found))
    answer = Answer(text, said, citations, shown(*found), Timings(), "m", 1, "")

    _assert_accepted_and_harmless(blocks.answer(answer, FRAME), found)


@unhurried
@given(many_hits, words, st.sampled_from(RefusalReason))
def test_slack_accepts_a_refusal_whatever_it_holds(found: list[Hit], text: str, reason: RefusalReason) -> None:
    """No refusal breaks Slack's limits, pings anybody or links elsewhere."""
    passages = tuple(ShownPassage(n, hit) for n, hit in enumerate(found, 1))

    _assert_accepted_and_harmless(blocks.refusal(Refusal(reason, text, passages, Timings(), "m", 1, ""), FRAME), found)
