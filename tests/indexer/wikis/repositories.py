"""A git repository that a test writes, and a server on loopback that hands it out as GitHub does."""

import base64
import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo
from dulwich.server import BackendRepo, DictBackend
from dulwich.web import make_wsgi_chain

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

AUTHOR = b"Ada <ada@example.org>"
FIRST_COMMIT_AT = 1_700_000_000


class Repository:
    """A bare repository whose files are written in memory, then committed."""

    def __init__(self, path: Path, branch: str = "main") -> None:
        path.mkdir(parents=True)
        self.path = path
        self.repo = Repo.init_bare(str(path))
        self._ref = Ref(f"refs/heads/{branch}".encode())
        self.repo.refs.set_symbolic_ref(Ref(b"HEAD"), self._ref)
        self.files: dict[str, bytes] = {}
        self.links: dict[str, bytes] = {}
        self._commits = 0

    def write(self, path: str, content: str | bytes) -> None:
        """Write a file."""
        self.files[path] = content.encode() if isinstance(content, str) else content

    def commit(self, *, parents: Iterable[str] | None = None) -> str:
        """Commit all files, each commit a day after the last; with *parents* elsewhere in history."""
        head = self._head()
        above = [head] if head and parents is None else [ObjectID(parent.encode()) for parent in parents or ()]
        self._commits += 1
        commit = Commit()
        commit.tree = self._tree(self.files, self.links)
        commit.parents = above
        commit.author = commit.committer = AUTHOR
        commit.author_time = commit.commit_time = FIRST_COMMIT_AT + 86_400 * self._commits
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = b"A change"
        self.repo.object_store.add_object(commit)
        self.repo.refs[self._ref] = commit.id
        return commit.id.decode()

    def close(self) -> None:
        """Close what is open."""
        self.repo.close()

    def forget(self) -> None:
        """Remove the repository from the disk."""
        self.repo.close()
        shutil.rmtree(self.path)

    def _head(self) -> ObjectID | None:
        return self.repo.refs.as_dict().get(self._ref)

    def _tree(self, files: dict[str, bytes], links: dict[str, bytes]) -> ObjectID:
        tree = Tree()
        folders = {path.split("/")[0] for path in (*files, *links) if "/" in path}
        for folder in folders:
            inside = (
                {path.split("/", 1)[1]: held for path, held in kept.items() if path.startswith(f"{folder}/")}
                for kept in (files, links)
            )
            tree.add(folder.encode(errors="surrogateescape"), 0o040000, self._tree(*inside))
        for kept, mode in ((files, 0o100644), (links, 0o120000)):
            for path, content in kept.items():
                if "/" not in path:
                    blob = Blob.from_string(content)
                    self.repo.object_store.add_object(blob)
                    tree.add(path.encode(errors="surrogateescape"), mode, blob.id)
        self.repo.object_store.add_object(tree)
        return tree.id


class Host:
    """A server of repositories at `/handbook.git`, that may ask for a token and may fail."""

    def __init__(self, repository: Repository) -> None:
        repositories: dict[str, BackendRepo] = {"/handbook.git": repository.repo}
        self._serve = make_wsgi_chain(DictBackend(repositories))
        self.token = ""
        self.fails: list[str] = []
        """Statuses of the next answers, such as `503 Busy`, one a request."""
        self.asked = 0

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        """Answer one request."""
        self.asked += 1
        if self.fails:
            start_response(self.fails.pop(0), [("Content-Length", "0")])
            return []
        given = environ.get("HTTP_AUTHORIZATION", "")
        if self.token and given != "Basic " + base64.b64encode(f"git:{self.token}".encode()).decode():
            start_response("401 Unauthorized", [("WWW-Authenticate", "Basic"), ("Content-Length", "0")])
            return []
        return self._serve(environ, start_response)


class _Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the library's name
        """Log nothing."""


class _QuietServer(WSGIServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of broken connections."""


@contextmanager
def hosted(app: "WSGIApplication") -> Iterator[str]:
    """Serve for a while; give the address."""
    server = make_server("127.0.0.1", 0, app, _QuietServer, _Quiet)
    serve: Callable[[float], None] = server.serve_forever
    thread = threading.Thread(target=serve, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
