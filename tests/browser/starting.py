"""Starts Debian's Chromium under its own driver; neither dials anybody."""

import shutil

from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service

CURE = "apt install chromium chromium-driver fonts-inter fonts-noto-color-emoji"
SWITCHES = (
    "headless=new",
    "no-sandbox",  # the tests may run as root
    "disable-dev-shm-usage",
    "disable-background-networking",
    "host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class NoChromium(Exception):
    """There is no Chromium with its driver; the message says what to install."""


def chromium() -> Chrome:
    """Return a running browser without a window on the screen. Raises NoChromium."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        raise NoChromium(f"there is no Chromium with its driver: {CURE}")
    options = ChromeOptions()
    options.binary_location = program
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    for switch in SWITCHES:
        options.add_argument(f"--{switch}")
    return Chrome(options=options, service=Service(driver))
