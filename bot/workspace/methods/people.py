"""users.*, usergroups.*, team.info, bots.info and auth.test: who is who."""

from bot.workspace.errors import CallRefused
from bot.workspace.forms import group_form, person_form
from bot.workspace.methods.arguments import Arguments
from bot.workspace.methods.desk import Desk
from bot.workspace.people import APP_ID, BOT_ID, BOT_USER_ID, TEAM_DOMAIN, TEAM_ID, TEAM_NAME, Person
from bot.workspace.wire import Json


def auth_test(desk: Desk, arguments: Arguments) -> Json:
    """auth.test."""
    del arguments
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": desk.state.people[BOT_USER_ID].name,
        "team_id": TEAM_ID,
        "user_id": BOT_USER_ID,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def users_info(desk: Desk, arguments: Arguments) -> Json:
    """users.info."""
    return {"user": _form(desk, desk.known_person(arguments.text("user")))}


def users_list(desk: Desk, arguments: Arguments) -> Json:
    """users.list, always on one page."""
    del arguments
    everybody = [_form(desk, person) for person in desk.state.people.values()]
    return {"members": everybody, "cache_ts": int(desk.state.clock.now()), "response_metadata": {"next_cursor": ""}}


def lookup_by_email(desk: Desk, arguments: Arguments) -> Json:
    """users.lookupByEmail."""
    email = arguments.text("email")
    for person in desk.state.people.values():
        if person.email == email:
            return {"user": _form(desk, person)}
    raise CallRefused("users_not_found")


def groups_list(desk: Desk, arguments: Arguments) -> Json:
    """usergroups.list."""
    forms = [group_form(group) for group in desk.state.groups.values()]
    if arguments.flag("include_users"):
        forms = [form | {"users": sorted(desk.state.groups[form["id"]].people)} for form in forms]
    return {"usergroups": forms}


def group_people(desk: Desk, arguments: Arguments) -> Json:
    """usergroups.users.list."""
    group = desk.state.groups.get(arguments.text("usergroup"))
    if group is None:
        raise CallRefused("no_such_subteam")
    return {"users": sorted(group.people)}


def team_info(desk: Desk, arguments: Arguments) -> Json:
    """team.info."""
    del desk, arguments
    return {"team": {"id": TEAM_ID, "name": TEAM_NAME, "domain": TEAM_DOMAIN, "email_domain": ""}}


def bots_info(desk: Desk, arguments: Arguments) -> Json:
    """bots.info."""
    if arguments.text("bot") != BOT_ID:
        raise CallRefused("bot_not_found")
    name = desk.state.people[BOT_USER_ID].real_name
    return {"bot": {"id": BOT_ID, "app_id": APP_ID, "user_id": BOT_USER_ID, "name": name, "deleted": False}}


def _form(desk: Desk, person: Person) -> Json:
    form = person_form(person)
    if "users:read.email" in desk.scopes:
        form["profile"] = {**form["profile"], "email": person.email}
    return form
