"""A real MediaWiki on loopback: Debian's package, SQLite and PHP's own web server. `.ci/packages` fetches it."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx2

CODE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "footnote" / "mediawiki"  # noqa: TID251  # as .ci/packages has it
CURE = "MediaWiki and PHP are missing: run .ci/packages (on Debian, as root or with sudo)"

BOT = "Admin@idx"
PASSWORD = "0123456789abcdef0123456789abcdef"

_SETTINGS = """
$wgMainCacheType = CACHE_NONE;
$wgRateLimits = [];
$wgJobRunRate = 0;
$wgExtraNamespaces[3000] = 'Handbook';
$wgContentNamespaces[] = 3000;
if ( file_exists( __DIR__ . '/private' ) ) { $wgGroupPermissions['*']['read'] = false; }
"""


def is_there() -> bool:
    """Say whether what `.ci/packages` fetches is here."""
    return (CODE / "api.php").is_file() and shutil.which("php") is not None


class RealMediaWiki:
    """The wiki, with its pages in *folder*; edited through its API by an admin."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._client = httpx2.Client(base_url=self.url, timeout=60)
        self._token = ""

    def install(self) -> None:
        """Make an empty wiki, with a bot password for its admin."""
        flags = ["--dbtype=sqlite", "--dbname=wiki", f"--dbpath={self._folder}/db", f"--server={self.url}"]
        flags += ["--scriptpath=", "--lang=en", "--pass=test-Admin-pass-1", f"--confpath={self._folder}"]
        self._maintain("install.php", *flags, "--extensions=Cite,ParserFunctions", "Test Wiki", "Admin")
        with (self._folder / "LocalSettings.php").open("a") as local_settings:
            local_settings.write(_SETTINGS)
        grants = "basic,highvolume,createeditmovepage,editpage,delete"
        self._maintain("createBotPassword.php", "--appid", "idx", "--grants", grants, "Admin", PASSWORD)

    def close_to_the_public(self) -> None:
        """Let only accounts read."""
        (self._folder / "private").touch()

    def open_to_the_public(self) -> None:
        """Let everybody read."""
        (self._folder / "private").unlink()

    def edit(self, title: str, text: str) -> str:
        """Create or edit a page; return its number."""
        return str(_inside(self._write(action="edit", title=title, text=text), "edit")["pageid"])

    def delete(self, title: str) -> None:
        """Delete a page."""
        self._write(action="delete", title=title)

    def restore(self, title: str) -> None:
        """Undelete a page."""
        self._write(action="undelete", title=title)

    def move(self, title: str, to: str, *, leaves_redirect: bool = True) -> None:
        """Move a page."""
        more = {} if leaves_redirect else {"noredirect": "1"}
        self._write(action="move", **{"from": title}, to=to, **more)

    def run_jobs(self) -> None:
        """Do what the wiki put off: what a template's edit means for the pages that show it."""
        self._maintain("runJobs.php")

    def wait_for_the_next_second(self) -> None:
        """Ask what time it is until it is later: the wiki's times have steps of a second."""
        began = self._ask(action="query", curtimestamp="1")["curtimestamp"]
        while self._ask(action="query", curtimestamp="1")["curtimestamp"] == began:
            pass

    def read(self, address: str) -> str:
        """Return what a browser gets at *address*."""
        return self._client.get(address.partition("#")[0]).raise_for_status().text

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve for a while."""
        port = str(httpx2.URL(self.url).port)
        command = ["php", "-S", f"127.0.0.1:{port}", "-t", str(CODE)]
        with (
            (self._folder / "php.log").open("wb") as log,
            subprocess.Popen(command, cwd=CODE, env=self._environment(), stdout=log, stderr=log) as server,
        ):
            try:
                self._wait_until_up()
                self._log_in()
                yield
            finally:
                server.terminate()
                self._client.close()

    def _wait_until_up(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", httpx2.URL(self.url).port or 0)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("php -S does not listen")

    def _log_in(self) -> None:
        asked = self._ask(action="query", meta="tokens", type="login")
        token = _inside(asked, "query", "tokens")["logintoken"]
        login = self._ask(action="login", lgname=BOT, lgpassword=PASSWORD, lgtoken=str(token))
        assert _inside(login, "login")["result"] == "Success", login
        self._token = str(_inside(self._ask(action="query", meta="tokens"), "query", "tokens")["csrftoken"])

    def _write(self, **params: str) -> Mapping[str, object]:
        answer = self._ask(token=self._token, **params)
        assert "error" not in answer, answer
        return answer

    def _ask(self, **params: str) -> Mapping[str, object]:
        answer = self._client.post("/api.php", data={"format": "json", "formatversion": "2", **params}).json()
        assert isinstance(answer, dict)
        return answer

    def _maintain(self, script: str, *arguments: str) -> None:
        (self._folder / "db").mkdir(parents=True, exist_ok=True)
        command = ["php", f"{CODE}/maintenance/{script}", *arguments]
        environment = self._environment() if script != "install.php" else None
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _environment(self) -> dict[str, str]:
        return {**os.environ, "MW_CONFIG_FILE": f"{self._folder}/LocalSettings.php"}  # noqa: TID251  # of a child


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _inside(answer: Mapping[str, object], *names: str) -> Mapping[str, object]:
    for name in names:
        inner = answer[name]
        assert isinstance(inner, dict)
        answer = inner
    return answer
