"""How people ask: in a channel, a direct message, a thread, by command; and how they change their minds."""

import threading
from pathlib import Path

import pytest

from bot.answers import RefusalReason, Step
from bot.channels import ChannelSettings
from bot.questions import Origin, Question
from bot.workspace import DEFAULT_SCOPES, Channel, Fault, FaultKind, Person, Population, Workspace
from indexer.pages import EVERYONE, Audience, Principal
from tests.bot.slack.running import (
    HELP,
    JONAS,
    MAYA,
    OVER_HTTP,
    SECONDS,
    RunningBot,
    ephemeral,
    replies,
    reply_once,
    running,
)
from tests.fakes_bot import AfterFound, ScriptedAnswering, a_hit, a_refusal, an_answer

ANSWER = "You get 28 days."


def mention(workspace: Workspace, text: str, person: str = MAYA, thread_ts: str | None = None) -> str:
    """Mention the bot in #it-help and return the message's ts."""
    return workspace.say(person, HELP, f"<@{workspace.bot_user_id}> {text}", thread_ts)


def answered(workspace: Workspace, channel: str, ts: str, count: int) -> None:
    """Wait until *count* answers stand below *ts*."""
    workspace.wait_for(lambda: sum(ANSWER in m.text for m in replies(workspace, channel, ts)) == count, SECONDS)


class Held(ScriptedAnswering):
    """An answering that waits before each step until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.reached, self.go_on = threading.Event(), threading.Event()
        self.before_step = self._hold

    def _hold(self, _step: Step) -> None:
        self.reached.set()
        assert self.go_on.wait(SECONDS)


def test_follow_up_needs_no_mention_and_survives_a_restart(workspace: Workspace, path: Path) -> None:
    """Who has asked in a thread is understood there; the reply says how the follow-up was read."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        ts = mention(workspace, "How many days of leave do staff in the UK get?")
        answered(workspace, HELP, ts, 1)

    with running(workspace, path, answering):
        workspace.say(MAYA, HELP, "And in Germany?", ts)
        answered(workspace, HELP, ts, 2)

    read = "How many days of leave do staff in Germany get?"
    assert answering.asked[-1][0] == read
    assert f"I read this as: {read}" in str(replies(workspace, HELP, ts)[-1].blocks)


def test_others_and_remarks_in_the_thread_are_left_alone(workspace: Workspace, path: Path) -> None:
    """Only who asked follows up without a mention, and only with a question."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering) as bot:
        ts = mention(workspace, "how many days of leave?")
        answered(workspace, HELP, ts, 1)

        workspace.say(JONAS, HELP, "And in Germany?", ts)
        workspace.say(MAYA, HELP, "Thanks!", ts)
        workspace.say(MAYA, HELP, "<@U0JONAS> and for you?", ts)
        workspace.wait_for(workspace.is_quiet, SECONDS)

        assert bot.records.waiting() == 0
    assert len(answering.asked) == 1


def test_direct_message_is_streamed(workspace: Workspace, path: Path) -> None:
    """The draft is written before the asker's eyes; what stays is the checked answer, once."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")
        reply = reply_once(workspace, "D0MAYA", ts, ANSWER)
        workspace.wait_for(workspace.is_quiet, SECONDS)

    assert [c.error for c in workspace.calls("chat.startStream") + workspace.calls("chat.stopStream")] == ["", ""]
    assert not reply.is_streaming
    assert reply.links == (a_hit().url,)


@pytest.mark.parametrize("method", ["chat.startStream", "chat.appendStream", "chat.stopStream"])
def test_failing_stream_becomes_an_edited_message(workspace: Workspace, path: Path, method: str) -> None:
    """Whatever Slack says in the middle, the whole answer stands there once."""
    workspace.inject(Fault(FaultKind.REFUSED, method=method, error="message_not_in_streaming_state"))
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")

        reply_once(workspace, "D0MAYA", ts, ANSWER)


def test_lost_start_of_a_stream_is_found_again(workspace: Workspace, path: Path) -> None:
    """Slack took it, we never heard: the stream that stands there is made the reply."""
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, method="chat.startStream"))
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")

        reply_once(workspace, "D0MAYA", ts, ANSWER)


