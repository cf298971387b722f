"""Rates, and faults that were asked for."""

import time

import pytest
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler

from bot.workspace import Fault, FaultKind, Workspace
from tests.bot.workspace.asking import refusal


def post(client: WebClient) -> object:
    """Post something to #general."""
    return client.chat_postMessage(channel="C0GENERAL", text="Hello")


def texts(workspace: Workspace) -> list[str]:
    """Return what stands in #general."""
    return [message.text for message in workspace.messages("#general")]


def test_posting_is_slowed_down_per_channel(workspace: Workspace, client: WebClient) -> None:
    """After a burst of twenty, one message a second; other channels are not held up."""
    for _ in range(20):
        post(client)

    refused = refusal(lambda: post(client))
    other = client.chat_postMessage(channel="C0INCIDENTS", text="Hello")
    workspace.advance(1)
    post(client)

    assert (refused.status_code, refused["error"], refused.headers["Retry-After"]) == (429, "ratelimited", "1")
    assert other["ok"]
    assert len(texts(workspace)) == 21


def test_updates_have_a_rate_of_their_own(client: WebClient) -> None:
    """Fifty updates pass, the next has to wait."""
    ts = client.chat_postMessage(channel="C0GENERAL", text="0")["ts"]
    for number in range(50):
        client.chat_update(channel="C0GENERAL", ts=ts, text=str(number))

    assert refusal(lambda: client.chat_update(channel="C0GENERAL", ts=ts, text="x"))["error"] == "ratelimited"


def test_rate_limit_fault_is_waited_out_by_the_sdk(workspace: Workspace) -> None:
    """The SDK's retry handler reads Retry-After and posts once."""
    patient = WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[RateLimitErrorRetryHandler()])
    workspace.inject(Fault(FaultKind.RATE_LIMITED, "chat.postMessage", seconds=0))

    post(patient)

    assert texts(workspace) == ["Hello"]
    assert [call.error for call in workspace.calls("chat.postMessage")] == ["ratelimited", ""]


def test_server_error_leaves_nothing_behind(workspace: Workspace, client: WebClient) -> None:
    """A 5xx is not applied, and happens as often as asked for."""
    workspace.inject(Fault(FaultKind.SERVER_ERROR, status=503, times=2))

    statuses = [refusal(lambda: post(client)).status_code for _ in range(2)]
    post(client)

    assert (statuses, texts(workspace)) == ([503, 503], ["Hello"])


@pytest.mark.parametrize(("kind", "expected"), [(FaultKind.DROPPED_BEFORE, []), (FaultKind.DROPPED_AFTER, ["Hello"])])
def test_line_is_cut_before_or_after_the_call(
    workspace: Workspace, client: WebClient, kind: FaultKind, expected: list[str]
) -> None:
    """The client sees the same; only the workspace knows whether it was applied."""
    workspace.inject(Fault(kind, "chat.postMessage"))

    with pytest.raises(OSError, match=r"closed|reset"):
        post(client)

    assert texts(workspace) == expected
    assert workspace.calls()[-1].status == 0


def test_lost_reply_makes_the_sdk_post_twice(workspace: Workspace) -> None:
    """The SDK's default handler retries a cut line: the trap a bot must know of."""
    ordinary = WebClient(workspace.bot_token, base_url=workspace.api_url)
    workspace.inject(Fault(FaultKind.DROPPED_AFTER, "chat.postMessage"))

    post(ordinary)

    assert texts(workspace) == ["Hello", "Hello"]


def test_refusal_of_choice_meets_its_method_only(workspace: Workspace, client: WebClient) -> None:
    """A fault waits for the call it fits."""
    workspace.inject(Fault(FaultKind.REFUSED, "chat.postMessage", error="restricted_action"))

    assert client.auth_test()["ok"]
    assert refusal(lambda: post(client))["error"] == "restricted_action"
    post(client)


def test_slow_reply_comes_after_the_call_was_applied(workspace: Workspace, client: WebClient) -> None:
    """A late answer is no missing answer."""
    workspace.inject(Fault(FaultKind.SLOW, seconds=0.1))
    started = time.perf_counter()

    post(client)

    assert time.perf_counter() - started >= 0.1
    assert texts(workspace) == ["Hello"]


def test_calls_are_remembered_without_tokens(workspace: Workspace, client: WebClient) -> None:
    """The log has method, arguments, error and latency, and no secret."""
    post(client)

    (call,) = workspace.calls()
    assert (call.method, call.arguments["text"], call.error, call.status) == ("chat.postMessage", "Hello", "", 200)
    assert call.latency > 0
    assert workspace.bot_token not in str(call)
