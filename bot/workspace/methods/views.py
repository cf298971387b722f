"""views.*: modals, which need a fresh trigger, and Home tabs."""

from dataclasses import replace

from bot.workspace.blocks import Surface
from bot.workspace.errors import CallRefused
from bot.workspace.forms import view_form
from bot.workspace.limits import check_view
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import BOT_USER_ID
from bot.workspace.state import State, Trigger
from bot.workspace.views import View
from bot.workspace.wire import Json

TRIGGER_SECONDS = 3.0
MAX_DEPTH = 3


def open_view(desk: Desk, arguments: Arguments) -> Json:
    """views.open."""
    body = _modal(arguments)
    trigger = _use_trigger(desk.state, arguments)
    return {"view": view_form(open_modal(desk.state, trigger.person, body))}


def push(desk: Desk, arguments: Arguments) -> Json:
    """views.push: on top of the modal the trigger came from."""
    body = _modal(arguments)
    trigger = _use_trigger(desk.state, arguments)
    if trigger.view_id not in desk.state.views:
        raise CallRefused("not_found", "[ERROR] the trigger comes from no open modal")
    return {"view": view_form(push_modal(desk.state, trigger.person, body))}


def update(desk: Desk, arguments: Arguments) -> Json:
    """views.update."""
    view = _find(desk.state, arguments)
    _check_hash(view, arguments)
    return {"view": view_form(replace_modal(desk.state, view, _modal(arguments)))}


def publish(desk: Desk, arguments: Arguments) -> Json:
    """views.publish."""
    person = desk.known_person(arguments.text("user_id"))
    body = arguments.mapping("view")
    check_view(body, Surface.HOME)
    before = desk.state.homes.get(person.id)
    if before is not None:
        _check_hash(before, arguments)
    view_id = before.id if before else desk.state.new_id("V")
    view = View(view_id, person.id, desk.state.completed_view(body or {}), desk.state.new_id("h"), root_id=view_id)
    desk.state.homes[person.id] = view
    return {"view": view_form(view)}


def open_modal(state: State, person: str, body: Json) -> View:
    """Show *body* as the only modal before *person*."""
    close_modals(state, person)
    view_id = state.new_id("V")
    return _keep(state, View(view_id, person, state.completed_view(body), state.new_id("h"), root_id=view_id))


def push_modal(state: State, person: str, body: Json) -> View:
    """Show *body* above the modals before *person*, of which there may be three."""
    below = state.modals(person)
    if not below:
        return open_modal(state, person, body)
    if len(below) >= MAX_DEPTH:
        raise CallRefused("push_limit_reached")
    view = View(
        state.new_id("V"),
        person,
        state.completed_view(body),
        state.new_id("h"),
        root_id=below[0].id,
        previous_id=below[-1].id,
    )
    return _keep(state, view)


def replace_modal(state: State, view: View, body: Json) -> View:
    """Show *body* in place of *view*, under the same id."""
    return _keep(state, replace(view, body=state.completed_view(body), hash=state.new_id("h"), errors={}))


def close_modals(state: State, person: str) -> None:
    """Close every modal before *person*."""
    for view in state.modals(person):
        del state.views[view.id]


def _keep(state: State, view: View) -> View:
    state.views[view.id] = view
    return view


def _modal(arguments: Arguments) -> Json:
    body = arguments.mapping("view")
    check_view(body, Surface.MODAL)
    return body or {}


def _use_trigger(state: State, arguments: Arguments) -> Trigger:
    trigger = state.triggers.get(arguments.text("trigger_id"))
    if trigger is None or trigger.person == BOT_USER_ID:
        raise CallRefused("invalid_trigger_id")
    if trigger.is_used:
        raise CallRefused("exchanged_trigger_id")
    if state.clock.now() - trigger.created > TRIGGER_SECONDS:
        raise CallRefused("expired_trigger_id")
    state.triggers[trigger.id] = replace(trigger, is_used=True)
    return trigger


def _find(state: State, arguments: Arguments) -> View:
    if arguments.has("view_id"):
        view = state.views.get(arguments.text("view_id"))
    else:
        external_id = arguments.text("external_id")
        view = next((each for each in state.views.values() if each.body.get("external_id") == external_id), None)
    if view is None:
        raise CallRefused("not_found")
    return view


def _check_hash(view: View, arguments: Arguments) -> None:
    if arguments.maybe("hash") not in (None, "", view.hash):
        raise CallRefused("hash_conflict")
