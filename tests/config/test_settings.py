"""A wrong setting stops the start with one sentence that names it and the cure."""

from collections.abc import Callable
from pathlib import Path

import pytest

from config import settings, settings_page
from config.wiki_settings import FolderWiki
from config.wikis import adapter
from indexer.wikis.bookstack import BookStack
from indexer.wikis.confluence import Confluence
from indexer.wikis.dokuwiki import DokuWiki
from indexer.wikis.folder import Folder
from indexer.wikis.git import Git
from indexer.wikis.mediawiki import MediaWiki

TWO_WIKIS = '[{"name":"a","path":"one"},{"name":"b","kind":"folder","path":"two","url":"https://wiki.example.org/"}]'


@pytest.fixture(autouse=True)
def _no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Begin each test without settings, in an empty folder."""
    for name, _ in settings.all_settings():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_nothing_set_is_the_sample_wiki_in_the_local_workspace() -> None:
    """A newcomer need not set anything."""
    read = settings.load()

    assert read.slack.bot_token is None
    for wiki in read.wikis:
        assert isinstance(wiki, FolderWiki)
        assert (wiki.path / "index.md").is_file()


def test_wikis_come_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several wikis in one variable, as the README shows."""
    monkeypatch.setenv("FOOTNOTE_WIKIS", TWO_WIKIS)

    assert [(wiki.name, wiki.url) for wiki in settings.load().wikis] == [("a", ""), ("b", "https://wiki.example.org/")]


def test_two_settings_point_at_a_mediawiki(monkeypatch: pytest.MonkeyPatch) -> None:
    """What it is and where; it is called by its kind."""
    monkeypatch.setenv("FOOTNOTE_WIKIS", '[{"kind":"mediawiki","url":"https://wiki.example.org/"}]')

    [wiki] = settings.load().wikis

    assert (wiki.name, wiki.kind, wiki.url) == ("mediawiki", "mediawiki", "https://wiki.example.org/")


@pytest.mark.parametrize(
    ("wiki", "kind"),
    [
        ('{"name":"a","path":"p"}', Folder),
        ('{"name":"a","kind":"git","repository":"/srv/x.git","token":"t"}', Git),
        ('{"kind":"mediawiki","url":"https://w.example/","user":"A@b","password":"p","namespaces":[0]}', MediaWiki),
        ('{"kind":"bookstack","url":"https://w.example/","token":"id:secret"}', BookStack),
        ('{"kind":"dokuwiki","url":"https://w.example/","user":"a","password":"p","namespaces":["hr:it"]}', DokuWiki),
        (
            (
                '{"kind":"confluence","url":"https://a.atlassian.net","user":"a@b.c","token":"t","spaces":["OPS"],'
                '"readers":"wiki"}'
            ),
            Confluence,
        ),
    ],
)
def test_each_kind_of_wiki_is_wired(monkeypatch: pytest.MonkeyPatch, wiki: str, kind: type) -> None:
    """A setting becomes its adapter, and nothing is dialled for it."""
    monkeypatch.setenv("FOOTNOTE_WIKIS", f"[{wiki}]")

    [one] = settings.load().wikis

    assert isinstance(adapter(one, Path("data")), kind)