def test_command_is_answered_in_private_and_shared_on_request(workspace: Workspace, path: Path) -> None:
    """Nobody else sees the answer until its asker shares it, once."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, MAYA, HELP, ANSWER)
        bot.records.wait_for_last()
        assert workspace.messages(HELP, JONAS) == []

        workspace.press(MAYA, HELP, answer.ts, "share")
        workspace.wait_for(lambda: workspace.messages(HELP, JONAS), SECONDS)
        workspace.press(MAYA, HELP, answer.ts, "share")
        ephemeral(workspace, MAYA, HELP, "shared already")

    (shared,) = workspace.messages(HELP, JONAS)
    assert ANSWER in shared.text
    assert "how many days off?" in str(shared.blocks)


def test_what_is_said_before_a_private_answer_stays_true(workspace: Workspace, path: Path) -> None:
    """Slack lets nobody change it: it says what was asked, not that an answer is being looked for."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.command(MAYA, HELP, "/ask", "how many days off? <!channel>")
        ephemeral(workspace, MAYA, HELP, ANSWER)
        ephemeral(workspace, MAYA, HELP, "You asked: ")
        both = workspace.messages(HELP, MAYA)

    assert {message.text for message in both} == {"You asked: how many days off?", f"{ANSWER} [1]"}
    assert [message.pings for message in both] == [(), ()]


def test_private_asker_learns_how_long_the_line_is(workspace: Workspace, path: Path) -> None:
    """In words that are as true once the answer is there."""
    answering = Held()
    with running(workspace, path, answering):
        for text in ("how many days off?", "how many in Japan?", "how many in Peru?"):
            mention(workspace, text, JONAS)
        assert answering.reached.wait(SECONDS)
        workspace.command(MAYA, HELP, "/ask", "how many in Chile?")
        ephemeral(workspace, MAYA, HELP, "When you asked, the answer was about ")
        answering.go_on.set()
        ephemeral(workspace, MAYA, HELP, ANSWER)


class AskersOwn:
    """Lets who asks by command read more than the channel may."""

    def of(self, question: Question) -> Audience:
        """Return everyone, and the asker where they alone see the reply."""
        own = {Principal(question.asker.user)} if question.origin is Origin.COMMAND else set()
        return frozenset({EVERYONE, *own})


def test_answer_from_pages_that_the_channel_may_not_read_is_not_shared(workspace: Workspace, path: Path) -> None:
    """What was found with the asker's own rights stays with the asker."""
    with running(workspace, path, ScriptedAnswering(), audiences=AskersOwn()) as bot:
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, MAYA, HELP, ANSWER)
        bot.records.wait_for_last()
        workspace.press(MAYA, HELP, answer.ts, "share")
        ephemeral(workspace, MAYA, HELP, "may not read the pages behind this answer")

    assert workspace.messages(HELP, JONAS) == []


def test_answer_from_pages_that_the_channel_may_read_is_shared(workspace: Workspace, path: Path) -> None:
    """Who may read more than the channel may share what the channel may read."""
    with running(workspace, path, ScriptedAnswering(), audiences=AskersOwn()) as bot:
        bot.mind.open_to_all = True
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, MAYA, HELP, ANSWER)
        bot.records.wait_for_last()
        workspace.press(MAYA, HELP, answer.ts, "share")
        (shared,) = workspace.wait_for(lambda: workspace.messages(HELP, JONAS), SECONDS)

    assert ANSWER in shared.text


