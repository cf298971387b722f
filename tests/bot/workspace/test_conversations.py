"""Reading channels and people."""

from slack_sdk import WebClient

from bot.workspace import Workspace
from bot.workspace.people import DEFAULT_SCOPES
from tests.bot.workspace.asking import answer, error

MORE = DEFAULT_SCOPES | {
    *("channels:read", "groups:read", "im:read", "im:write", "channels:join", "team:read"),
    *("users:read.email", "files:read", "files:write", "reactions:read"),
}


def wide_open() -> tuple[Workspace, WebClient]:
    """Return a workspace with every scope, and its client."""
    workspace = Workspace.start(scopes=MORE)
    return workspace, WebClient(workspace.bot_token, base_url=workspace.api_url)


def test_history_comes_newest_first_in_pages(workspace: Workspace, client: WebClient) -> None:
    """The limit is honoured and the cursor goes on where the page ended."""
    for number in range(5):
        workspace.say("Maya", "#general", str(number))

    first = answer(client, "conversations.history", channel="C0GENERAL", limit=3)
    cursor = first["response_metadata"]["next_cursor"]
    second = answer(client, "conversations.history", channel="C0GENERAL", limit=3, cursor=cursor)

    assert [message["text"] for message in first["messages"] + second["messages"]] == ["4", "3", "2", "1", "0"]
    assert (first["has_more"], second["has_more"]) == (True, False)


def test_history_keeps_to_its_bounds(workspace: Workspace, client: WebClient) -> None:
    """Bounds are left out unless inclusive is said."""
    first, second, third = (workspace.say("Maya", "#general", text) for text in "abc")

    def texts(**bounds: object) -> list[str]:
        found = answer(client, "conversations.history", channel="C0GENERAL", **bounds)["messages"]
        return [message["text"] for message in found]

    assert texts(oldest=first, latest=third) == ["b"]
    assert texts(oldest=second, inclusive=True) == ["c", "b"]
    assert error(client, "conversations.history", channel="C0GENERAL", oldest="yesterday") == "invalid_ts_oldest"
    assert error(client, "conversations.history", channel="C0GENERAL", limit=1001) == "invalid_limit"
    assert error(client, "conversations.history", channel="C0GENERAL", cursor="?") == "invalid_cursor"


def test_replies_are_no_history_but_are_counted(workspace: Workspace, client: WebClient) -> None:
    """A parent says how many replies it has; conversations.replies gives them oldest first."""
    parent = workspace.say("Maya", "#general", "A question")
    workspace.say("Jonas", "#general", "An answer", thread_ts=parent)

    (only,) = answer(client, "conversations.history", channel="C0GENERAL")["messages"]
    thread = answer(client, "conversations.replies", channel="C0GENERAL", ts=parent)["messages"]

    assert (only["reply_count"], only["latest_reply"]) == (1, thread[1]["ts"])
    assert [message["text"] for message in thread] == ["A question", "An answer"]
    assert error(client, "conversations.replies", channel="C0GENERAL", ts="1.000001") == "thread_not_found"


def test_list_hides_private_channels_without_the_bot() -> None:
    """#leadership does not exist for the bot; joining and opening need the right kind of channel."""
    workspace, client = wide_open()
    with workspace:
        listed = answer(client, "conversations.list", types="public_channel,private_channel")["channels"]

        assert "leadership" not in {channel["name"] for channel in listed}
        assert error(client, "conversations.info", channel="C0LEADERSHIP") == "channel_not_found"
        assert error(client, "conversations.list", types="secret") == "invalid_types"
        assert answer(client, "conversations.open", users="U0SAM")["channel"]["id"] == workspace.direct("Sam")
        assert answer(client, "conversations.join", channel="C0GENERAL")["channel"]["is_member"]
        assert len(answer(client, "conversations.members", channel="C0GENERAL", limit=2)["members"]) == 2


def test_people_and_groups_can_be_looked_up() -> None:
    """Maya is the admin and the only member of the admins' group."""
    workspace, client = wide_open()
    with workspace:
        maya = client.users_info(user="U0MAYA")["user"]
        group = client.usergroups_list()["usergroups"][0]

        assert (maya["is_admin"], maya["profile"]["email"]) == (True, "maya@harbourline.example")
        assert client.usergroups_users_list(usergroup=group["id"])["users"] == ["U0MAYA"]
        assert client.users_lookupByEmail(email="sam@harbourline.example")["user"]["id"] == "U0SAM"
        assert len(client.users_list()["members"]) == 6
        assert error(client, "users.info", user="U0NOBODY") == "user_not_found"
        assert error(client, "users.lookupByEmail", email="x@y.example") == "users_not_found"
        assert client.team_info()["team"]["name"] == "Harbourline"
        assert client.bots_info(bot="B0FOOTNOTE")["bot"]["name"] == "Footnote"


def test_address_of_a_person_needs_its_own_scope() -> None:
    """users:read shows no e-mail address."""
    with Workspace.start(scopes=DEFAULT_SCOPES - {"users:read.email"}) as workspace:
        client = WebClient(workspace.bot_token, base_url=workspace.api_url)

        assert "email" not in client.users_info(user="U0MAYA")["user"]["profile"]


def test_file_is_uploaded_in_two_steps() -> None:
    """The SDK's upload ends in a message with the file."""
    workspace, client = wide_open()
    with workspace:
        client.files_upload_v2(channel="C0GENERAL", filename="report.txt", content="two words", initial_comment="Here")

        (message,) = workspace.messages("#general")
        assert message.text == "Here"
        assert client.files_info(file=message.files[0])["file"]["size"] == 9
        assert error(client, "files.info", file="F1") == "file_not_found"


def test_status_is_gone_after_two_minutes_or_the_next_message(workspace: Workspace, client: WebClient) -> None:
    """A status never outlives the bot's answer."""
    parent = workspace.say("Maya", "#general", "A question")

    client.assistant_threads_setStatus(channel_id="C0GENERAL", thread_ts=parent, status="is reading…")
    shown = workspace.status("#general", parent)
    workspace.advance(121)
    faded = workspace.status("#general", parent)
    client.agents_sessions_setStatus(
        channel_id="C0GENERAL", thread_ts=parent, status="processing", title="is thinking…"
    )
    replaced = workspace.status("#general", parent)
    client.chat_postMessage(channel="C0GENERAL", thread_ts=parent, text="An answer")

    assert (shown, faded, replaced, workspace.status("#general", parent)) == ("is reading…", "", "is thinking…", "")


def test_prompts_stand_in_a_direct_message(workspace: Workspace, client: WebClient) -> None:
    """Suggested prompts need a title, a message and a DM."""
    prompts = [{"title": "Leave", "message": "How much leave do I have?"}]
    channel = workspace.direct("Maya")

    client.assistant_threads_setSuggestedPrompts(channel_id=channel, prompts=prompts)

    assert workspace.prompts(channel) == [("Leave", "How much leave do I have?")]
    assert (
        error(client, "assistant.threads.setSuggestedPrompts", channel_id=channel, prompts=prompts * 5)
        == "invalid_arguments"
    )
    assert (
        error(client, "assistant.threads.setSuggestedPrompts", channel_id="C0GENERAL", prompts=prompts)
        == "channel_type_not_supported"
    )