def test_the_environment_wins_over_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What is exported for one run is not hidden by `.env`."""
    (tmp_path / ".env").write_text("FOOTNOTE_LOG_LEVEL=ERROR\nFOOTNOTE_DATA_DIR=elsewhere\n", encoding="utf-8")
    monkeypatch.setenv("FOOTNOTE_LOG_LEVEL", "DEBUG")

    read = settings.load()

    assert (read.log_level, read.data_dir) == ("DEBUG", Path("elsewhere"))


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("FOOTNOTE_MODEL__THREADS", "many", "FOOTNOTE_MODEL__THREADS: .*integer.*'many'"),
        ("FOOTNOTE_MINUTES_BETWEEN_REFRESHES", "0", "FOOTNOTE_MINUTES_BETWEEN_REFRESHES: .*greater than or equal"),
        ("FOOTNOTE_WIKIS", "[", "FOOTNOTE_WIKIS is not valid JSON"),
        ("FOOTNOTE_WIKIS", "[]", "FOOTNOTE_WIKIS: "),
        ("FOOTNOTE_WIKIS", '[{"name":"x"}]', "FOOTNOTE_WIKIS__0__PATH: field required"),
        ("FOOTNOTE_WIKIS", '[{"name":"x","path":"p","kind":"sharepoint"}]', "FOOTNOTE_WIKIS__0__KIND: .*'folder'"),
        ("FOOTNOTE_WIKIS", '[{"name":"x","kind":"git"}]', "FOOTNOTE_WIKIS__0__REPOSITORY: field required"),
        (
            "FOOTNOTE_WIKIS",
            '[{"name":"x","kind":"git","repository":"ssh://git@host/x"}]',
            "FOOTNOTE_WIKIS__0__REPOSITORY: string should match",
        ),
        ("FOOTNOTE_WIKIS", '[{"name":"x","path":"p"},{"name":"x","path":"q"}]', "two wikis are named x"),
        ("FOOTNOTE_SLACK__BOT_TOKEN", "xoxb-1", "FOOTNOTE_SLACK__APP_TOKEN is missing"),
        ("FOOTNOTE_SLACK__API_URL", "https://slack.example.org/api", "FOOTNOTE_SLACK__API_URL: "),
        ("FOOTNOTE_WIKI", "x", "FOOTNOTE_WIKI is not a setting of Footnote"),
        ("FOOTNOTE_SLACK__TOKEN", "x", "FOOTNOTE_SLACK__TOKEN"),
    ],
)
def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch, name: str, value: str, says: str) -> None:
    """The sentence says which and what it takes."""
    monkeypatch.setenv(name, value)

    with pytest.raises(settings.SettingsWrong, match=says):
        settings.load()


def test_an_unknown_setting_in_the_file_is_named(tmp_path: Path) -> None:
    """A typing mistake in `.env` is not passed over in silence."""
    (tmp_path / ".env").write_text("# a comment\nFOOTNOTE_DATADIR=x\n", encoding="utf-8")

    with pytest.raises(settings.SettingsWrong, match="FOOTNOTE_DATADIR is not a setting"):
        settings.load()


def test_swapped_tokens_are_named_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """The two tokens are easily mixed up; neither is printed."""
    monkeypatch.setenv("FOOTNOTE_SLACK__BOT_TOKEN", "xapp-secret")
    monkeypatch.setenv("FOOTNOTE_SLACK__APP_TOKEN", "xoxb-secret")

    with pytest.raises(settings.SettingsWrong, match="BOT_TOKEN must begin with xoxb-") as raised:
        settings.load()

    assert "secret" not in str(raised.value)


def test_tokens_are_not_shown_when_settings_are_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log line or a traceback with the settings in it gives nothing away."""
    monkeypatch.setenv("FOOTNOTE_SLACK__BOT_TOKEN", "xoxb-secret")
    monkeypatch.setenv("FOOTNOTE_SLACK__APP_TOKEN", "xapp-secret")

    assert "b-secret" not in repr(settings.load())


def test_the_settings_page_is_up_to_date(golden: Callable[[str, str], None]) -> None:
    """docs/settings.md is made from the code."""
    golden("../../docs/settings.md", settings_page.as_markdown())