def test_answer_from_a_page_that_was_closed_since_is_not_shared(workspace: Workspace, path: Path) -> None:
    """Everyone might have read it when it was asked; now not."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        answer = ephemeral(workspace, MAYA, HELP, ANSWER)
        bot.records.wait_for_last()
        bot.mind.closed_since = True
        workspace.press(MAYA, HELP, answer.ts, "share")
        ephemeral(workspace, MAYA, HELP, "may not read the pages behind this answer, or not any more")

    assert workspace.messages(HELP, JONAS) == []


def test_command_works_where_the_bot_is_not(workspace: Workspace, path: Path) -> None:
    """A private channel that the bot is not in is no hindrance to an answer for one."""
    with running(workspace, path, ScriptedAnswering()):
        workspace.command(MAYA, "C0LEADERSHIP", "/ask", "how many days off?")

        ephemeral(workspace, MAYA, "C0LEADERSHIP", ANSWER)


def test_empty_command_is_explained(workspace: Workspace, path: Path) -> None:
    """Nothing waits, nothing is asked."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        workspace.command(MAYA, HELP, "/ask")

        ephemeral(workspace, MAYA, HELP, "Write your question after the command")
        assert bot.records.waiting() == 0


def test_late_answer_to_a_command_comes_by_direct_message(workspace: Workspace, path: Path) -> None:
    """Where the address of the reply is used up, the answer is not lost."""
    held = Held()
    with running(workspace, path, held):
        workspace.command(MAYA, HELP, "/ask", "how many days off?")
        assert held.reached.wait(SECONDS)
        workspace.advance(31 * 60)
        held.go_on.set()

        workspace.wait_for(lambda: any(ANSWER in m.text for m in workspace.messages("D0MAYA", MAYA)), SECONDS)


def test_edited_question_is_answered_anew_in_the_same_place(workspace: Workspace, path: Path) -> None:
    """The reply follows what the asker meant."""
    answering = ScriptedAnswering([an_answer()], [an_answer(text="You get 30 days.")])
    with running(workspace, path, answering):
        ts = mention(workspace, "how many days in the UK?")
        reply_once(workspace, HELP, ts, ANSWER)

        workspace.edit(HELP, ts, f"<@{workspace.bot_user_id}> how many days in Germany?")
        reply_once(workspace, HELP, ts, "You get 30 days.")

    assert [asked for asked, _ in answering.asked] == ["how many days in the UK?", "how many days in Germany?"]


def test_mention_that_an_edit_adds_is_answered(workspace: Workspace, path: Path) -> None:
    """Whoever forgot to call the bot need not write it all again."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, HELP, "how many days off?")
        workspace.edit(HELP, ts, f"how many days off, <@{workspace.bot_user_id}|footnote>?")

        reply_once(workspace, HELP, ts, ANSWER)


def test_edit_is_seen_where_the_bot_is_not_sent_messages(path: Path) -> None:
    """As in a group's direct message: there Slack tells of mentions alone, edited ones among them."""
    answering = ScriptedAnswering([an_answer()], [an_answer(text="You get 30 days.")])
    with (
        Workspace.start(scopes=DEFAULT_SCOPES - {"channels:history"}) as workspace,
        running(workspace, path, answering),
    ):
        ts = mention(workspace, "how many days in the UK?")
        reply_once(workspace, HELP, ts, ANSWER)
        workspace.edit(HELP, ts, f"<@{workspace.bot_user_id}> how many days in Germany?")

        reply_once(workspace, HELP, ts, "You get 30 days.")


def test_question_edited_while_it_is_answered_gets_the_later_answer(workspace: Workspace, path: Path) -> None:
    """What was being written for the old words is not shown."""
    held = Held()
    held.scripts = [[an_answer(text="Old words.")], [an_answer()]]
    with running(workspace, path, held):
        ts = mention(workspace, "how many days in the UK?")
        assert held.reached.wait(SECONDS)
        workspace.edit(HELP, ts, f"<@{workspace.bot_user_id}> how many days in Germany?")
        workspace.wait_for(workspace.is_quiet, SECONDS)
        held.go_on.set()

        reply_once(workspace, HELP, ts, ANSWER)
    assert not any("Old words" in str(call.arguments) for call in workspace.calls())


def test_deleted_question_takes_its_reply_along(workspace: Workspace, path: Path) -> None:
    """Nothing is left of what its asker took back."""
    with running(workspace, path, ScriptedAnswering()):
        ts = mention(workspace, "how many days off?")
        reply_once(workspace, HELP, ts, ANSWER)

        workspace.delete(HELP, ts)
        workspace.wait_for(lambda: not replies(workspace, HELP, ts), SECONDS)


