"""Modals and Home tabs as the workspace keeps them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.workspace.wire import Json


@dataclass(frozen=True, slots=True)
class View:
    """One modal or Home tab shown to *person*; *errors* maps a block_id to what the bot said against its input."""

    id: str
    person: str
    body: Json
    hash: str
    root_id: str
    previous_id: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)

    @property
    def blocks(self) -> list[Json]:
        """Return the blocks shown."""
        return list(self.body.get("blocks", []))

    @property
    def callback_id(self) -> str:
        """Return the name by which the bot knows this form."""
        return str(self.body.get("callback_id", ""))
