"""One bot for one data folder."""

from pathlib import Path

import pytest

from bot.errors import RecordsUnusable
from bot.records import alone


def test_second_bot_is_turned_away_by_name(tmp_path: Path) -> None:
    """It would answer again what the first is answering."""
    with (
        alone(tmp_path / "data"),
        pytest.raises(RecordsUnusable, match="another bot works with"),
        alone(tmp_path / "data"),
    ):
        pass


def test_folder_is_free_again_afterwards(tmp_path: Path) -> None:
    """However the first one ended."""
    with pytest.raises(ZeroDivisionError), alone(tmp_path):
        raise ZeroDivisionError

    with alone(tmp_path):
        pass


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The operator reads which."""
    (tmp_path / "file").write_text("")

    with pytest.raises(RecordsUnusable, match=r"bot\.lock cannot be written"), alone(tmp_path / "file"):
        pass
