"""One call to Slack at a time: its errors become ours, and what may pass is tried again a few times.

Slack's own code of a refusal (`channel_not_found`) is the message's first word, for the log.
"""

import re
from collections.abc import Callable
from http.client import HTTPException
from typing import TypeVar

from slack_sdk.errors import SlackApiError, SlackClientError

from bot.errors import SlackRefused, SlackUnavailable

Returned = TypeVar("Returned")

FOREIGN = (SlackClientError, OSError, HTTPException, ValueError)
"""All that slack_sdk raises from a call; ValueError where a proxy answers something that is not text."""

PAUSES_SECONDS = (1.0, 2.0, 4.0, 8.0)  # between the tries of one call, where Slack does not say how long
MAX_PAUSE_SECONDS = 60.0  # a longer Retry-After goes back to the queue, where other questions need not wait for it

_MAY_PASS = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
TOKEN_LOST = frozenset({"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired"})
"""Slack's codes for a token that it does not take, or no longer."""
_CODE = re.compile(r"[a-z][a-z0-9_]*")


def once(call: Callable[[], Returned]) -> Returned:
    """Return what *call* returns. Raises SlackUnavailable or SlackRefused."""
    try:
        return call()
    except FOREIGN as error:
        raise ours(error) from error


def patiently(call: Callable[[], Returned], wait: Callable[[float], object]) -> Returned:
    """Return what *call* returns, tried again while Slack may yet take it; *wait* takes seconds. Raises as once().

    *call* must be safe to make twice: a reply that was lost looks the same as a call that was lost.
    """
    for pause in PAUSES_SECONDS:
        try:
            return call()
        except FOREIGN as error:
            seconds = max(retry_after(error), pause)
            if not may_pass(error) or seconds > MAX_PAUSE_SECONDS:
                raise ours(error) from error
        wait(seconds)
    return once(call)


def ours(error: Exception) -> SlackRefused | SlackUnavailable:
    """Return our error for one of Slack's.

    A token that Slack takes no more is mended by the operator: until then nothing can be said, and all waits.
    """
    if code_of(error) in TOKEN_LOST:
        return SlackUnavailable(
            f"{code_of(error)}: Slack no longer takes the bot's token. Install the app again at "
            "https://api.slack.com/apps, put its token into FOOTNOTE_SLACK__BOT_TOKEN and start the bot again"
        )
    if may_pass(error):
        return SlackUnavailable(_in_short(error))
    return SlackRefused(_in_short(error))


def may_pass(error: Exception) -> bool:
    """Return whether the same call may succeed later."""
    if not isinstance(error, SlackApiError):
        return not isinstance(error, SlackClientError)
    status = getattr(error.response, "status_code", 200)
    return status == 429 or status >= 500 or code_of(error) in _MAY_PASS or not _CODE.fullmatch(code_of(error))


def retry_after(error: Exception) -> float:
    """Return how many seconds Slack asks us to wait, 0.0 where it does not say."""
    headers = getattr(getattr(error, "response", None), "headers", None) or {}
    said = {str(name).lower(): value for name, value in dict(headers).items()}.get("retry-after", "")
    return float(said) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", str(said)) else 0.0


def code_of(error: Exception) -> str:
    """Return Slack's code for a refusal, `message_not_found`, or what stands in its place; empty for other errors."""
    return str(error.response.get("error", "")) if isinstance(error, SlackApiError) else ""


def _in_short(error: Exception) -> str:
    code = code_of(error)
    return code if _CODE.fullmatch(code) else f"{type(error).__name__}, no answer that Slack gives"
