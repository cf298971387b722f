"""Text on its way to and from Slack."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.slack import mrkdwn
from bot.workspace.mentions import read_mrkdwn, read_plain_broadcasts

HOSTILE = [
    "<!channel>",
    "<!here|here>",
    "<!everyone>",
    "<!subteam^S0WIKIADMINS|@admins>",
    "<!date^1392734382^{date}^https://evil.example/|today>",
    "<@U0MAYA>",
    "<#C0GENERAL|general>",
    r"\x3c!channel\x3e",
    r"\u003c!channel\u003e",
    "&lt;!channel&gt;",
    "&amp;lt;!channel&amp;gt;",
    "＜!channel＞",
    "<!chan\u200bnel>",
    "<\u200b!channel>",
    "<\x00!here>",
    "@channel @here @everyone @Channel ＠here",
    "<https://evil.example/|https://wiki.example.org/>",
    "<javascript:alert(1)|click>",
    "[click](https://evil.example/)",
    "https://evil.example/?q=<!here>",
    "Leave\u202egnp.exe",
    "a < b > c & d",
    "<<!channel>>",
    "`<!channel>`",
    "```\n<!here>\n```",
]
unhurried = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # a busy machine is no failure
hostile_text = st.lists(st.sampled_from(HOSTILE) | st.text(), max_size=6).map("".join)


@pytest.mark.parametrize("text", HOSTILE)
def test_no_known_trick_pings_or_links_from_a_fallback_text(text: str) -> None:
    """Nothing in the list of tricks reaches anybody or leads anywhere."""
    sent = mrkdwn.fallback_text(text, 4000)

    reach = read_mrkdwn(sent)
    assert (reach.pings, reach.links) == ((), ())
    assert read_plain_broadcasts(sent).pings == ()


@unhurried
@given(hostile_text)
def test_no_text_at_all_pings_or_links_from_a_fallback_text(text: str) -> None:
    """Whatever people or models write, the fallback text stays words."""
    sent = mrkdwn.fallback_text(text, 4000)

    reach = read_mrkdwn(sent)
    assert (reach.pings, reach.links) == ((), ())
    assert read_plain_broadcasts(sent).pings == ()
    assert len(sent) <= 4000


@unhurried
@given(hostile_text)
def test_visible_text_pings_nobody_even_where_it_is_read_as_markup(text: str) -> None:
    """Text for rich_text is safe even if some surface of Slack were to parse it."""
    sent = mrkdwn.visible(text)

    assert read_mrkdwn(sent).pings == ()
    assert read_plain_broadcasts(sent).pings == ()


@unhurried
@given(st.text())
def test_visible_text_is_settled(text: str) -> None:
    """Making text visible twice changes no more than once."""
    assert mrkdwn.visible(mrkdwn.visible(text)) == mrkdwn.visible(text)


@unhurried
@given(
    st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126, exclude_characters="<@"), max_size=200)
)
def test_ordinary_text_is_not_changed(text: str) -> None:
    """Backslashes, quotes, brackets and all else that people write in code stay as they are."""
    assert mrkdwn.visible(text) == text


@pytest.mark.parametrize(
    "code",
    [r"C:\new\table\x41", r"^(?<year>\d{4})\s*<\w+>$", "a\n\tb", "List<String>", "x <- y", "🧑\u200d🚒 می\u200cخواهم"],
)
def test_code_and_joined_letters_come_out_unchanged(code: str) -> None:
    """What a reader copies from a quote is what the page says."""
    assert mrkdwn.visible(code) == code


def test_text_that_hides_or_turns_is_removed() -> None:
    """Controls, direction overrides, invisible tags and broken characters do not reach a reader."""
    assert mrkdwn.visible("a\x00b\x1b\u202ec\u2066d\U000e0041e\ud800f\ufeffg") == "abcdefg"


@unhurried
@given(hostile_text, st.integers(1, 60))
def test_shortened_text_keeps_its_beginning_and_its_limit(text: str, limit: int) -> None:
    """The limit holds for the text as Slack counts it, entities in full."""
    short = mrkdwn.shorten(text, limit)

    assert len(mrkdwn.escape(short)) <= limit
    assert short == text or text.startswith(short.removesuffix("…"))


@unhurried
@given(st.text())
def test_escaped_text_is_read_back_as_it_was(text: str) -> None:
    """What a person types is what the bot reads, angle brackets and typed entities included."""
    assert mrkdwn.read_text(mrkdwn.escape(text), "U0BOT") == text.strip()


@unhurried
@given(st.text(st.characters()))
def test_any_text_can_be_read_and_kept(text: str) -> None:
    """Reading never fails, whatever an event holds, and what was read can be written to a file."""
    mrkdwn.read_text(text, "U0BOT").encode()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("<@U0BOT> how many days?", "how many days?"),
        ("hey <@U0BOT|footnote>, how many?", "hey , how many?"),
        ("<@U0BOT>", ""),
        ("can <@U2|maya> or <@U3> approve?", "can maya or someone approve?"),
        ("see <#C1|general> or <#C2>", "see general or"),
        ("<!here> who knows?", "who knows?"),
        ("<!subteam^S1|@devs> rota?", "devs rota?"),
        ("<!date^1^{date}|3 May> is off?", "3 May is off?"),
        ("is <https://w.example/a?b=1&amp;c=2> right?", "is https://w.example/a?b=1&c=2 right?"),
        ("is <https://w.example|the &lt;wiki&gt;> right?", "is the <wiki> right?"),
        ("mail <mailto:it@w.example|it@w.example>?", "mail it@w.example?"),
        ("is a &lt; b &amp;&amp; c &gt; d? &amp;lt;", "is a < b && c > d? &lt;"),
    ],
)
def test_slack_markup_becomes_words(text: str, words: str) -> None:
    """A question is kept as its asker saw it while typing."""
    assert mrkdwn.read_text(text, "U0BOT") == words


def test_half_a_character_can_be_sent() -> None:
    """A lone surrogate, which no UTF-8 can hold, is gone before JSON is written."""
    assert json.dumps(mrkdwn.visible("a\ud83d"), ensure_ascii=False).encode() == b'"a"'
