"""Takes the pictures of docs/tour.md, the README's among them: people of the local workspace with the real bot.

`make picture` runs this. The index and the prepared model stay in build/tour: a second tour takes a minute or two.
Needs pngquant (Debian's), which makes the pictures a third as large.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome

from tests.browser import scenes
from tests.browser.serving import ROOT, footnote
from tests.browser.starting import chromium
from tests.browser.window import Window, left

PICTURES = ROOT / "docs" / "pictures"
STUCK = ROOT / "build" / "tour" / "stuck.png"  # what was on the screen where the tour could not go on
MAX_BYTES = 150_000  # a page of twenty such pictures still opens at once
PORT = "8767"
MAX_WAIT_SECONDS = 90.0  # for an answer, on a machine that does other things too
CITED = "#replies a[href*='quote=']"  # only a checked answer quotes

ASKED = "how many days of annual leave do full-time staff in the UK get?"
FOLLOWED_UP = "And in Germany?"
PRIVATE = "how many days of PTO do full-time staff in the US get a year?"
NOT_IN_THE_WIKI = "what is the dress code for the board meeting?"


class Tour:
    """The way through everything, in the order of docs/tour.md."""

    def __init__(self, chrome: Chrome, folder: Path) -> None:
        self.window = Window(chrome, folder)
        self.window.seconds = MAX_WAIT_SECONDS
        self.window.resize(1200, 750, 1.5)

    def begin(self, address: str) -> None:
        """Open the workspace and wait for the bot."""
        self.window.chrome.get(address)
        self.window.see("#connection", "the bot is connected")

    def ask(self) -> None:
        """Mention the bot, open the source of its answer, follow up, judge, and read the page."""
        window = self.window
        window.go("ask-people")
        scenes.ask(window, ASKED)
        scenes.open_source(window)
        window.rest()
        window.picture("answer")
        scenes.follow_up(window, FOLLOWED_UP)
        window.rest()
        window.picture("follow-up")
        scenes.look_behind(window)
        scenes.complain(window, "It is outdated", "From 2027 on it is 30 days.")
        window.see(CITED).click()
        window.newest_tab()
        self._read_source()
        window.chrome.close()
        window.chrome.switch_to.window(window.chrome.window_handles[0])
        window.press("Close the thread")

    def ask_otherwise(self) -> None:
        """Ask in private, ask what the wiki does not know, and ask nobody in particular."""
        window = self.window
        window.go("it-help")
        scenes.ask_in_private(window, PRIVATE)
        window.go("general")
        scenes.choose_settings(window, "Priya Nair")
        scenes.ask(window, NOT_IN_THE_WIKI)
        scenes.call_a_person(window)
        window.press("Close the thread")
        window.go("incidents")
        scenes.choose_settings(window, "Priya Nair")
        window.be("Jonas Brandt")
        scenes.be_offered_an_answer(window, ASKED)
        window.press("Close the thread")
        window.be("Maya Okafor")

    def look_after_the_index(self) -> None:
        """Ask how the index is doing, have it read all pages again, and open the Home tab."""
        window = self.window
        window.go("general")
        window.say("/wiki status")
        window.see("#messages .ephemeral", "passages")
        window.rest()
        window.picture("status")
        scenes.reindex(window)
        window.see("#messages .message", "passages, generation ")  # no indexer runs here, so the bot does it in a while
        window.rest()
        window.picture("reindex")
        scenes.open_home(window)

    def be_advised(self) -> None:
        """Turn a case in words into advice with a chart."""
        self.window.go("general")
        scenes.be_advised(self.window)

    def look_closer(self) -> None:
        """Open the developer's drawer, and look in the dark and on a narrow screen."""
        window = self.window
        window.go("ask-people")
        window.press("Developer: calls, events, faults")
        window.click(lambda: next(each for each in window.all("#log .entry") if "chat.update" in each.text))
        window.see("#detail h3")
        window.rest()
        window.picture("drawer")
        window.press("Close the drawer")
        window.press("3 replies")
        window.colours("dark")
        window.rest()
        window.picture("dark")
        window.colours("light")
        window.resize(390, 780, 2)
        window.picture("narrow")

    def _read_source(self) -> None:
        window = self.window
        window.resize(1200, 750, 1.5)
        window.see("#page mark")
        window.see("#health dd")
        window.picture("source")
        window.press("Edit")
        window.see("#source")
        window.picture("edit")


def take(chrome: Chrome, data_dir: Path, folder: Path) -> None:
    """Go through everything, and leave the pictures in *folder*."""
    tour = Tour(chrome, folder)
    with footnote(data_dir, WORKSPACE__PORT=PORT) as address, left(tour.window):
        try:
            tour.begin(address)
            tour.ask()
            tour.ask_otherwise()
            tour.look_after_the_index()
            tour.be_advised()
            tour.look_closer()
        except WebDriverException:
            chrome.save_screenshot(str(STUCK))
            raise


def compress(pictures: Iterable[Path]) -> list[str]:
    """Give each picture a palette of 256 colours; return those that are too large all the same, with their size."""
    too_large = []
    for picture in pictures:
        subprocess.run(["pngquant", "--force", "--skip-if-larger", "--ext", ".png", "--strip", picture], check=False)
        if picture.stat().st_size > MAX_BYTES:
            too_large.append(f"{picture.name}: {picture.stat().st_size:,} bytes")
    return too_large


def main() -> int:
    """Take all pictures into docs/pictures."""
    if shutil.which("pngquant") is None:
        print("pngquant is missing: apt install pngquant", file=sys.stderr)
        return 1
    data_dir = ROOT / "build" / "tour"
    data_dir.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        (data_dir / "bot.db").unlink()  # earlier answers
    shutil.rmtree(data_dir / "sample-wiki", ignore_errors=True)  # earlier edits
    taken = data_dir / "pictures"
    shutil.rmtree(taken, ignore_errors=True)
    browser = chromium()
    try:
        take(browser, data_dir, taken)
    finally:
        browser.quit()
    too_large = compress(sorted(taken.glob("*.png")))
    if too_large:
        print("\n".join(too_large), file=sys.stderr)
        return 1
    shutil.rmtree(PICTURES, ignore_errors=True)
    shutil.copytree(taken, PICTURES)
    return 0


if __name__ == "__main__":
    sys.exit(main())
