"""Slack's errors, and patience with them."""

import http.client
import ssl
from collections.abc import Callable
from urllib.error import URLError

import pytest
from slack_sdk import WebClient, errors
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse

from bot.errors import SlackRefused, SlackUnavailable
from bot.slack import calls
from tests.fakes_bot import StillClock


def said(code: str, status: int = 200, **headers: str) -> SlackApiError:
    """Return the error that slack_sdk raises for such a response."""
    data = {"ok": False, "error": code}
    response = SlackResponse(
        client=WebClient(), http_verb="POST", api_url="", req_args={}, data=data, headers=headers, status_code=status
    )
    return SlackApiError("failed", response)  # type: ignore[no-untyped-call]  # slack_sdk leaves it so


def failing(*failures: Exception) -> Callable[[], str]:
    """Return a call that raises each of *failures* and then succeeds."""
    left = list(failures)

    def call() -> str:
        if left:
            raise left.pop(0)
        return "done"

    return call


PASSING = [
    said("ratelimited", 429, **{"Retry-After": "3"}),
    said("ratelimited"),
    said("rate_limited"),
    said("internal_error"),
    said("fatal_error"),
    said("service_unavailable", 503),
    said("request_timeout"),
    said("Received a response in a non-JSON format: <html>", 502),
    said("Received a response in a non-JSON format: <html>Log in to the hotel's network"),
    URLError("refused"),
    ConnectionResetError(),
    http.client.RemoteDisconnected("closed"),
    http.client.IncompleteRead(b""),
    http.client.BadStatusLine("x"),
    TimeoutError(),
    ssl.SSLError(),
    UnicodeDecodeError("utf-8", b"", 0, 1, "x"),
]
REFUSALS = ["channel_not_found", "not_in_channel", "invalid_blocks", "msg_too_long", "missing_scope"]


@pytest.mark.parametrize("error", PASSING, ids=repr)
def test_what_may_pass_is_unavailable(error: Exception) -> None:
    """A question waits for Slack to come back."""
    with pytest.raises(SlackUnavailable):
        calls.once(failing(error))


@pytest.mark.parametrize("code", REFUSALS)
def test_what_slack_will_never_take_is_refused_with_its_code(code: str) -> None:
    """The log says what to look up."""
    with pytest.raises(SlackRefused, match=f"^{code}$"):
        calls.once(failing(said(code)))


@pytest.mark.parametrize("code", sorted(calls.TOKEN_LOST))
def test_lost_token_is_no_refusal_and_its_cure_is_named(code: str) -> None:
    """Questions wait until the operator has put a new one in; trying again at once is of no use."""
    clock = StillClock()

    with pytest.raises(SlackUnavailable, match=f"^{code}: .*FOOTNOTE_SLACK__BOT_TOKEN"):
        calls.patiently(failing(said(code)), clock.wait)

    assert clock.waits == []


SDK_ERRORS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, Exception)]


@pytest.mark.parametrize("kind", SDK_ERRORS)
def test_every_error_of_the_sdk_becomes_ours(kind: type[Exception]) -> None:
    """Nobody outside bot/slack needs to know of slack_sdk."""
    error = said("no_text") if kind is SlackApiError else kind("why")

    with pytest.raises((SlackRefused, SlackUnavailable)):
        calls.once(failing(error))


def test_bug_of_ours_is_not_taken_for_slack() -> None:
    """A wrong key in our own code is shown as what it is."""
    with pytest.raises(KeyError):
        calls.once(failing(KeyError("ts")))


def test_patience_waits_as_long_as_slack_asks() -> None:
    """Retry-After counts where it is longer than our own pause."""
    clock = StillClock()

    done = calls.patiently(failing(said("ratelimited", 429, **{"retry-after": "30"}), said("x", 500)), clock.wait)

    assert done == "done"
    assert clock.waits == [30.0, 2.0]


def test_patience_has_an_end() -> None:
    """A question goes back to the queue rather than hold up all others."""
    clock = StillClock()

    with pytest.raises(SlackUnavailable):
        calls.patiently(failing(*[URLError("refused")] * 5), clock.wait)

    assert clock.waits == list(calls.PAUSES_SECONDS)


def test_patience_does_not_wait_for_minutes() -> None:
    """Slack asking for a long pause is Slack being away."""
    clock = StillClock()

    with pytest.raises(SlackUnavailable):
        calls.patiently(failing(said("ratelimited", 429, **{"Retry-After": "61"})), clock.wait)

    assert clock.waits == []


def test_patience_does_not_repeat_what_is_refused() -> None:
    """What Slack will never take is tried once."""
    clock = StillClock()

    with pytest.raises(SlackRefused):
        calls.patiently(failing(said("invalid_blocks")), clock.wait)

    assert clock.waits == []


@pytest.mark.parametrize("header", ["", "soon", "-5", "١٢"])
def test_odd_retry_after_is_not_counted(header: str) -> None:
    """Only plain numbers are seconds."""
    assert calls.retry_after(said("ratelimited", 429, **{"Retry-After": header})) == 0.0
