"""A whole bot but for its index and model, in a process of its own, until its input ends: what the load is measured on.

Its answers take no time, so that what is measured is everything else.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from bot.answers import Found, Step, Writing
from bot.asking import Asking
from bot.records import Records
from bot.slack.app import SlackApp, client_for
from bot.slack.audiences import EveryonesPages
from bot.slack.features import Surroundings, all_features
from bot.slack.reply import SlackReplies
from bot.slack.telling import Telling
from bot.slack.web import SlackWeb
from bot.worker import Worker
from indexer.pages import Audience
from tests.fakes_bot import an_answer

EVERY_STEP, ANSWER_ALONE = "every step", "answer alone"


class AtOnce:
    """An answering that answers at once (port Answering): in every step, or in one where Slack takes no more."""

    def __init__(self, shows: str) -> None:
        """Show *every step* or the *answer alone*."""
        self._shows = shows

    def steps(self, question: str, audience: Audience) -> Iterator[Step]:  # noqa: ARG002  the port's words
        """Yield what an ordinary question comes to."""
        answer = an_answer()
        if self._shows == EVERY_STEP:
            yield Found(answer.passages)
            yield Writing(answer.text)
        yield answer


def main() -> int:
    """Serve the workspace on the command line: records, API, tokens, a signing secret for HTTP, and what is shown."""
    path, api_url, bot_token, app_token, secret, shows = sys.argv[1:]
    client = client_for(bot_token, api_url)
    with closing(Records(Path(path), lambda: datetime.now(UTC))) as records:
        replies = SlackReplies(client, records.replies, time.monotonic, time.sleep)
        worker = Worker(records, lambda _: AtOnce(shows), EveryonesPages(), replies)
        asking = Asking(records, worker.wake, worker.drop)
        around = Surroundings(
            client,
            records,
            replies,
            EveryonesPages(),
            frozenset(),
            asking,
            lambda: None,
            lambda: None,
            Telling(client, records.tellings, lambda: None, time.sleep),
            lambda _wiki, _page: "",
        )
        features = all_features(around)
        app = SlackWeb(client, secret, features, 0) if secret else SlackApp(client, app_token, features)
        app.start()
        thread = threading.Thread(target=worker.run)
        thread.start()
        print(app.url if isinstance(app, SlackWeb) else "connected", flush=True)
        sys.stdin.read()
        app.close()
        worker.stop()
        thread.join()
    return 0


if __name__ == "__main__":
    sys.exit(main())
