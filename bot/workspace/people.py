"""Who and what is in a workspace before anybody speaks: the team, its people, its channels and the app."""

from dataclasses import dataclass, field
from typing import Literal

ChannelKind = Literal["channel", "group", "im"]

TEAM_ID = "T0HARBOUR"
TEAM_DOMAIN = "harbourline"
TEAM_NAME = "Harbourline"
APP_ID = "A0FOOTNOTE"
BOT_ID = "B0FOOTNOTE"
BOT_USER_ID = "U0FOOTNOTE"
SLACKBOT_ID = "USLACKBOT"
DEFAULT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "assistant:write",
        "channels:history",
        "chat:write",
        "commands",
        "files:write",
        "groups:history",
        "im:history",
        "reactions:write",
        "usergroups:read",
        "users:read",
        "users:read.email",
    }
)


@dataclass(frozen=True, slots=True)
class Person:
    """A member of the workspace; *name* is the short one Slack shows in addresses."""

    id: str
    name: str
    real_name: str
    email: str
    is_admin: bool = False
    is_bot: bool = False


@dataclass(frozen=True, slots=True)
class UserGroup:
    """A group of people that can be mentioned at once."""

    id: str
    handle: str
    name: str
    people: frozenset[str]


@dataclass(frozen=True, slots=True)
class Channel:
    """A public channel, a private one (``group``) or a direct message (``im``, between *members*)."""

    id: str
    name: str
    kind: ChannelKind
    members: frozenset[str]
    created: int
    is_archived: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A slash command of the app, as its manifest describes it to people; *hint* is what may follow."""

    name: str
    description: str
    hint: str = ""


COMMANDS = (
    Command("/ask", "Ask the wiki; only you see the answer", "your question"),
    Command("/advise", "Fine-tune, search, both or neither? Advice for your own case", "your case, in your words"),
    Command("/wiki", "Look after the index and this channel (admins)", "status | reindex | gaps | settings"),
)


@dataclass(frozen=True, slots=True)
class Shortcut:
    """A shortcut of the app in the menu of every message, known to the bot by *callback_id*."""

    name: str
    callback_id: str


SHORTCUTS = (Shortcut("Answer this from the wiki", "answer_from_wiki"),)


@dataclass(frozen=True, slots=True)
class Population:
    """Everybody and every channel at the start, and the commands and message shortcuts of the app."""

    people: tuple[Person, ...]
    channels: tuple[Channel, ...]
    groups: tuple[UserGroup, ...] = field(default=())
    commands: tuple[Command, ...] = COMMANDS
    shortcuts: tuple[Shortcut, ...] = SHORTCUTS


def harbourline(created: int) -> Population:
    """Return the workspace used unless another is given: four people, five channels, a DM with the bot for each.

    The bot is in every channel but the private #leadership.
    """
    people = (
        Person("U0MAYA", "maya", "Maya Okafor", "maya@harbourline.example", is_admin=True),
        Person("U0JONAS", "jonas", "Jonas Brandt", "jonas@harbourline.example"),
        Person("U0PRIYA", "priya", "Priya Nair", "priya@harbourline.example"),
        Person("U0SAM", "sam", "Sam Lee", "sam@harbourline.example"),
    )
    everybody = frozenset(person.id for person in people)
    public = tuple(
        Channel(f"C0{name.replace('-', '').upper()}", name, "channel", everybody | {BOT_USER_ID}, created)
        for name in ("general", "ask-people", "it-help", "incidents")
    )
    private = Channel("C0LEADERSHIP", "leadership", "group", frozenset({"U0MAYA", "U0JONAS"}), created)
    direct = tuple(
        Channel(f"D0{person.name.upper()}", person.name, "im", frozenset({person.id, BOT_USER_ID}), created)
        for person in people
    )
    bots = (
        Person(BOT_USER_ID, "footnote", "Footnote", "", is_bot=True),
        Person(SLACKBOT_ID, "slackbot", "Slackbot", "", is_bot=True),
    )
    groups = (UserGroup("S0WIKIADMINS", "wiki-admins", "Wiki admins", frozenset({"U0MAYA"})),)
    return Population((*people, *bots), (*public, private, *direct), groups)
