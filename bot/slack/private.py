"""A message for one person's eyes: by the response_url of what they did; later, or without one, as a direct message."""

import logging

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_sdk.web import SlackResponse
from slack_sdk.webhook import WebhookClient, WebhookResponse

from bot.questions import Question
from bot.slack.blocks import Message
from bot.slack.rich_text import Block

log = logging.getLogger(__name__)


class PrivateMessage:
    """What the asker of *question*, and nobody else, is told. Raises Slack's own errors."""

    def __init__(self, client: WebClient, question: Question) -> None:
        self._client = client
        self._question = question

    def send(self, message: Message) -> None:
        """Show *message*, in plainer blocks where Slack refuses the others."""
        if not self._question.reply_url:
            self._write_to_asker(message)
            return
        for blocks in (message.blocks, message.plainer) if message.plainer else (message.blocks,):
            answer = self._post(message.text, blocks)
            if answer.status_code == 200:
                return
            if answer.status_code in {404, 410}:  # used five times, or half an hour old
                break
            if answer.status_code != 400 or "blocks" not in answer.body:
                raise _as_error(answer)
        log.info("a response_url is used up, writing to the asker instead")
        self._write_to_asker(message)

    def _post(self, text: str, blocks: tuple[Block, ...]) -> WebhookResponse:
        hook = WebhookClient(self._question.reply_url, retry_handlers=[])
        return hook.send(text=text, blocks=list(blocks), response_type="ephemeral", replace_original=False)

    def _write_to_asker(self, message: Message) -> None:
        self._client.chat_postMessage(
            channel=self._question.asker.user,
            text=message.text,
            blocks=message.plainer or message.blocks,
            unfurl_links=False,
            unfurl_media=False,
        )


def _as_error(answer: WebhookResponse) -> SlackApiError:
    """Return the error that the Web API would have raised for the same status."""
    response = SlackResponse(
        client=None,
        http_verb="POST",
        api_url="response_url",
        req_args={},
        data={"ok": False, "error": answer.body[:100]},
        headers=dict(answer.headers),
        status_code=answer.status_code,
    )
    return SlackApiError("a response_url was refused", response)  # type: ignore[no-untyped-call]  # slack_sdk leaves it so
