"""A copy of a git repository, kept up to date by dulwich. Knows commits and files; knows nothing of pages.

The copy is bare, has the whole history, and may be deleted at any time: the next fetch makes it anew.
"""

import errno
import shutil
import stat as file_modes
import struct
import time
import weakref
import zlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from dulwich.client import (
    GitClient,
    HttpGitClient,
    HTTPProxyUnauthorized,
    HTTPUnauthorized,
    InvalidWants,
    LocalGitClient,
)
from dulwich.diff_tree import TreeChange, tree_changes
from dulwich.errors import (
    ApplyDeltaError,
    ChecksumMismatch,
    FileFormatException,
    GitProtocolError,
    NotGitRepository,
    NotTreeError,
    ObjectMissing,
    WrongObjectException,
)
from dulwich.file import FileLocked
from dulwich.object_store import tree_lookup_path
from dulwich.objects import Blob, Commit, ObjectID, TreeEntry
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.walk import WalkEntry

from indexer.errors import DiskFull, WikiMisconfigured, WikiRefused, WikiUnavailable
from indexer.wikis.patience import Patience, TryAgain
from indexer.wikis.touches import History, Sha

TIMEOUT_SECONDS = 60.0
STALE_LOCK_SECONDS = 3600.0  # a fetch holds the lock for an instant; a killed one leaves it behind