def test_question_deleted_while_it_is_answered_gets_no_answer(workspace: Workspace, path: Path) -> None:
    """The worker lets go of it and takes the next."""
    held = Held()
    with running(workspace, path, held):
        ts = mention(workspace, "how many days off?")
        assert held.reached.wait(SECONDS)
        workspace.delete(HELP, ts)
        workspace.wait_for(workspace.is_quiet, SECONDS)
        held.go_on.set()
        other = mention(workspace, "and then?")
        reply_once(workspace, HELP, other, ANSWER)

    assert replies(workspace, HELP, ts) == []


def test_asker_stops_an_answer_and_nobody_else_does(workspace: Workspace, path: Path) -> None:
    """The Stop button is the asker's."""
    held = Held()
    with running(workspace, path, held) as bot:
        first = mention(workspace, "how many days off?")
        assert held.reached.wait(SECONDS)
        second = mention(workspace, "and in Germany?", MAYA)
        waiting = workspace.wait_for(lambda: next(iter(bot.records.line(1)), None), SECONDS)
        bot.replies.notice(waiting.question, 1, 3.0)
        (notice,) = replies(workspace, HELP, second)

        workspace.press(JONAS, HELP, notice.ts, "stop")
        ephemeral(workspace, JONAS, HELP, "Only the person who asked")
        workspace.press(MAYA, HELP, notice.ts, "stop")
        reply_once(workspace, HELP, second, "Stopped")
        held.go_on.set()
        reply_once(workspace, HELP, first, ANSWER)

    assert "Stopped" in replies(workspace, HELP, second)[0].text


def test_slacks_own_button_stops_a_stream(workspace: Workspace, path: Path) -> None:
    """In a direct message: what stands there says that it was stopped, and nothing more is written."""
    held = AfterFound()
    with running(workspace, path, held) as bot:
        ts = workspace.say(MAYA, "D0MAYA", "how many days off?")
        assert held.reached.wait(SECONDS)
        (stream,) = replies(workspace, "D0MAYA", ts)
        workspace.stop_stream(MAYA, "D0MAYA", stream.ts)
        reply_once(workspace, "D0MAYA", ts, "Stopped")
        held.go_on.set()
        bot.records.wait_for_last()

    assert not any(ANSWER in message.text for message in replies(workspace, "D0MAYA", ts))


def test_who_waits_in_a_direct_message_sees_a_status(workspace: Workspace, path: Path) -> None:
    """It goes with the answer, which takes the notice's place."""
    held = Held()
    with running(workspace, path, held) as bot:
        mention(workspace, "first?")
        assert held.reached.wait(SECONDS)
        ts = workspace.say(JONAS, "D0JONAS", "how many days off?")
        waiting = workspace.wait_for(lambda: next(iter(bot.records.line(1)), None), SECONDS)
        bot.replies.notice(waiting.question, 1, 4.0)
        before = workspace.status("D0JONAS", ts)
        held.go_on.set()
        reply_once(workspace, "D0JONAS", ts, ANSWER)

    assert "waiting for its turn" in before


def test_person_with_many_questions_waiting_is_told_so_once(workspace: Workspace, path: Path) -> None:
    """Five wait, the sixth is turned away in private."""
    held = Held()
    with running(workspace, path, held) as bot:
        mention(workspace, "first?")
        assert held.reached.wait(SECONDS)
        for number in range(6):
            last = mention(workspace, f"question {number}?")
        ephemeral(workspace, MAYA, HELP, "several questions waiting already")
        workspace.redeliver(last)
        workspace.wait_for(workspace.is_quiet, SECONDS)
        assert bot.records.waiting() == 5
        held.go_on.set()

    assert sum("several questions" in m.text for m in workspace.messages(HELP, MAYA)) == 1


