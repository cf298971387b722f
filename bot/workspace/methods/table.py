"""What one Web API method is: its answer, its scopes and its rate."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import Channel
from bot.workspace.rates import Tier
from bot.workspace.wire import Json

_SCOPE_FAMILY = {"channel": "channels", "group": "groups", "im": "im"}


@dataclass(frozen=True, slots=True)
class Method:
    """One method; a scope starting with ``*:`` stands for channels:, groups: or im:, after the channel asked for."""

    answer: Callable[[Desk, Arguments], Json]
    tier: Tier
    scopes: tuple[str, ...] = ()
    is_app_level: bool = False

    def scopes_for(self, channel: Channel | None) -> list[str]:
        """Return the scopes needed to call it about *channel*."""
        family = _SCOPE_FAMILY[channel.kind if channel else "channel"]
        return [scope.replace("*", family) for scope in self.scopes]

    def rate_key(self, arguments: Json) -> str:
        """Return what shares one rate: the channel for posting, everything for the rest."""
        return str(arguments.get("channel", "")) if self.tier is Tier.POSTING else ""