_OURS = Ref(b"refs/heads/fetched")
_DAMAGE = (
    ApplyDeltaError,
    AssertionError,  # so dulwich says that a file does not begin as it should
    ChecksumMismatch,
    FileFormatException,
    LookupError,
    ObjectMissing,
    ValueError,
    WrongObjectException,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Remote:
    """Where a repository is: an `https://` or `http://` address or a folder, an account, a branch (empty: its own)."""

    url: str
    branch: str = ""
    user: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file of a commit: its path under the folder asked for, as bytes for it may be no text, and its content."""

    path: bytes
    content: Sha


@dataclass(frozen=True, slots=True)
class Difference:
    """What two commits differ in: the files that are new or have another content, and the paths that are gone."""

    written: tuple[File, ...]
    gone: tuple[bytes, ...]


class Mirror:
    """The copy of *remote* in *folder*."""

    def __init__(self, wiki: str, remote: Remote, folder: Path, patience: Patience) -> None:
        self._wiki = wiki
        self._remote = remote
        self._folder = folder
        self._patience = patience
        self._opened: Repo | None = None

    def fetch(self) -> Sha:
        """Return the newest commit of the branch, which is here with its history.

        Raises WikiMisconfigured, WikiRefused, WikiUnavailable or DiskFull.
        """
        return self._patience.ask(self._wiki, self._remote.url, self._fetched)

    def files(self, commit: Sha, folder: str) -> list[File]:
        """Return every file under *folder* (empty: all there are). Raises WikiMisconfigured if it is not there."""
        with self._intact():
            store = self._repo().object_store
            entries = store.iter_tree_contents(self._tree(commit, folder))
            return [_file(entry) for entry in entries if _is_file(entry)]

    def difference(self, old: Sha, new: Sha, folder: str) -> Difference:
        """Return what *new* differs in from *old* under *folder*, wherever the two stand in history."""
        with self._intact():
            store = self._repo().object_store
            before, after = self._tree(old, folder), self._tree(new, folder)
            return _sorted_out(tree_changes(store, before, after))

    def file(self, commit: Sha, folder: str, path: bytes) -> Sha | None:
        """Return the content of the file at *path* under *folder*, None if there is none."""
        mode, content = self._entry(commit, folder, path) or (0, ObjectID(b""))
        return Sha(content.decode()) if file_modes.S_ISREG(mode) else None

    def has_path(self, commit: Sha, folder: str, path: bytes) -> bool:
        """Say whether there is anything at *path* under *folder*: a file, a folder or a link."""
        return self._entry(commit, folder, path) is not None

    def _entry(self, commit: Sha, folder: str, path: bytes) -> tuple[int, ObjectID] | None:
        with self._intact():
            try:
                return tree_lookup_path(self._repo().object_store.__getitem__, self._tree(commit, folder), path)
            except (KeyError, NotTreeError):
                return None

    def has(self, commit: Sha) -> bool:
        """Say whether *commit* is here: after a force-push it may have been forgotten."""
        with self._intact():
            store = self._repo().object_store
            return _object_id(commit) in store and isinstance(store[_object_id(commit)], Commit)

    def content(self, content: Sha) -> bytes:
        """Return the bytes of a file."""
        with self._intact():
            blob = self._repo().object_store[_object_id(content)]
            if not isinstance(blob, Blob):
                raise KeyError(content)
            return blob.data

    def look_up(self, folder: str, path: bytes) -> bytes | None:
        """Return the bytes of the file at *path* under *folder* in the commit fetched last; None where there is none.

        Nothing is fetched and nothing mended: another process, whose copy this is, may be at work on it.
        """
        try:
            with closing(Repo(str(self._folder))) as repo:
                commit = repo[repo.refs[_OURS]]
                assert isinstance(commit, Commit), "a branch leads to a commit"
                mode, content = tree_lookup_path(repo.object_store.__getitem__, commit.tree, _joined(folder, path))
                found = repo[content] if file_modes.S_ISREG(mode) else None
                return found.data if isinstance(found, Blob) else None
        except (NotGitRepository, NotTreeError, OSError, *_DAMAGE):
            return None

    def history(self, commit: Sha, folder: str) -> History:
        """Return which commit up to *commit* last wrote each file under *folder*."""
        return History(self._walk(commit), folder)

    def _walk(self, commit: Sha) -> Iterator[WalkEntry]:
        """Yield the commits up to *commit*, newest first."""
        with self._intact():
            yield from self._repo().get_walker(include=[_object_id(commit)])

    def _fetched(self) -> Sha:
        with self._foreign_errors():
            client, path = self._client()
            repo = self._repo()
            newest = self._newest(client, path)
            if newest not in repo.object_store:
                client.fetch(path, repo, determine_wants=lambda *_, **__: [newest])
            if newest not in repo.object_store:
                raise TryAgain(f"commit {newest.decode()} did not come")
            self._remove_stale_lock()
            repo.refs[_OURS] = newest
            return Sha(newest.decode())

    def _client(self) -> tuple[GitClient, str]:
        """Return what speaks to the remote, and the path there. No git configuration of this machine is read."""
        parts = urlsplit(self._remote.url)
        if parts.scheme not in {"http", "https"}:
            return LocalGitClient(), self._remote.url
        base_url = f"{parts.scheme}://{parts.netloc}"
        account = (self._remote.user or "git", self._remote.token) if self._remote.token else (None, None)
        return HttpGitClient(
            base_url, username=account[0], password=account[1], timeout=TIMEOUT_SECONDS, quiet=True
        ), parts.path

    def _newest(self, client: GitClient, path: str) -> ObjectID:
        found = client.get_refs(path.encode())
        branch = Ref(b"refs/heads/" + self._remote.branch.encode()) if self._remote.branch else Ref(b"HEAD")
        newest: ObjectID | None = found.refs.get(branch)
        if newest is None:
            raise WikiMisconfigured(
                f"The repository {self._remote.url} of the wiki {self._wiki!r} has no branch "
                f'{self._remote.branch or "of its own"}. Correct its "branch" in FOOTNOTE_WIKIS.'
            )
        return newest

    def _repo(self) -> Repo:
        if self._opened is None:
            self._opened = self._open()
            weakref.finalize(self, self._opened.close)
        return self._opened

    def _open(self) -> Repo:
        with suppress(NotGitRepository):
            return Repo(str(self._folder))
        shutil.rmtree(self._folder, ignore_errors=True)  # left by a kill while it was being made
        self._folder.mkdir(parents=True)
        return Repo.init_bare(str(self._folder))

    def _remove_stale_lock(self) -> None:
        lock = self._folder / f"{_OURS.decode()}.lock"
        with suppress(FileNotFoundError):
            if time.time() - lock.stat().st_mtime > STALE_LOCK_SECONDS:
                lock.unlink()

    def _tree(self, commit: Sha, folder: str) -> ObjectID:
        store = self._repo().object_store
        found = store[_object_id(commit)]
        if not isinstance(found, Commit):
            raise KeyError(commit)
        if not folder:
            return ObjectID(found.tree)
        try:
            mode, tree = tree_lookup_path(store.__getitem__, found.tree, folder.strip("/").encode())
            has_folder = file_modes.S_ISDIR(mode)
        except (KeyError, NotTreeError):
            has_folder = False
        if not has_folder:
            raise WikiMisconfigured(
                f"The repository {self._remote.url} of the wiki {self._wiki!r} has no folder {folder}. "
                'Correct its "folder" in FOOTNOTE_WIKIS.'
            )
        return ObjectID(tree)

    @contextmanager
    def _intact(self) -> Iterator[None]:
        """Where the copy is damaged, delete it and raise WikiUnavailable: the next refresh makes it anew."""
        try:
            yield
        except _DAMAGE as error:
            self._drop()
            raise WikiUnavailable(
                f"The copy of the wiki {self._wiki!r} was damaged ({type(error).__name__}); it is fetched anew."
            ) from error

    def _drop(self) -> None:
        if self._opened is not None:
            self._opened.close()
        self._opened = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @contextmanager
    def _foreign_errors(self) -> Iterator[None]:
        """Turn what dulwich says of a remote into our errors, and what may pass into TryAgain."""
        url = self._remote.url
        try:
            yield
        except (HTTPUnauthorized, HTTPProxyUnauthorized) as error:
            raise WikiRefused(
                f'The repository {url} of the wiki {self._wiki!r} refuses the bot\'s account. Correct its "token" in '
                "FOOTNOTE_WIKIS."
            ) from error
        except NotGitRepository as error:
            raise WikiMisconfigured(
                f"There is no repository {url} for the wiki {self._wiki!r}, or none that the bot's account may see. "
                'Correct its "repository" or its "token" in FOOTNOTE_WIKIS.'
            ) from error
        except _DAMAGE as error:
            self._drop()
            raise TryAgain(f"the copy was damaged ({type(error).__name__})") from error
        except (GitProtocolError, InvalidWants, FileLocked) as error:
            raise TryAgain(f"{type(error).__name__}, {error}") from error
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT}:
                raise DiskFull(
                    f"There is no room for the copy of the wiki {self._wiki!r} in {self._folder}."
                ) from error
            raise TryAgain(f"{type(error).__name__}, {error.strerror or error}") from error


def _sorted_out(changes: Iterator[TreeChange]) -> Difference:
    written: list[File] = []
    gone: list[bytes] = []
    for change in changes:
        if change.new is not None and _is_file(change.new):
            written.append(_file(change.new))
        elif change.old is not None and change.old.path is not None and _is_file(change.old):
            gone.append(change.old.path)
    return Difference(tuple(written), tuple(set(gone) - {file.path for file in written}))


def _joined(folder: str, path: bytes) -> bytes:
    return b"/".join(part for part in (folder.strip("/").encode(), path) if part)


def _is_file(entry: TreeEntry) -> bool:
    """Say whether *entry* is a file: no symbolic link, which may lead anywhere, and no other repository."""
    return entry.mode is not None and file_modes.S_ISREG(entry.mode)


def _file(entry: TreeEntry) -> File:
    assert entry.path is not None, "an entry of a tree has a path"
    assert entry.sha is not None, "an entry of a tree has a content"
    return File(entry.path, Sha(entry.sha.decode()))


def _object_id(sha: Sha) -> ObjectID:
    return ObjectID(sha.encode())