def test_question_asked_by_two_is_answered_for_both_at_once(workspace: Workspace, path: Path) -> None:
    """The same words wait for one turn."""
    held = Held()
    with running(workspace, path, held):
        mention(workspace, "first?")
        assert held.reached.wait(SECONDS)
        mine = mention(workspace, "How many days off?")
        mention(workspace, "something else?", JONAS)
        theirs = mention(workspace, "how many  days off", JONAS)
        workspace.wait_for(workspace.is_quiet, SECONDS)
        held.go_on.set()
        for ts in (mine, theirs):
            reply_once(workspace, HELP, ts, ANSWER)

    asked = [text for text, _ in held.asked]
    assert asked.index("how many  days off") == asked.index("How many days off?") + 1


def offering(workspace: Workspace, bot: RunningBot, text: str) -> str:
    """Switch asking first on, be sure of *text*, say it to nobody, and return its ts."""
    bot.mind.sure_of.add("how many days off do we get?")
    bot.records.channels.set(workspace.team_id, HELP, ChannelSettings(asks_first=True), MAYA)
    return workspace.say(JONAS, HELP, text)


def test_question_to_nobody_is_offered_an_answer_in_private(workspace: Workspace, path: Path) -> None:
    """Only its asker sees the offer; nothing is public before they take it up."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        ts = offering(workspace, bot, "how many days off do we get?")
        offer = ephemeral(workspace, JONAS, HELP, "Shall I answer here?")
        assert replies(workspace, HELP, ts) == []

        workspace.press(JONAS, HELP, offer.ts, "answer_me")
        reply_once(workspace, HELP, ts, ANSWER)


def test_mention_that_is_added_to_an_offered_question_takes_the_offer_up(workspace: Workspace, path: Path) -> None:
    """Whoever calls the bot after all need not look for the button."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        ts = offering(workspace, bot, "how many days off do we get?")
        ephemeral(workspace, JONAS, HELP, "Shall I answer here?")
        workspace.edit(HELP, ts, f"<@{workspace.bot_user_id}> how many days off do we get?")

        reply_once(workspace, HELP, ts, ANSWER)


def test_no_offer_without_certainty_or_where_nobody_switched_it_on(workspace: Workspace, path: Path) -> None:
    """The bot speaks when it is spoken to."""
    with running(workspace, path, ScriptedAnswering()) as bot:
        workspace.say(JONAS, HELP, "how many days off do we get?")
        workspace.wait_for(workspace.is_quiet, SECONDS)
        offering(workspace, bot, "what is the weather like?")
        workspace.wait_for(workspace.is_quiet, SECONDS)

    assert [m for m in workspace.messages(HELP, JONAS) if m.is_ephemeral] == []


