"""Whatever wikis and people write: Slack takes it from the bot, nobody is pinged, and nothing else is linked."""

import json
from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.answers import Answer, Citation, RefusalReason, Sentence, Timings
from bot.channels import ChannelSettings, Tone
from bot.gaps import gaps
from bot.ports import IndexHealth, WikiHealth
from bot.questions import Asker, Origin, Question
from bot.slack import blocks, deeds, desk_words, forms, handing, suggesting
from bot.slack.blocks import Frame, Message
from bot.workspace.blocks import Surface
from bot.workspace.limits import check_blocks, check_text, check_view
from bot.workspace.mentions import read_blocks, read_mrkdwn
from indexer.passages import Hit
from tests.bot.slack.test_blocks import hits, many_hits, sentences, words
from tests.fakes_bot import a_hit, a_question, a_refusal, shown

few = settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
ASKER, OWNER = "U0JONAS", "U0PRIYA"
people = st.sampled_from([OWNER, "", "S0ADMINS", "<!channel>", "U0PRIYA>", "everyone"]) | st.text(max_size=20)


def asked(text: str, read_as: str = "", origin: Origin = Origin.MENTION) -> Question:
    """Return a question of Jonas with *text*."""
    return replace(a_question(text), asker=Asker(ASKER), read_as=read_as, origin=origin)


def check(message: Message, links: Iterable[str] = (), may_ping: Iterable[str] = ()) -> None:
    """Fail where Slack would refuse *message*, or where it reaches further than it may."""
    for made in (message.blocks, message.plainer or message.blocks):
        sent = json.loads(json.dumps(made))
        check_blocks(sent)
        reach = read_blocks(sent)
        assert set(reach.pings) <= {f"<@{person}>" for person in may_ping}
        assert set(reach.links) <= set(links)
    check_text(message.text, 4000)
    assert read_mrkdwn(message.text).links == read_mrkdwn(message.text).pings == ()


@few
@given(words, words, st.floats(0, 10_000))
def test_question_stays_words_wherever_it_is_repeated(text: str, read_as: str, seconds: float) -> None:
    """Above a private answer, in the call to a person, to the page's owner, once settled, and in the channel's copy."""
    question = asked(text, read_as)
    refusal = a_refusal(RefusalReason.DECLINED, text=text)

    check(blocks.private_question(question, seconds))
    check(blocks.refusal(refusal, Frame(question)))
    check(handing._calling(question, OWNER), may_ping=(ASKER, OWNER))
    check(handing._settled(question, OWNER), may_ping=(OWNER,))
    place = "https://acme.slack.com/archives/C1/p1?thread_ts=1.0&cid=C1"
    check(handing._asking(ASKER, place), links=(place,), may_ping=(ASKER,))
    check(deeds._as_shared(refusal, question), may_ping=(ASKER,))


@few
@given(many_hits, sentences, words, st.sampled_from(Origin), st.sampled_from(Tone))
def test_answer_stays_words_in_every_frame(
    found: list[Hit], said: tuple[Sentence, ...], text: str, origin: Origin, tone: Tone
) -> None:
    """In private, in a channel, in brief, shared, and with a follow-up as it was read."""
    citations = tuple(Citation(n % 40, hit, hit.text) for n, hit in enumerate(found))
    answer = Answer(text, said, citations, shown(*found), Timings(), text or "m", 1, text, remark=text)
    question = asked(text, read_as=text, origin=origin)

    check(blocks.answer(answer, Frame(question, tone)), links=[hit.url for hit in found])
    check(deeds._as_shared(answer, question), links=[hit.url for hit in found], may_ping=(ASKER,))


@few
@given(st.lists(hits, max_size=24), words)
def test_what_the_bot_was_shown_fits_a_modal(found: list[Hit], text: str) -> None:
    """However many passages, however long the prompt."""
    answer = Answer(text, (), (), shown(*found), Timings(), text, 1, text * 3)

    view = json.loads(json.dumps(forms.shown(asked(text, text), answer)))

    check_view(view, Surface.MODAL)
    assert read_blocks(view["blocks"]).pings == ()
    assert set(read_blocks(view["blocks"]).links) <= {hit.url for hit in found}


@pytest.mark.parametrize("letter", ["年", "й"])
def test_what_the_bot_was_shown_fits_a_modal_in_every_script(letter: str) -> None:
    """A letter that is not Latin takes more bytes; every passage is there still."""
    found = [a_hit(n, title=letter * 200, headings=(letter * 200,), text=letter * 3000) for n in range(1, 25)]
    answer = Answer(letter, (), (), shown(*found), Timings(), letter, 1, letter * 12_000)

    view = json.loads(json.dumps(forms.shown(asked(letter * 2000, letter * 2000), answer)))

    check_view(view, Surface.MODAL)
    assert all(f"[{n}] {letter}" in str(view) for n in range(1, 25))


@few
@given(st.lists(words, max_size=12), people, words, st.integers(1, 100))
def test_desk_stays_words(texts: list[str], person: str, name: str, wikis: int) -> None:
    """Gaps, what admins did, and wikis with their troubles, however many."""
    wiki = WikiHealth(name, 1, 2, name[:12], name)
    health = IndexHealth(1, 2, 3, (wiki,) * wikis, unreadable=4, refreshed_at=name[:12], to_mend=name)

    check(desk_words.gaps(gaps(texts)))
    check(desk_words.journal((text, person, text) for text in texts), may_ping=(person,))
    check(desk_words.sources(health))
    check(desk_words.status(health, name, name))
    check(blocks.said(name))


@few
@given(people.filter(bool), st.frozensets(st.sampled_from(["handbook", "hr"])))
def test_settings_of_a_channel_open_whatever_was_set(owner: str, wikis: frozenset[str]) -> None:
    """The form is taken by Slack."""
    form = desk_words.settings_form("C1", ChannelSettings(wikis, owner=owner), ["handbook", "hr"])

    check_view(json.loads(json.dumps(form)), Surface.MODAL)


@few
@given(st.lists(words | st.just("how many days off?"), max_size=6))
def test_suggestions_are_words_on_a_button(texts: list[str]) -> None:
    """Short, on one line, and with nothing that acts once somebody presses them and it is posted in their name."""
    for prompt in suggesting._fit(texts):
        assert 0 < len(prompt) <= suggesting.MAX_CHARACTERS
        assert "\n" not in prompt
        assert read_mrkdwn(prompt).pings == ()


@pytest.mark.parametrize("person", ["S0ADMINS", "!channel", "C0GENERAL", "", "U0x", "everyone"])
def test_only_a_persons_id_is_called(person: str) -> None:
    """Whatever was kept as an owner."""
    message = handing._calling(asked("why?"), person)

    assert read_blocks(json.loads(json.dumps(message.blocks))).pings == (f"<@{ASKER}>",)
