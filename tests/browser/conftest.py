"""A real Chromium before a real workspace. Where Chromium is missing, the tests are skipped and say what cures it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome
from slack_sdk import WebClient

from bot.workspace import Workspace
from tests.browser.starting import NoChromium, chromium
from tests.browser.window import Window

SHOTS = Path(__file__).parents[2] / "build" / "screenshots"  # for people to look at


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test here."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("browser")


@pytest.fixture(scope="session")
def chrome() -> Iterator[Chrome]:
    """Start one Chromium for all tests; each leaves its page."""
    try:
        browser = chromium()
    except NoChromium as missing:
        pytest.skip(str(missing))
    yield browser
    browser.quit()


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Start a workspace on the real clock, for one test."""
    with Workspace.start() as running:
        yield running


@pytest.fixture
def client(workspace: Workspace) -> WebClient:
    """Return Slack's own client with the bot's token and no retries."""
    return WebClient(workspace.bot_token, base_url=workspace.api_url, retry_handlers=[])


@pytest.fixture
def window(chrome: Chrome) -> Iterator[Window]:
    """Give a window of ordinary size; what went wrong in its page, the policy's refusals too, fails the test."""
    shown = Window(chrome, SHOTS)
    shown.resize(1360, 900)
    shown.forget()
    yield shown
    complaints = shown.complaints()
    shown.leave()
    assert complaints == []
