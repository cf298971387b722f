"""/advise from the command to the message, through the real Bolt and slack_sdk."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import pytest

from bot.advice.figures import Tally
from bot.errors import RecordsUnusable
from bot.slack.advising import Advising
from bot.slack.app import SlackApp, client_for
from bot.workspace import Fault, FaultKind, Message, Workspace
from bot.workspace.people import DEFAULT_SCOPES
from bot.workspace.views import View

HELP, MAYA, DIRECT = "it-help", "Maya Okafor", "D0MAYA"
SECONDS = 10.0
TEXT = "wiki edited daily, JSON format, 300 examples, few-shot was tried"


@contextmanager
def listening(workspace: Workspace, tally: Callable[[], Tally] = Tally) -> Iterator[None]:
    """Run the bot's Slack side for a while."""
    client = client_for(workspace.bot_token, workspace.api_url)
    app = SlackApp(client, workspace.app_token, [Advising(client, tally)])
    try:
        app.start()
        workspace.wait_for(lambda: workspace.connections, SECONDS)
        yield
    finally:
        app.close()


@pytest.fixture
def bot(workspace: Workspace) -> Iterator[None]:
    """Run the bot's Slack side for the whole test."""
    with listening(workspace):
        yield


def asked(workspace: Workspace, text: str = TEXT, channel: str = HELP) -> View:
    """Give the command and return the modal."""
    workspace.command(MAYA, channel, "/advise", text)
    return workspace.wait_for(lambda: next(iter(workspace.modals(MAYA)), None), SECONDS)


def submitted(workspace: Workspace, form: View, values: Mapping[str, str] | None = None) -> View:
    """Submit *form*, changed in some *values*, and return the modal once it shows something else."""
    workspace.submit(form.id, values or {})
    return workspace.wait_for(
        lambda: next((view for view in workspace.modals(MAYA) if view.errors or view.callback_id == ""), None), SECONDS
    )


def message_in(workspace: Workspace, channel: str) -> Message:
    """Return the bot's first message in *channel* once its chart is there too, as a picture or in words."""
    return workspace.wait_for(lambda: mine[0] if len(mine := messages(workspace, channel)) == 2 else None, SECONDS)


def messages(workspace: Workspace, channel: str) -> list[Message]:
    """Return what the bot said in *channel*."""
    return [message for message in workspace.messages(channel) if message.user == workspace.bot_user_id]


def initial(form: View, name: str) -> str:
    """Return what an input of *form* was filled in with."""
    element = next(block["element"] for block in form.blocks if block["block_id"] == name)
    return str(element["initial_option"]["value"] if "initial_option" in element else element["initial_value"])


def test_command_opens_the_questions_filled_in(workspace: Workspace, bot: None) -> None:
    """What the text says is chosen already, and the modal says what it was read from."""
    del bot

    form = asked(workspace)

    assert [initial(form, name) for name in ("change", "need", "labels", "prompted")] == ["daily", "both", "300", "yes"]
    assert "from “300 examples”" in str(form.blocks[0])


def test_own_figures_are_filled_in(workspace: Workspace) -> None:
    """Questions a month and failures come from the bot's own records."""
    tally = Tally(days=30, questions=600, answered=400, refused={"not_found": 150, "declined": 50})
    with listening(workspace, lambda: tally):
        form = asked(workspace, "")

    assert [initial(form, name) for name in ("questions_a_month", "judged", "missing_page")] == ["608", "600", "150"]


def test_form_opens_without_figures_where_records_cannot_be_read(workspace: Workspace) -> None:
    """Advice does not depend on them."""

    def broken() -> Tally:
        raise RecordsUnusable("the disk is full")

    with listening(workspace, broken):
        assert initial(asked(workspace, ""), "judged") == "0"


def test_advice_is_shown_at_once_and_sent_with_table_and_chart(workspace: Workspace, bot: None) -> None:
    """The modal turns into the advice with the ack; the message and the picture follow in the asker's own messages."""
    del bot

    shown = submitted(workspace, asked(workspace))
    message = message_in(workspace, DIRECT)

    assert "Use both" in str(shown.blocks[0])
    assert "Use both" in message.text
    assert [block["type"] for block in message.blocks].count("table") == 1
    assert [block["type"] for block in message.blocks].count("container") == 4
    (picture,) = messages(workspace, DIRECT)[1:]
    assert len(picture.files) == 1
    assert picture.thread_ts is None
    assert all(call.error == "" for call in workspace.calls())
    assert messages(workspace, HELP) == []


def test_picture_has_a_text_for_those_who_do_not_see_it(workspace: Workspace, bot: None) -> None:
    """The alt text says what each line does."""
    del bot

    submitted(workspace, asked(workspace))
    message_in(workspace, DIRECT)

    (upload,) = workspace.calls("files.getUploadURLExternal")
    assert "Retrieval and fine-tuning costs $240 to set up" in str(upload.arguments["alt_txt"])
    assert upload.arguments["filename"] == "advice.png"


