"""What the tests of the Slack side share."""

from collections.abc import Iterator

import pytest

from bot.workspace import Workspace


@pytest.fixture
def workspace() -> Iterator[Workspace]:
    """Return a fresh workspace on localhost."""
    with Workspace.start() as workspace:
        yield workspace
