"""apps.connections.open and blocks.validate: the two that belong to no family."""

from bot.workspace.blocks import Surface
from bot.workspace.errors import CallRefused
from bot.workspace.limits import check_blocks, check_view
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import APP_ID
from bot.workspace.wire import Json


def open_connection(desk: Desk, arguments: Arguments) -> Json:
    """apps.connections.open."""
    del arguments
    link = desk.address.replace("http://", "ws://", 1)
    return {"url": f"{link}/link/?ticket={desk.new_ticket()}&app_id={APP_ID}"}


def validate(desk: Desk, arguments: Arguments) -> Json:
    """blocks.validate: exactly one of blocks, message and view."""
    del desk
    given = [name for name in ("blocks", "message", "view") if arguments.has(name)]
    if len(given) != 1:
        raise CallRefused("invalid_arguments", "[ERROR] provide exactly one of blocks, message, or view")
    if given == ["view"]:
        view = arguments.mapping("view") or {}
        check_view(view, Surface.HOME if view.get("type") == Surface.HOME else Surface.MODAL)
        return {}
    message = arguments.mapping("message") if given == ["message"] else {"blocks": arguments.objects("blocks")}
    check_blocks((message or {}).get("blocks", []))
    return {}