def test_advice_goes_to_the_channel_where_that_is_chosen(workspace: Workspace, bot: None) -> None:
    """With the chart in its thread, so that the channel has one message."""
    del bot

    submitted(workspace, asked(workspace), {"where": "channel"})
    message = message_in(workspace, HELP)

    assert messages(workspace, HELP)[1].thread_ts == message.ts
    assert messages(workspace, DIRECT) == []


def test_advice_goes_to_the_asker_where_the_bot_may_not_write(workspace: Workspace, bot: None) -> None:
    """The bot is not in #leadership; nothing is lost, and the modal says where it is."""
    del bot

    submitted(workspace, asked(workspace, channel="leadership"), {"where": "channel"})

    assert "Use both" in message_in(workspace, DIRECT).text
    workspace.wait_for(lambda: "is in your messages with me" in str(workspace.modals(MAYA)[0].blocks), SECONDS)


def test_wrong_value_is_said_in_the_modal(workspace: Workspace, bot: None) -> None:
    """Beside the inputs that can mend it; nothing is sent until they are right."""
    del bot
    form = asked(workspace)

    refused = submitted(workspace, form, {"missing_page": "7", "assumptions": "wage = much"})

    assert set(refused.errors) == {"judged", "assumptions"}
    assert workspace.calls("chat.postMessage") == []
    workspace.submit(form.id, {"missing_page": "7", "judged": "100"})
    assert "Use both" in message_in(workspace, DIRECT).text


def test_without_the_right_to_upload_the_chart_comes_in_words() -> None:
    """An app installed without files:write still gets the whole advice."""
    with Workspace.start(scopes=DEFAULT_SCOPES - {"files:write"}) as workspace, listening(workspace):
        submitted(workspace, asked(workspace))
        message_in(workspace, DIRECT)

        (chart,) = messages(workspace, DIRECT)[1:]
        assert "After 12 months, gain less cost" in str(chart.blocks)


def test_blocks_that_slack_refuses_are_sent_plain(workspace: Workspace, bot: None) -> None:
    """Not every Slack shows tables and what is folded."""
    del bot
    workspace.inject(Fault(FaultKind.REFUSED, "chat.postMessage", error="invalid_blocks"))

    submitted(workspace, asked(workspace))
    message = message_in(workspace, DIRECT)

    assert {block["type"] for block in message.blocks} == {"header", "rich_text", "actions"}


def test_asker_is_told_where_the_message_could_not_be_sent(workspace: Workspace, bot: None) -> None:
    """The advice stays in the modal, with a sentence that the rest did not come."""
    del bot
    workspace.inject(Fault(FaultKind.SERVER_ERROR, "chat.postMessage"))

    submitted(workspace, asked(workspace))
    told = workspace.wait_for(
        lambda: next((v for v in workspace.modals(MAYA) if "did not say whether" in str(v.blocks)), None), SECONDS
    )

    assert "Use both" in str(told.blocks[0])
    assert messages(workspace, DIRECT) == []


def test_a_message_whose_reply_was_lost_is_not_sent_twice(workspace: Workspace, bot: None) -> None:
    """Slack took it and the line was cut: one message, and the asker is told to look."""
    del bot
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, "chat.postMessage"))

    submitted(workspace, asked(workspace))
    workspace.wait_for(lambda: any("did not say whether" in str(v.blocks) for v in workspace.modals(MAYA)), SECONDS)

    assert len(messages(workspace, DIRECT)) == 1


def test_an_answer_can_be_changed_from_the_message(workspace: Workspace, bot: None) -> None:
    """The button opens the same questions with the same answers."""
    del bot
    first = submitted(workspace, asked(workspace))
    message = message_in(workspace, DIRECT)
    workspace.close_modal(first.id)

    workspace.press(MAYA, DIRECT, message.ts, "advice_again")
    form = workspace.wait_for(lambda: next(iter(workspace.modals(MAYA)), None), SECONDS)

    assert [initial(form, name) for name in ("change", "need", "labels", "prompted")] == ["daily", "both", "300", "yes"]


def test_form_that_cannot_be_opened_is_apologised_for(workspace: Workspace, bot: None) -> None:
    """Only the asker sees it."""
    del bot
    workspace.inject(Fault(FaultKind.SERVER_ERROR, "views.open"))

    workspace.command(MAYA, HELP, "/advise", "")
    sorry = workspace.wait_for(lambda: next(iter(messages(workspace, HELP)), None), SECONDS)

    assert sorry.text.startswith("Sorry")
    assert sorry.visible_to == workspace.person_id(MAYA)


def test_hostile_text_is_harmless(workspace: Workspace, bot: None) -> None:
    """Slack's marks after the command reach nobody."""
    del bot

    form = asked(workspace, "<!channel> <https://evil.example|free> edited daily labels=<@U0MAYA>")
    submitted(workspace, form)
    message = message_in(workspace, DIRECT)

    assert not message.pings
    assert not message.links
    assert initial(form, "change") == "daily"
