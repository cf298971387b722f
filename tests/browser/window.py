"""What tests do in a browser, in the words of a person: look, press, write, and take a picture."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from axe_core_python.base import AXE_FILE_PATH
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from bot.workspace import Workspace

T = TypeVar("T")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]

__all__ = ["Keys", "Window", "left"]


class Window:
    """One browser window. Whatever it looks for it waits for, *seconds* at most."""

    def __init__(self, chrome: Chrome, shots: Path) -> None:
        self.chrome = chrome
        self._shots = shots
        self.seconds = 10.0

    def open(self, workspace: Workspace, place: str = "general", person: str | None = None) -> None:
        """Open the page, perhaps as another *person*, and go to a channel, `Footnote` or `Footnote home`."""
        self.chrome.get(workspace.page_url)
        self.see("#channels button")
        if person is not None:
            self.be(person)
        self.go(place)

    def be(self, person: str) -> None:
        """Become *person*, by the name shown."""
        option = self.wait(lambda: next((o for o in self.all("#person option") if person in o.text), None))
        option.click()
        who = option.get_attribute("value")
        self.wait(lambda: self.script("return document.querySelector('#face').dataset.person") == who)

    def go(self, place: str) -> None:
        """Go to a place of the sidebar."""
        self.press(place, within="#sidebar")

    def resize(self, width: int, height: int, scale: float = 1.0) -> None:
        """Give the page *width* by *height* pixels, each drawn as *scale* by *scale* of a picture."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
        self.chrome.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def colours(self, scheme: str) -> None:
        """Let the system prefer `dark` or `light`."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.chrome.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})

    # Looking

    def wait(self, look: Callable[[], T | None]) -> T:
        """Return the first true value of *look*. Raises TimeoutException."""

        def looked(_: Chrome) -> T | None:
            try:
                return look()
            except StaleElementReferenceException:
                return None

        return WebDriverWait(self.chrome, self.seconds, poll_frequency=0.03).until(looked)  # type: ignore[return-value]  # until() returns true values only

    def all(self, selector: str) -> list[WebElement]:
        """Return every element that can be seen, now."""
        return [each for each in self.chrome.find_elements(By.CSS_SELECTOR, selector) if each.is_displayed()]

    def see(self, selector: str, text: str = "") -> WebElement:
        """Return the first element with *text* in it, once it can be seen."""
        return self.wait(lambda: next((each for each in self.all(selector) if text in each.text), None))

    def is_in_sight(self, selector: str) -> bool:
        """Return whether the lower edge of the first such element is within the window."""
        edge = "return document.querySelector(arguments[0]).getBoundingClientRect().bottom <= innerHeight"
        return bool(self.script(edge, selector))

    def gone(self, selector: str) -> None:
        """Wait until nothing like that can be seen."""
        self.wait(lambda: not self.all(selector))

    def script(self, code: str, *arguments: object) -> Any:  # noqa: ANN401  whatever JavaScript returns
        """Return what a piece of JavaScript returns."""
        return self.chrome.execute_script(code, *arguments)

    # Doing

    def press(self, name: str, within: str = "body") -> None:
        """Press the button, link or summary of that name: its text, or what a screen reader calls it."""

        def found() -> WebElement | None:
            controls = self.all(f"{within} :is(button, a, summary)")
            exact = (each for each in controls if name in {each.text.strip(), each.get_attribute("aria-label")})
            partly = (each for each in controls if name in each.text)
            return next(exact, None) or next(partly, None)

        self.wait(found)
        self.wait(lambda: self._pressed(found()))

    def click(self, find: Callable[[], WebElement]) -> None:
        """Press what *find* finds, once it can be pressed, also where it is drawn anew meanwhile."""

        def pressed() -> bool:
            try:
                return self._pressed(find())
            except (IndexError, StopIteration):
                return False

        self.wait(pressed)

    def reach(self, text: str) -> None:
        """Go to the message with *text* by keyboard, which shows what can be done to it."""
        self.script("arguments[0].focus()", self.see(".message", text))
        self.see(".tools [aria-label='Add a reaction']")

    def write(self, selector: str, *keys: str) -> WebElement:
        """Write into a box."""
        box = self.see(selector)
        box.send_keys(*keys)
        return box

    def say(self, text: str, box: str = "#composer-text") -> None:
        """Write *text* and send it."""
        self.write(box, text, Keys.ESCAPE, Keys.ENTER)
        self.wait(lambda: self.see(box).get_attribute("value") == "")

    def type_keys(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        ActionChains(self.chrome).send_keys(*keys).perform()

    def focused(self) -> str:
        """Return what a screen reader would call the element that has the focus."""
        name = "return document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent.trim()"
        return str(self.script(name))

    def point_at(self, selector: str) -> None:
        """Put the pointer on something, so that it is not on something else."""
        ActionChains(self.chrome).move_to_element(self.see(selector)).perform()

    def rest(self) -> None:
        """Take the focus and the pointer away from everything, as before a picture."""
        self.script("document.activeElement.blur()")
        self.point_at("#title")

    # Checking

    def picture(self, name: str) -> Path:
        """Keep a picture of the window; return where it is."""
        self._shots.mkdir(parents=True, exist_ok=True)
        path = self._shots / f"{name}.png"
        self.chrome.save_screenshot(str(path))
        return path

    def barriers(self) -> list[str]:
        """Return what axe-core finds against the page as it is now: rule, number of places, the first of them."""
        self.script(AXE_FILE_PATH.read_text(encoding="utf-8"))
        code = "const done = arguments[1]; axe.run(document, {runOnly: arguments[0]}).then(done);"
        found = self.chrome.execute_async_script(code, RULES)
        return [f"{each['id']} ×{len(each['nodes'])}: {each['nodes'][0]['html'][:200]}" for each in found["violations"]]

    def complaints(self) -> list[str]:
        """Return the errors on the page's console since the last look."""
        log = self.chrome.get_log("browser")  # type: ignore[no-untyped-call]  # Selenium leaves it untyped
        errors = [line["message"] for line in log if line["level"] == "SEVERE"]
        return [error for error in errors if not ("/control/" in error and "400" in error)]  # refused, and said so

    def requests(self) -> list[str]:
        """Return the addresses the page asked for since the last look."""
        log = self.chrome.get_log("performance")  # type: ignore[no-untyped-call]  # Selenium leaves it untyped
        events = [json.loads(entry["message"])["message"] for entry in log]
        sent = [each["params"]["request"]["url"] for each in events if each["method"] == "Network.requestWillBeSent"]
        opened = [each["params"]["url"] for each in events if each["method"] == "Network.webSocketCreated"]
        return [*sent, *opened]

    def forget(self) -> None:
        """Forget what was logged before."""
        self.complaints()
        self.requests()

    def leave(self) -> None:
        """Leave the page, so that the next test begins at an empty one, and close other tabs."""
        first, *others = self.chrome.window_handles
        for other in others:
            self.chrome.switch_to.window(other)
            self.chrome.close()
        self.chrome.switch_to.window(first)
        if self.chrome.current_url.startswith("http"):
            self.script("sessionStorage.clear(); localStorage.clear();")
        self.colours("light")
        self.chrome.get("about:blank")

    def newest_tab(self) -> None:
        """Go on in the tab that was opened last."""
        self.wait(lambda: len(self.chrome.window_handles) > 1)
        self.chrome.switch_to.window(self.chrome.window_handles[-1])

    def _pressed(self, element: WebElement | None) -> bool:
        if element is None:
            return False
        element.click()
        return True


@contextmanager
def left(window: Window) -> Iterator[None]:
    """Leave the page at the end of the block, before its workspace ends."""
    try:
        yield
    finally:
        window.leave()
