"""What the local workspace makes of settings: where the wikis are read in the local workspace."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from bot.workspace.people import harbourline
from bot.workspace.shelf import IndexHealth
from config.local import identities, shelf, wikis_of
from config.settings import SAMPLE_WIKI, Settings, SlackSettings, WorkspaceSettings
from config.wiki_settings import FolderWiki
from config.wikis import page_owners
from indexer.pages import EVERYONE, PageId

PEOPLE = [person for person in harbourline(0).people if not person.is_bot]
ROOT = Path(__file__).parents[2]
SLACK = SlackSettings(bot_token=SecretStr("xoxb-1"), app_token=SecretStr("xapp-1"))


def test_sample_wiki_is_a_copy_with_addresses_in_the_local_workspace(tmp_path: Path) -> None:
    """Trying Footnote out edits nothing of the project, and every citation has somewhere to lead."""
    settings = Settings(data_dir=tmp_path, workspace=WorkspaceSettings(port=8951))

    sample, closed = wikis_of(settings)

    assert isinstance(sample, FolderWiki)
    assert sample.path == tmp_path / "sample-wiki"
    assert sample.url == "http://127.0.0.1:8951/wiki/sample/"
    assert (sample.path / "index.md").read_bytes() == (SAMPLE_WIKI / "index.md").read_bytes()
    assert isinstance(closed, FolderWiki)
    assert (closed.path, closed.readers) == (tmp_path / "sample-people-team-wiki", ("people-team",))


def test_folder_with_an_address_of_its_own_keeps_it(tmp_path: Path) -> None:
    """So does its folder: only the sample wiki is copied."""
    own = FolderWiki(name="own", path=tmp_path / "own", url="https://wiki.example.org/")
    bare = FolderWiki(name="bare", path=tmp_path / "bare")

    first, second = wikis_of(Settings(data_dir=tmp_path, wikis=(own, bare)))

    assert first == own
    assert isinstance(second, FolderWiki)
    assert (second.path, second.url) == (tmp_path / "bare", "http://127.0.0.1:8765/wiki/bare/")


@pytest.mark.parametrize("more", [{"slack": SLACK}, {"workspace": WorkspaceSettings(port=0)}])
def test_wikis_are_left_alone_where_there_is_no_page_to_lead_to(tmp_path: Path, more: dict[str, object]) -> None:
    """In Slack, and where the workspace's port changes with every start."""
    settings = Settings(data_dir=tmp_path, **more)  # type: ignore[arg-type]  # either group of settings

    assert wikis_of(settings) == list(settings.wikis)
    assert not (tmp_path / "sample-wiki").exists()


def test_some_of_the_workspaces_people_read_its_closed_sample_wiki(tmp_path: Path) -> None:
    """Maya and Jonas, and the channel of those two; on the shelf as in answers."""
    settings = Settings(data_dir=tmp_path)
    known = identities(settings)
    shown = shelf(settings, lambda: IndexHealth(0, 0, 0, "", ()), lambda: "")

    may = {person.name: known.of(person.email) - {EVERYONE} for person in PEOPLE}
    sees = {person.name: {ref.wiki for ref in shown.sheets(person)} for person in PEOPLE}

    assert may == {"maya": {"people-team"}, "jonas": {"people-team"}, "priya": set(), "sam": set()}
    assert sees == {name: {"sample"} | {f"sample-{group}" for group in groups} for name, groups in may.items()}
    assert {ref.wiki for ref in shown.sheets(None)} == {"sample"}
    assert known.channels == {"C0LEADERSHIP": {"people-team"}}


@pytest.mark.parametrize(
    "more",
    [{"slack": SLACK}, {"wikis": (FolderWiki(name="own", path=Path("own"), readers=("people-team",)),)}],
)
def test_nobody_is_made_a_reader_of_a_wiki_that_is_not_the_sample(tmp_path: Path, more: dict[str, object]) -> None:
    """In Slack, and over wikis of one's own, people are whom the settings make them."""
    known = identities(Settings(data_dir=tmp_path, **more))  # type: ignore[arg-type]  # settings of either kind

    assert (known.people, known.channels) == ({}, {})


@pytest.mark.model
def test_model_opens_beside_all_that_the_bot_imports() -> None:
    """Where usearch is loaded too early, its own C++ library keeps llama.cpp from opening any model (std::bad_cast)."""
    code = (
        "import bot.__main__; from bot.llama import LlamaModel, Weights; from bot.preparing import packaged_model; "
        "LlamaModel(Weights(packaged_model(), None, repack=False, threads=1), 'x').close(); print('open')"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT)

    assert done.stdout.strip() == "open", done.stderr


def test_sample_wiki_names_owners_whom_the_workspace_knows(tmp_path: Path) -> None:
    """So "Ask a person" can be tried; a wiki's own setting is for pages of which nothing nearer says more."""
    sample = Settings(data_dir=tmp_path).wikis[0].model_copy(update={"owner": "maya@harbourline.example"})
    empty = FolderWiki(name="empty", path=tmp_path / "empty", owner="jonas@harbourline.example")
    owner = page_owners(Settings(data_dir=tmp_path, wikis=(sample, empty)))

    named = [owner("sample", PageId(page)) for page in ("people/sabbatical.md", "it/mfa.md", "money/expenses.md")]

    assert named == [f"{name}@harbourline.example" for name in ("priya", "sam", "maya")]
    assert owner("empty", PageId("a.md")) == "jonas@harbourline.example"
    assert owner("gone", PageId("a.md")) == ""
    assert set(named) <= {person.email for person in PEOPLE}