@pytest.mark.parametrize("value", ['["xoxb-hidden"]', '{"bot":"xoxb-hidden"}', '{"bot_token":["xoxb-hidden"]}'])
def test_a_token_in_the_wrong_place_is_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    """Whatever is wrong with Slack's settings, nothing of them is printed."""
    monkeypatch.setenv("FOOTNOTE_SLACK", value)

    with pytest.raises(settings.SettingsWrong, match="FOOTNOTE_SLACK") as raised:
        settings.load()

    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(
    "wiki",
    [
        '{"name":"x","kind":"git","repository":"r","tokn":"hidden"}',
        '{"name":"x","kind":"git","repository":"https://me:hidden@host/r"}',
        '{"name":"x","kind":"git","token":"hidden"}',
        '{"kind":"mediawiki","url":"https://wiki.example/","password":["hidden"]}',
        '{"kind":"bookstack","url":"https://wiki.example/","token":"hidden"}',
        '{"kind":"dokuwiki","url":"https://wiki.example/","password":"hidden","namespaces":["a::b"]}',
        '{"kind":"confluence","url":"https://wiki.example/","token":"hidden","spaces":["A"]}',
        '{"name":"x","kind":{"token":"hidden"}}',
        '"hidden"',
    ],
)
def test_a_wikis_token_is_not_shown(monkeypatch: pytest.MonkeyPatch, wiki: str) -> None:
    """Under whatever name it was given, and beside whatever else is wrong."""
    monkeypatch.setenv("FOOTNOTE_WIKIS", f"[{wiki}]")

    with pytest.raises(settings.SettingsWrong, match="FOOTNOTE_WIKIS__0") as raised:
        settings.load()

    assert "hidden" not in str(raised.value)


@pytest.mark.parametrize(("name", "value"), [("FOOTNOTE_DATA_DIR", ""), ("FOOTNOTE_WIKIS", '[{"name":"x","path":""}]')])
def test_an_empty_folder_is_not_the_present_one(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    """An unset variable in a script must not index or fill the working folder."""
    monkeypatch.setenv(name, value)

    with pytest.raises(settings.SettingsWrong, match="is empty"):
        settings.load()


def test_one_wrong_wiki_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows from the first mistake is not told as a second."""
    monkeypatch.setenv("FOOTNOTE_WIKIS", '[{"name":"A b","path":"x"}]')

    with pytest.raises(settings.SettingsWrong) as raised:
        settings.load()

    assert str(raised.value).count("\n") == 0


@pytest.mark.parametrize("missing", ["BOT_TOKEN", "SIGNING_SECRET"])
def test_http_needs_token_and_secret(monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    """A request that cannot be checked is never taken."""
    for name, value in (("BOT_TOKEN", "xoxb-a"), ("SIGNING_SECRET", "b"), ("HTTP_PORT", "3000")):
        monkeypatch.setenv(f"FOOTNOTE_SLACK__{name}", "" if name == missing else value)

    with pytest.raises(settings.SettingsWrong, match=f"FOOTNOTE_SLACK__{missing} is missing"):
        settings.load()


def test_http_needs_no_app_token(monkeypatch: pytest.MonkeyPatch) -> None:
    """That one opens Socket Mode."""
    for name, value in (("BOT_TOKEN", "xoxb-a"), ("SIGNING_SECRET", "b"), ("HTTP_PORT", "3000")):
        monkeypatch.setenv(f"FOOTNOTE_SLACK__{name}", value)

    assert settings.load().slack.http_port == 3000


def test_admins_are_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name would match nobody, in silence."""
    monkeypatch.setenv("FOOTNOTE_SLACK__ADMINS", '["maya"]')

    with pytest.raises(settings.SettingsWrong, match="FOOTNOTE_SLACK__ADMINS"):
        settings.load()


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"DISPLAY": ":0"}, "linux", True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True),
        ({}, "darwin", True),
        ({}, "linux", False),
        ({"DISPLAY": ""}, "linux", False),
        ({"DISPLAY": ":0", "CI": "true"}, "linux", False),
        ({"DISPLAY": "localhost:10.0", "SSH_CONNECTION": "10.0.0.2 1 10.0.0.1 22"}, "linux", False),
    ],
)
def test_a_page_opens_by_itself_only_before_somebody(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], platform: str, *, expected: bool
) -> None:
    """Not in CI, and not on the screen of whoever is logged in from afar."""
    for name in ("CI", "DISPLAY", "SSH_CONNECTION", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("sys.platform", platform)

    assert settings.has_desktop() is expected