def test_declined_offer_leaves_nothing(workspace: Workspace, path: Path) -> None:
    """The offer disappears and no answer comes."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering) as bot:
        offering(workspace, bot, "how many days off do we get?")
        offer = ephemeral(workspace, JONAS, HELP, "Shall I answer here?")

        workspace.press(JONAS, HELP, offer.ts, "leave_it")
        workspace.wait_for(lambda: not [m for m in workspace.messages(HELP, JONAS) if m.is_ephemeral], SECONDS)

    assert answering.asked == []


def test_busy_bot_shows_passages_and_answers_on_a_second_request(workspace: Workspace, path: Path) -> None:
    """Under load pages come without an answer; "Ask again" brings it."""
    busy = a_refusal(RefusalReason.BUSY, a_hit(), text="Many questions are waiting")
    with running(workspace, path, ScriptedAnswering([busy], [an_answer()])) as bot:
        ts = mention(workspace, "how many days off?")
        reply = reply_once(workspace, HELP, ts, "Many questions")
        bot.records.wait_for_last()

        workspace.press(MAYA, HELP, reply.ts, "again")
        reply_once(workspace, HELP, ts, ANSWER)


def test_containers_that_slack_refuses_are_replaced_by_plain_blocks(workspace: Workspace, path: Path) -> None:
    """An older Slack shows the same sources spread out."""
    workspace.inject(Fault(FaultKind.REFUSED, method="chat.postMessage", error="invalid_blocks"))
    with running(workspace, path, ScriptedAnswering([an_answer()])):
        ts = mention(workspace, "how many days off?")
        reply = reply_once(workspace, HELP, ts, ANSWER)

    assert "container" not in {block["type"] for block in reply.blocks}
    assert set(reply.links) == {a_hit().url}


def test_shortcut_answers_anybodys_message_in_its_thread(workspace: Workspace, path: Path) -> None:
    """Somebody asked, somebody else wants it answered; pressing twice answers once."""
    answering = ScriptedAnswering()
    with running(workspace, path, answering):
        ts = workspace.say(JONAS, HELP, "does anybody know how many days off we get?")
        workspace.shortcut(MAYA, HELP, ts, "answer_from_wiki")
        reply_once(workspace, HELP, ts, ANSWER)
        workspace.shortcut(JONAS, HELP, ts, "answer_from_wiki")
        ephemeral(workspace, JONAS, HELP, "I know this question already")

    assert [asked for asked, _ in answering.asked] == ["does anybody know how many days off we get?"]


def test_shortcut_where_the_bot_is_not_says_how_to_mend_that(workspace: Workspace, path: Path) -> None:
    """Slack shows the shortcut everywhere; the bot can write only where it is a member."""
    with running(workspace, path, ScriptedAnswering()):
        ts = workspace.say(MAYA, "C0LEADERSHIP", "how many days off?")
        workspace.shortcut(MAYA, "C0LEADERSHIP", ts, "answer_from_wiki")

        ephemeral(workspace, MAYA, "C0LEADERSHIP", "invite me")


def test_channel_archived_while_answering_is_no_hang(workspace: Workspace, path: Path) -> None:
    """The question is given up, its asker is told in private, and the next one is answered."""
    held = Held()
    with running(workspace, path, held):
        mention(workspace, "how many days off?")
        assert held.reached.wait(SECONDS)
        workspace.archive(HELP)
        held.go_on.set()
        ts = workspace.say(MAYA, "D0MAYA", "and here?")

        reply_once(workspace, "D0MAYA", ts, ANSWER)
        (told,) = [m for m in workspace.messages("D0MAYA") if "archived" in m.text]
    assert "how many days off?" in str(told.blocks)


@pytest.mark.parametrize("transport", ["socket mode", "signed http"])
def test_two_hundred_questions_of_fifty_people_are_each_answered_once_in_turn(path: Path, transport: str) -> None:
    """None lost, none twice, and everyone's first before anyone's second."""
    everybody = [Person(f"U{n:04}", f"p{n}", f"Person {n}", f"p{n}@x.example") for n in range(51)]
    bot = Person("U0FOOTNOTE", "footnote", "Footnote", "", is_bot=True)
    members = frozenset(person.id for person in (*everybody, bot))
    rooms = tuple(Channel(f"C{n:04}", f"room-{n}", "channel", members, 0) for n in range(20))
    population = Population((*everybody, bot), rooms)
    held = Held()
    held.scripts = [[an_answer()]]  # Slack takes fifty edits a minute
    with Workspace.start(population=population) as workspace:
        if transport == "signed http":
            OVER_HTTP.add(workspace)
        with running(workspace, path, held) as bot_at_work:
            workspace.say(everybody[50].id, "C0000", "<@U0FOOTNOTE> what keeps the bot busy?")
            assert held.reached.wait(SECONDS)
            asked = [
                (f"C{n % 20:04}", workspace.say(everybody[n // 4].id, f"C{n % 20:04}", f"<@U0FOOTNOTE> question {n}?"))
                for n in range(200)
            ]
            workspace.wait_for(workspace.is_quiet, 60)
            held.go_on.set()
            bot_at_work.records.wait_for_last(120)
        answers = [len(replies(workspace, channel, ts)) for channel, ts in asked]
        assert all(e.is_acked and e.attempt == 0 for e in workspace.envelopes())

    askers = [int(text.removeprefix("question ").rstrip("?")) // 4 for text, _ in held.asked[1:]]
    assert answers == [1] * 200
    assert all(sorted(askers[start : start + 50]) == list(range(50)) for start in range(0, 200, 50))
