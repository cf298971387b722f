"""Shows the page in the browser of this desktop, without telling the other people of the machine its address."""

import os
import threading
import webbrowser
from collections.abc import Callable
from html import escape
from pathlib import Path

_PAGE = (
    '<!doctype html><meta charset="utf-8"><meta name="referrer" content="no-referrer">'
    '<meta http-equiv="refresh" content="0; url={url}"><title>Footnote</title><a href="{url}">Footnote</a>\n'
)


def show(url: str, folder: Path, browse: Callable[[str], object] = webbrowser.open) -> None:
    """Open *url* with *browse*, which may take its time, by way of a file in *folder* that only its owner can read.

    The address holds the session's token, and what a program is started with can be read by everybody on the machine.
    """
    doorstep = folder.resolve() / "open.html"
    doorstep.unlink(missing_ok=True)
    with os.fdopen(os.open(doorstep, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as page:
        page.write(_PAGE.format(url=escape(url)))
    threading.Thread(target=browse, args=(doorstep.as_uri(),), name="browser", daemon=True).start()
