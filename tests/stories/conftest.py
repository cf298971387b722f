"""The whole product in its own processes: the real indexer, bot, model and Bolt, on a data folder made once."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.workspace import Workspace
from tests.bot.slack.running import OVER_HTTP

ROOT = Path(__file__).parents[2]
UNFURLS = ("unfurl_links", "unfurl_media")
START_SECONDS = 180  # measuring the model's formats takes half a minute on a free machine


@dataclass(frozen=True, slots=True)
class Installation:
    """A Footnote with its own data folder. *settings* are FOOTNOTE_… variables."""

    data_dir: Path
    settings: Mapping[str, str]

    def environment(self, more: Mapping[str, str]) -> dict[str, str]:
        """Return the variables its processes run with: none of this process's own settings."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}  # noqa: TID251
        return clean | {"FOOTNOTE_DATA_DIR": str(self.data_dir)} | dict(self.settings) | dict(more)

    def run(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run `python -m …` to its end."""
        return subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=self.environment(more),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
            check=False,
        )

    @contextmanager
    def bot_in(self, workspace: Workspace) -> Iterator[subprocess.Popen[str]]:
        """Run the bot against *workspace* until the block ends; its log lands in the data folder."""
        tokens = {
            "FOOTNOTE_SLACK__BOT_TOKEN": workspace.bot_token,
            "FOOTNOTE_SLACK__APP_TOKEN": workspace.app_token,
            "FOOTNOTE_SLACK__API_URL": workspace.api_url,
        }
        with self._running("bot", tokens) as bot:
            yield bot

    @contextmanager
    def indexer(self) -> Iterator[subprocess.Popen[str]]:
        """Run the indexer until the block ends; its log lands in the data folder."""
        with self._running("indexer", {}) as indexer:
            yield indexer

    def log(self, name: str = "bot") -> str:
        """Return what the bot logged so far, or the indexer."""
        return (self.data_dir / f"{name}.log").read_text(encoding="utf-8")

    @contextmanager
    def _running(self, name: str, more: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
        command = [sys.executable, "-m", name]
        with (self.data_dir / f"{name}.log").open("a", encoding="utf-8") as log:
            process = subprocess.Popen(command, cwd=ROOT, env=self.environment(more), stdout=log, stderr=log, text=True)
            try:
                yield process
            finally:
                process.terminate()
                process.wait(timeout=30)


@pytest.fixture(scope="session")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """Give a Footnote over the sample wiki, indexed and with its model made ready."""
    made = Installation(tmp_path_factory.mktemp("footnote"), {})
    for command in (("indexer", "once"), ("bot", "prepare")):
        done = made.run(*command)
        assert done.returncode == 0, done.stderr
    return made


@pytest.fixture(params=["socket mode", "signed http"])
def workspace(request: pytest.FixtureRequest) -> Iterator[Workspace]:
    """Give a fresh workspace on localhost, which reaches its bot over either transport; Maya is its admin."""
    with Workspace.start() as workspace:
        if request.param == "signed http":
            OVER_HTTP.add(workspace)
        yield workspace
        posts = workspace.calls("chat.postMessage")
        unfurled = [post for post in posts if {str(post.arguments.get(name)) for name in UNFURLS} - {"False", "0"}]
        assert unfurled == [], "a link to a page shows no more of the page than we do"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the records are."""
    return tmp_path / "records.db"
