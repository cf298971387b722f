"""The page opens by itself on a desktop, and its address stays with its owner."""

import queue
from pathlib import Path

from bot.workspace.doorstep import show

URL = "http://127.0.0.1:8765/?token=secret&x=1"


def test_browser_is_sent_to_the_page_by_a_file_of_its_owner(tmp_path: Path) -> None:
    """Neither the command that opens it nor another account of the machine holds the token."""
    opened: queue.Queue[str] = queue.Queue()

    show(URL, tmp_path, opened.put)

    file = tmp_path / "open.html"
    assert opened.get(timeout=10) == file.as_uri()
    assert "url=http://127.0.0.1:8765/?token=secret&amp;x=1" in file.read_text(encoding="utf-8")
    assert file.stat().st_mode & 0o777 == 0o600


def test_earlier_address_is_replaced(tmp_path: Path) -> None:
    """Also where somebody left a file that others may read, or a link to elsewhere."""
    elsewhere = tmp_path / "elsewhere"
    (tmp_path / "open.html").symlink_to(elsewhere)

    show(URL, tmp_path, lambda _: None)

    assert not elsewhere.exists()
    assert (tmp_path / "open.html").stat().st_mode & 0o777 == 0o600
