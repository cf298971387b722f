"""A strict Slack on this machine: for trying the bot with no Slack account, and for every test.

Workspace ──► gestures ──► exchange ──► delivery ──envelopes──► bot
                               ▲                                 │
                               └──── methods ◄── server ◄─calls──┘
"""

from bot.workspace.clock import Clock
from bot.workspace.delivery import Envelope, Timing
from bot.workspace.errors import CallRefused, GestureRefused
from bot.workspace.exchange import Call
from bot.workspace.faults import Fault, FaultKind
from bot.workspace.messages import Message
from bot.workspace.people import DEFAULT_SCOPES, Channel, Person, Population, harbourline
from bot.workspace.views import View
from bot.workspace.workspace import Workspace

__all__ = [
    "DEFAULT_SCOPES",
    "Call",
    "CallRefused",
    "Channel",
    "Clock",
    "Envelope",
    "Fault",
    "FaultKind",
    "GestureRefused",
    "Message",
    "Person",
    "Population",
    "Timing",
    "View",
    "Workspace",
    "harbourline",
]
