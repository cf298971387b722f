"""What can go wrong while answering.

BotError
├── QuestionUnusable       the asker can mend it: empty, too long, or no question; say so to them
├── SituationUnusable      the asker of /advise can mend it: the message names each wrong value
├── ModelUnusable          the operator mends FOOTNOTE_MODEL__PATH or FOOTNOTE_MODEL__ADAPTER_PATH, as the message says
├── ModelFailed            one answer was lost; say sorry, keep the passages shown, go on with the next question
├── RecordsUnusable        from a newer version, damaged, or the disk is full: the message names the file and the cure
├── SlackRefused           Slack will never accept this call: a bug of ours or a missing scope; logged with Slack's code
└── SlackUnavailable       Slack did not take the call, or the token any more; the question stays and is tried again
"""


class BotError(Exception):
    """An error of the bot, with a message for whoever will fix it. Never shown in Slack as it is."""


class QuestionUnusable(BotError):
    """A question that cannot be asked of a wiki. The message is a whole sentence for the asker."""


class SituationUnusable(BotError):
    """A situation with values that cannot be. The message has a line for each, for the asker."""


class ModelUnusable(BotError):
    """The language model, or its adapter, cannot be opened."""


class ModelFailed(BotError):
    """The language model stopped in the middle of an answer."""


class RecordsUnusable(BotError):
    """The bot's records cannot be opened or written."""


class SlackRefused(BotError):
    """Slack answered that the call can never succeed."""


class SlackUnavailable(BotError):
    """Slack could not be reached, asked us to wait for longer than we may, or takes the token no more."""
