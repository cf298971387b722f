"""A real DokuWiki on loopback: Debian's package and PHP's own web server. `.ci/packages` fetches both."""

import hashlib
import os
import re
import shutil
import socket
import subprocess
import time
import xmlrpc.client  # what we write with is not what we test
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2

HERE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "footnote" / "dokuwiki"  # noqa: TID251  # as .ci/packages has it
CURE = "DokuWiki and PHP are missing: run .ci/packages (on Debian, as root or with sudo)"

ADMIN = ("ann", "test-Admin-pass-1")
BOT = ("footnote", "test-Bot-pass-1")
_FEED = re.compile(r"^\{\{rss>.*", re.MULTILINE)  # would be fetched from the network when the page is shown
FOLDERS = "attic cache index locks log media media_attic media_meta meta pages tmp".split()


def is_there() -> bool:
    """Say whether what `.ci/packages` fetches is here."""
    return (HERE / "code" / "doku.php").is_file() and shutil.which("php") is not None


class RealDokuWiki:
    """The wiki, with its pages in *folder*; edited through its API by an admin.

    Everybody may read everything, until a namespace is closed. Only accounts may use the API, until guests may.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self._folder = folder
        self._client = httpx2.Client(base_url=self.url, timeout=60)

    def install(self, *, with_manual: bool = False) -> None:
        """Make a wiki with an admin and the bot's account: empty, or with DokuWiki's manual in it."""
        shutil.copytree(HERE / "conf", self._folder / "conf")
        for name in FOLDERS:
            (self._folder / "data" / name).mkdir(parents=True)
        (self._folder / "sessions").mkdir()
        if with_manual:
            shutil.copytree(HERE / "pages", self._folder / "data" / "pages", dirs_exist_ok=True)
            syntax = self._folder / "data" / "pages" / "wiki" / "syntax.txt"
            syntax.write_text(_FEED.sub("", syntax.read_text(encoding="utf-8")), encoding="utf-8")
        accounts = [(*ADMIN, "admin,user"), (*BOT, "user,bots")]
        lines = [f"{user}:{_md5(password)}:{user}:{user}@wiki.test:{groups}\n" for user, password, groups in accounts]
        (self._folder / "conf" / "users.auth.php").write_text("".join(lines))
        (self._folder / "conf" / "acl.auth.php").write_text("*\t@ALL\t1\n*\t@user\t8\n")
        self.let_accounts_ask()

    def let_accounts_ask(self) -> None:
        """Let only accounts use the API."""
        self._configure(remoteuser="@user")

    def let_guests_ask(self) -> None:
        """Let everybody use the API, with the rights they have."""
        self._configure(remoteuser="@ALL")

    def switch_off(self) -> None:
        """Let nobody use the API."""
        self._configure(remote="0")

    def close_to_guests(self, namespace: str) -> None:
        """Let only the bot's group, and admins, read a namespace."""
        self._ask("plugin.acl.addAcl", f"{namespace}:*", "@bots", 1)
        self._ask("plugin.acl.addAcl", f"{namespace}:*", "@ALL", 0)

    def close(self, namespace: str) -> None:
        """Let only admins read a namespace."""
        self._ask("plugin.acl.delAcl", f"{namespace}:*", "@bots")
        self._ask("plugin.acl.addAcl", f"{namespace}:*", "@ALL", 0)

    def open(self, namespace: str) -> None:
        """Take those rules away."""
        self._ask("plugin.acl.delAcl", f"{namespace}:*", "@ALL")
        self._ask("plugin.acl.delAcl", f"{namespace}:*", "@bots")

    def edit(self, name: str, text: str) -> str:
        """Create or edit a page, or delete it by an empty text; return its name."""
        assert self._ask("wiki.putPage", name, text, {"sum": "a test"}) is True
        return name

    def delete(self, name: str) -> None:
        """Delete a page, as DokuWiki does: by saving nothing."""
        self.edit(name, "")

    def restore(self, name: str) -> None:
        """Save the newest revision with a text again."""
        versions = self._ask("wiki.getPageVersions", name, 0)
        assert isinstance(versions, list)
        texts = [self._ask("wiki.getPageVersion", name, version["version"]) for version in versions]
        self.edit(name, next(str(text) for text in texts if text))

    def rename(self, name: str, to: str) -> None:
        """Write the page under another name, then delete it under its own."""
        self.edit(to, str(self._ask("wiki.getPage", name)))
        self.delete(name)

    def forget_sessions(self) -> None:
        """Log everybody out but the admin who edits."""
        for session in (self._folder / "sessions").iterdir():
            session.unlink()
        self._log_in()

    def read(self, address: str) -> str:
        """Return what a guest's browser gets at *address*."""
        return httpx2.get(address.partition("#")[0], timeout=60).raise_for_status().text

    @contextmanager
    def serving(self) -> Iterator[None]:
        """Serve for a while."""
        port = str(httpx2.URL(self.url).port)
        options = [
            "-d",
            "display_errors=0",
            "-d",
            "opcache.revalidate_freq=0",
            "-d",
            f"session.save_path={self._folder}/sessions",
        ]
        command = ["php", *options, "-S", f"127.0.0.1:{port}", "-t", str(HERE / "code")]
        environment = {**os.environ, "DOKUWIKI_FOLDER": str(self._folder)}  # noqa: TID251  # of a child
        with (
            (self._folder / "php.log").open("wb") as log,
            subprocess.Popen(command, cwd=HERE, env=environment, stdout=log, stderr=log) as server,
        ):
            try:
                self._wait_until_up()
                self._log_in()
                yield
            finally:
                server.terminate()
                self._client.close()

    def _configure(self, **changed: str) -> None:
        conf = {"savedir": f"{self._folder}/data", "useacl": "1", "superuser": "@admin", "remote": "1"}
        conf |= {"updatecheck": "0", "deaccent": "0", "title": "Test Wiki"} | changed
        lines = [f"$conf['{name}'] = '{value}';\n" for name, value in conf.items()]
        (self._folder / "conf" / "local.php").write_text("<?php\n" + "".join(lines))

    def _wait_until_up(self) -> None:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", httpx2.URL(self.url).port or 0)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("php -S does not listen")

    def _log_in(self) -> None:
        assert self._ask("dokuwiki.login", *ADMIN) is True

    def _ask(self, method: str, *params: object) -> object:
        body = xmlrpc.client.dumps(params, method)  # type: ignore[arg-type]  # whatever the API takes
        answer = self._client.post("/lib/exe/xmlrpc.php", content=body, headers={"Content-Type": "text/xml"})
        (value,), _ = xmlrpc.client.loads(answer.raise_for_status().text)
        return value


def _md5(password: str) -> str:
    return hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()
