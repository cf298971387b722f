"""Every setting: name, type, unit, default, one sentence. The only module that reads the environment.

Settings come from the environment, then from `.env`, with the prefix `FOOTNOTE_`; `__` goes a level down, as in
`FOOTNOTE_MODEL__PATH`. `docs/settings.md` is made from this file by `config/settings_page.py`.
"""

import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from config.wiki_settings import WIKI_KINDS, FolderWiki, Group, WikiSettings, not_empty

PREFIX = "FOOTNOTE_"
SHIPPED = "shipped"
"""Stands for what comes with Footnote."""
_UNKNOWN = "is not a setting"
_GOLDEN = Path(__file__).resolve().parent.parent / "tests" / "golden"
SAMPLE_WIKI = _GOLDEN / "wiki"
CLOSED_SAMPLE_WIKI = _GOLDEN / "people-team-wiki"
"""A second sample wiki, which only some of the local workspace's people may read."""
SAMPLE_GROUP = "people-team"


class SettingsWrong(Exception):
    """A setting is missing, unknown or wrong; the message names each and its cure."""


class SlackSettings(Group):
    """How to reach Slack. With neither token set, the local workspace is started instead."""

    bot_token: Annotated[SecretStr | None, Field(description="The bot's token, `xoxb-…`.")] = None
    app_token: Annotated[SecretStr | None, Field(description="The app's token for Socket Mode, `xapp-…`.")] = None
    signing_secret: Annotated[
        SecretStr | None, Field(description="The app's signing secret; Socket Mode does not need it.")
    ] = None
    http_port: Annotated[
        int | None,
        Field(
            ge=1,
            le=65535,
            description="The port on this machine where a proxy hands over what Slack posts, at `/slack/events`; "
            "empty for Socket Mode, which needs no address.",
        ),
    ] = None
    admins: Annotated[
        tuple[Annotated[str, StringConstraints(pattern=r"^[UW][A-Z0-9]{1,19}$")], ...],
        Field(
            description="Who may look after the index and see what any answer was shown, as a JSON list of Slack user "
            "ids; empty for the workspace's own admins."
        ),
    ] = ()
    api_url: Annotated[
        str,
        Field(description="Where Slack's Web API is; must end in `/`."),
        StringConstraints(pattern=r"^https?://\S+/$"),
    ] = "https://slack.com/api/"

    @field_validator("bot_token", "app_token", "signing_secret", "http_port", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ReadersSettings(Group):
    """Who counts as whom in wikis with rights. Without any of these, only pages that everyone may read are shown."""

    people: Annotated[
        dict[str, tuple[str, ...]],
        Field(
            description="Slack e-mails and what these people count as, in direct messages, as JSON: "
            '`{"ann@example.org": ["handbook:user:ann", "handbook:group:hr"]}`.'
        ),
    ] = {}  # noqa: RUF012  pydantic copies it
    by_email: Annotated[
        tuple[str, ...],
        Field(
            description="What everybody counts as by their e-mail, in direct messages, as JSON: "
            '`["handbook:user:{email}"]`.'
        ),
    ] = ()
    channels: Annotated[
        dict[str, tuple[str, ...]],
        Field(
            description="Ids of channels and what all their members count as, as JSON: "
            '`{"C0HR": ["handbook:group:hr"]}`; whoever joins the channel reads those pages.'
        ),
    ] = {}  # noqa: RUF012  pydantic copies it


class ModelSettings(Group):
    """The language model."""

    path: Annotated[
        str,
        Field(
            description="A GGUF file, or `owner/repository:file.gguf` on the Hugging Face hub; "
            "empty for SmolLM2-135M-Instruct, which is installed with Footnote."
        ),
    ] = ""
    adapter_path: Annotated[
        str,
        Field(
            description="A LoRA adapter in GGUF form for that model; `shipped` for the one that comes with Footnote, "
            "which no other model takes; empty for none."
        ),
    ] = SHIPPED
    threads: Annotated[
        int,
        Field(ge=0, le=256, description="CPU threads that read prompts, one fewer writes answers; 0 for one a core."),
    ] = 0
    answer_tokens: Annotated[int, Field(ge=16, le=512, description="The most tokens one answer may have.")] = 96
    synthesis_seconds: Annotated[
        int,
        Field(
            ge=0,
            le=120,
            description='Seconds that a question may take which needs several pages, as "compare", "list all" and '
            '"summarise" do; 0 answers it like any other.',
        ),
    ] = 20


class EmbedderSettings(Group):
    """The embedding model."""

    path: Annotated[
        str,
        Field(
            description="A folder or hub name of a sentence-transformers model; empty for all-MiniLM-L6-v2, "
            "which is installed with Footnote."
        ),
    ] = ""
    weights_path: Annotated[
        str,
        Field(
            description="The folder of weights that are added to the embedding model; `shipped` for those that come "
            "with Footnote, which fit its own model alone; empty for none. Another value embeds the wiki anew."
        ),
    ] = SHIPPED


class SearchSettings(Group):
    """How much is found and shown for one question."""

    hits: Annotated[
        int, Field(ge=1, le=100, description="Passages found for a question before the best are shown.")
    ] = 10
    passages: Annotated[int, Field(ge=1, le=8, description="Passages shown for a question, at most.")] = 3
    read_passages: Annotated[
        int,
        Field(
            ge=1,
            le=8,
            description="How many of those, the best first, the model reads. Of several a small model often picks a "
            "wrong one; give a larger model more.",
        ),
    ] = 1
    passage_tokens: Annotated[
        int, Field(ge=100, le=3000, description="Tokens of the model that the passages shown may take together.")
    ] = 640
    maxsim: Annotated[
        bool,
        Field(
            description="Whether the 50 best passages are compared with the question token by token, which finds more "
            "and takes 10 to 18 kB of disk a passage; a change acts with the next refresh."
        ),
    ] = True
    verifier_path: Annotated[
        str,
        Field(
            description="The folder of a verifier, which reads the best passages beside the question; `shipped` for "
            "the one that comes with Footnote, empty for none."
        ),
    ] = SHIPPED


class WorkspaceSettings(Group):
    """The local workspace, which stands in for Slack while no token is set."""

    port: Annotated[
        int, Field(ge=0, le=65535, description="The port it listens on, on this machine only; 0 for any.")
    ] = 8765
    opens_page: Annotated[
        bool, Field(description="Whether its page opens in the browser by itself, where there is a desktop.")
    ] = True


class Settings(BaseSettings):
    """All settings of the bot and the indexer."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Annotated[
        Path,
        AfterValidator(not_empty),
        Field(description="The folder for the index, the prepared model and the records."),
    ] = Path("data")
    wikis: Annotated[
        tuple[WikiSettings, ...],
        Field(
            min_length=1,
            description="The wikis to index, as a JSON list; what each takes depends on its kind and is listed below.",
        ),
    ] = (
        FolderWiki(name="sample", path=SAMPLE_WIKI),
        FolderWiki(name="sample-people-team", path=CLOSED_SAMPLE_WIKI, readers=(SAMPLE_GROUP,)),
    )
    minutes_between_refreshes: Annotated[
        float, Field(ge=0.1, le=10_080, description="Minutes from one refresh of the index to the next.")
    ] = 10
    hours_between_listings: Annotated[
        float,
        Field(
            ge=1,
            le=168,
            description="Hours from one full listing of a wiki to the next, which finds what its changes do not tell.",
        ),
    ] = 24
    generations_kept: Annotated[
        int, Field(ge=0, le=1000, description="Generations that `python -m indexer rollback` can go back, at most.")
    ] = 20
    health_port: Annotated[
        int,
        Field(
            ge=0,
            le=65535,
            description="The port of the indexer's `/healthz` and `/metrics`, on this machine only; 0 for none.",
        ),
    ] = 0
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="How much is logged.")] = (
        "INFO"
    )
    slack: Annotated[SlackSettings, Field(description="How to reach Slack.")] = SlackSettings()
    readers: Annotated[ReadersSettings, Field(description="Who counts as whom.")] = ReadersSettings()
    model: Annotated[ModelSettings, Field(description="The language model.")] = ModelSettings()
    embedder: Annotated[EmbedderSettings, Field(description="The embedding model.")] = EmbedderSettings()
    search: Annotated[SearchSettings, Field(description="How much is found and shown.")] = SearchSettings()
    workspace: Annotated[WorkspaceSettings, Field(description="The local workspace.")] = WorkspaceSettings()

    @field_validator("wikis")
    @classmethod
    def _names_differ(cls, wikis: tuple[WikiSettings, ...]) -> tuple[WikiSettings, ...]:
        names = [wiki.name for wiki in wikis]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise ValueError(f"two wikis are named {twice[0]}; give each its own name")
        return wikis


def load(env_file: Path | None = Path(".env")) -> Settings:
    """Read the settings from the environment and *env_file*. Raises SettingsWrong, which names every wrong one."""
    try:
        settings = Settings(_env_file=env_file)  # type: ignore[call-arg]  # pydantic-settings' own parameter
    except (ValidationError, SettingsError) as error:
        raise SettingsWrong("\n".join(_sentences(error))) from error
    except UnicodeDecodeError as error:
        raise SettingsWrong(f"{env_file} is not UTF-8 text; save it as UTF-8.") from error
    unknown = sorted(_given(env_file) - {name for name, _ in all_settings()})
    if unknown:
        raise SettingsWrong(f"{unknown[0]} is not a setting of Footnote; docs/settings.md lists them all.")
    _check_tokens(settings.slack)
    return settings


def has_desktop() -> bool:
    """Return whether somebody sits before this machine: a Mac, or a display is named; never in CI or over SSH."""
    if {"CI", "SSH_CONNECTION"} & os.environ.keys():
        return False
    return sys.platform == "darwin" or any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def _check_tokens(slack: SlackSettings) -> None:
    """All that a transport needs or nothing: with a part of it, Slack would be reached half way."""
    is_http = slack.http_port is not None
    second = ("SIGNING_SECRET", slack.signing_secret) if is_http else ("APP_TOKEN", slack.app_token)
    given = dict([("BOT_TOKEN", slack.bot_token), second])
    missing = [name for name, value in given.items() if value is None]
    if missing and (is_http or len(missing) == 1):
        raise SettingsWrong(
            f"FOOTNOTE_SLACK__{missing[0]} is missing while the rest for Slack is set; copy it from "
            "https://api.slack.com/apps, or unset both to try Footnote in the local workspace."
        )
    for name, start in (("BOT_TOKEN", "xoxb-"), ("APP_TOKEN", "xapp-")):
        token = given.get(name)
        if token is not None and not token.get_secret_value().startswith(start):
            raise SettingsWrong(
                f"FOOTNOTE_SLACK__{name} must begin with {start}; copy it from https://api.slack.com/apps."
            )


def _given(env_file: Path | None) -> set[str]:
    """Return the names of the settings given, without what is below a JSON value."""
    names = {name.upper() for name in os.environ}
    if env_file is not None and env_file.is_file():
        lines = env_file.read_text(encoding="utf-8").splitlines()
        names |= {line.removeprefix("export ").split("=")[0].strip().upper() for line in lines if "=" in line}
    return {name for name in names if name.startswith(PREFIX)}


def _sentences(error: ValidationError | SettingsError) -> Iterator[str]:
    if isinstance(error, SettingsError):
        field = str(error).split('"')[1] if '"' in str(error) else "settings"
        yield f"{PREFIX}{field.upper()} is not valid JSON; docs/settings.md shows an example."
        return
    problems = [
        problem for problem in error.errors() if problem["type"] != "too_short" or problem["input"] in ("", [], ())
    ]
    for problem in problems or error.errors():
        name = _name_of(problem)
        message = _message_of(problem)
        given = "" if _may_be_secret(name, problem["input"]) else f" (given: {str(problem['input'])[:80]!r})"
        yield f"{name}: {message[:1].lower()}{message[1:]}{given}; docs/settings.md says what it takes."


def _name_of(problem: ErrorDetails) -> str:
    """Return the name of what is wrong, a wiki's kind left out of it."""
    where = [str(part) for part in problem["loc"]]
    if where[0] == "wikis" and len(where) > 2 and where[2] in WIKI_KINDS:
        del where[2]
    if problem["type"] == "union_tag_invalid":
        where.append("kind")
    return PREFIX + "__".join(where).upper()


def _message_of(problem: ErrorDetails) -> str:
    if problem["type"] == "extra_forbidden":
        return _UNKNOWN
    if problem["type"] == "union_tag_invalid":
        return "must be one of " + ", ".join(repr(kind) for kind in WIKI_KINDS)
    return problem["msg"].removeprefix("Value error, ")


def _may_be_secret(name: str, given: object) -> bool:
    """Whether what was given may hold a token: anything of Slack's, and of a wiki all but what is plainly none."""
    if name.startswith(f"{PREFIX}WIKIS__"):
        plain = name.endswith(("__KIND", "__NAME", "__PATH", "__URL", "__REPOSITORY", "__BRANCH", "__FOLDER"))
        return not (plain and isinstance(given, str) and "@" not in given)
    return name.startswith(f"{PREFIX}SLACK")


def all_settings() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the name in the environment and the field of every setting, groups themselves included."""
    yield from _below(PREFIX, Settings.model_fields)


def _below(prefix: str, fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in fields.items():
        yield prefix + name.upper(), field
        if isinstance(field.annotation, type) and issubclass(field.annotation, Group):
            yield from _below(f"{prefix}{name.upper()}__", field.annotation.model_fields)
