"""Every setting: name, type, unit, default, one sentence. The only module that reads the environment.

Settings come from the environment, then from `.env`, with the prefix `FOOTNOTE_`; `__` goes a level down, as in
`FOOTNOTE_MODEL__PATH`. `docs/settings.md` is generated from this file.
"""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    field_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

PREFIX = "FOOTNOTE_"
_UNKNOWN = "is not a setting"
SAMPLE_WIKI = Path(__file__).resolve().parent.parent / "tests" / "golden" / "wiki"


class SettingsWrong(Exception):
    """A setting is missing, unknown or wrong; the message names each and its cure."""


def _not_empty(path: Path) -> Path:
    if path == Path():
        raise ValueError("is empty; name a folder")
    return path


class _Group(BaseModel):
    """Settings that belong together."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class WikiSettings(_Group):
    """One wiki to index."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
    kind: Literal["folder"] = "folder"
    path: Annotated[Path, AfterValidator(_not_empty)]
    url: Annotated[str, StringConstraints(pattern=r"^(https?://\S+)?$")] = ""


class SlackSettings(_Group):
    """How to reach Slack. With neither token set, the local workspace is started instead."""

    bot_token: Annotated[SecretStr | None, Field(description="The bot's token, `xoxb-…`.")] = None
    app_token: Annotated[SecretStr | None, Field(description="The app's token for Socket Mode, `xapp-…`.")] = None
    signing_secret: Annotated[
        SecretStr | None, Field(description="The app's signing secret; Socket Mode does not need it.")
    ] = None
    api_url: Annotated[
        str,
        Field(description="Where Slack's Web API is; must end in `/`."),
        StringConstraints(pattern=r"^https?://\S+/$"),
    ] = "https://slack.com/api/"

    @field_validator("bot_token", "app_token", "signing_secret", mode="before")
    @classmethod
    def _empty_is_none(cls, value: object) -> object:
        return None if value == "" else value


class ModelSettings(_Group):
    """The language model."""

    path: Annotated[
        str,
        Field(
            description="A GGUF file, or `owner/repository:file.gguf` on the Hugging Face hub; "
            "empty for SmolLM2-135M-Instruct, which is installed with Footnote."
        ),
    ] = ""
    adapter_path: Annotated[str, Field(description="A LoRA adapter in GGUF form for that model; empty for none.")] = ""
    threads: Annotated[
        int,
        Field(ge=0, le=256, description="CPU threads that read prompts, one fewer writes answers; 0 for one a core."),
    ] = 0
    answer_tokens: Annotated[int, Field(ge=16, le=512, description="The most tokens one answer may have.")] = 96


class EmbedderSettings(_Group):
    """The embedding model."""

    path: Annotated[
        str,
        Field(
            description="A folder or hub name of a sentence-transformers model; empty for all-MiniLM-L6-v2, "
            "which is installed with Footnote."
        ),
    ] = ""


class SearchSettings(_Group):
    """How much is found and shown for one question."""

    hits: Annotated[
        int, Field(ge=1, le=100, description="Passages found for a question before the best are shown.")
    ] = 10
    passages: Annotated[int, Field(ge=1, le=8, description="Passages shown to the model, at most.")] = 3
    passage_tokens: Annotated[
        int, Field(ge=100, le=3000, description="Tokens of the model that those passages may take together.")
    ] = 640
    maxsim: Annotated[
        bool,
        Field(
            description="Whether the 50 best passages are compared with the question token by token, which finds more "
            "and takes 10 to 18 kB of disk a passage; a change acts with the next refresh."
        ),
    ] = True


class WorkspaceSettings(_Group):
    """The local workspace, which stands in for Slack while no token is set."""

    port: Annotated[
        int, Field(ge=0, le=65535, description="The port it listens on, on this machine only; 0 for any.")
    ] = 8765


class Settings(BaseSettings):
    """All settings of the bot and the indexer."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_file=".env", extra="ignore", frozen=True
    )

    data_dir: Annotated[
        Path,
        AfterValidator(_not_empty),
        Field(description="The folder for the index, the prepared model and the records."),
    ] = Path("data")
    wikis: Annotated[
        tuple[WikiSettings, ...],
        Field(
            min_length=1,
            description="The wikis to index, as JSON: name (small letters, digits, `-`), kind (`folder`), path, and "
            "url, the address under which its pages are read; empty where they have none.",
        ),
    ] = (WikiSettings(name="sample", path=SAMPLE_WIKI),)
    minutes_between_refreshes: Annotated[
        float, Field(ge=0.1, le=10_080, description="Minutes from one refresh of the index to the next.")
    ] = 10
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(description="How much is logged.")] = (
        "INFO"
    )
    slack: Annotated[SlackSettings, Field(description="How to reach Slack.")] = SlackSettings()
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


def _check_tokens(slack: SlackSettings) -> None:
    """Both tokens or none: with one, Slack would be reached half way."""
    given = {"BOT_TOKEN": slack.bot_token, "APP_TOKEN": slack.app_token}
    missing = [name for name, token in given.items() if token is None]
    if len(missing) == 1:
        raise SettingsWrong(
            f"FOOTNOTE_SLACK__{missing[0]} is missing while the other token is set; copy it from "
            "https://api.slack.com/apps, or unset both to try Footnote in the local workspace."
        )
    for name, start in (("BOT_TOKEN", "xoxb-"), ("APP_TOKEN", "xapp-")):
        token = given[name]
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
        where = [str(part) for part in problem["loc"]]
        name = PREFIX + "__".join(where).upper()
        message = _UNKNOWN if problem["type"] == "extra_forbidden" else problem["msg"].removeprefix("Value error, ")
        is_secret = name.startswith(f"{PREFIX}SLACK")  # whatever is wrong there may hold a token
        given = "" if is_secret else f" (given: {str(problem['input'])[:80]!r})"
        yield f"{name}: {message[:1].lower()}{message[1:]}{given}; docs/settings.md says what it takes."


def all_settings() -> Iterator[tuple[str, FieldInfo]]:
    """Yield the name in the environment and the field of every setting, groups themselves included."""
    yield from _below(PREFIX, Settings.model_fields)


def _below(prefix: str, fields: Mapping[str, FieldInfo]) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in fields.items():
        yield prefix + name.upper(), field
        if isinstance(field.annotation, type) and issubclass(field.annotation, _Group):
            yield from _below(f"{prefix}{name.upper()}__", field.annotation.model_fields)


def as_markdown() -> str:
    """Return `docs/settings.md`."""
    rows = [
        f"| `{name}` | {_default(field)} | {field.description} |"
        for name, field in all_settings()
        if not (isinstance(field.annotation, type) and issubclass(field.annotation, _Group))
    ]
    return "\n".join(
        (
            "# Settings",
            "",
            "Made from `config/settings.py` by `make golden`; do not edit. Set them in the environment or in a file",
            "`.env` beside the Makefile. A wrong or unknown one stops the start with a sentence that names it.",
            "",
            "| setting | default | what it is |",
            "|---|---|---|",
            *rows,
            "",
            "Two wikis, one with addresses to link to:",
            "",
            "```",
            'FOOTNOTE_WIKIS=\'[{"name":"handbook","path":"docs/","url":"https://wiki.example.org/"},',
            '                 {"name":"runbooks","kind":"folder","path":"/srv/runbooks"}]\'',
            "```",
            "",
        )
    )


def _default(field: FieldInfo) -> str:
    if field.default is None or field.default == "":
        return "empty"
    if isinstance(field.default, tuple):
        return "the sample wiki"
    return f"`{field.default}`"
