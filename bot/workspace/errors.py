"""What the local workspace refuses.

Exception
├── CallRefused      a Web API call breaks one of Slack's rules: the bot must be corrected
└── GestureRefused   a person tried what Slack's own window would not let them do: the test must be corrected
"""


class CallRefused(Exception):
    """Slack answers ``ok: false`` with *code*; *explanations* go into ``response_metadata.messages``."""

    def __init__(self, code: str, *explanations: str, **particulars: str) -> None:
        super().__init__(" ".join((code, *explanations)))
        self.code = code
        self.explanations = explanations
        self.particulars = particulars


class GestureRefused(Exception):
    """A person cannot do this here; the message says why."""
