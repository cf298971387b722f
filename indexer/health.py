"""Tells a supervisor and Prometheus how the index is doing: `/healthz` and `/metrics`, on this machine only."""

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer

from indexer.errors import IndexerError, PortTaken
from indexer.report import FindingKind
from indexer.status import IndexStatus

HOST = "127.0.0.1"
OWN_NAMES = frozenset({"127.0.0.1", "localhost"})
PATIENCE_SECONDS = 5  # for one caller: they are served one after the other

log = logging.getLogger(__name__)


@contextmanager
def told(port: int, look: Callable[[], IndexStatus]) -> Iterator[int]:
    """Serve on *port*, any free one for 0, what *look* returns until the block ends. Raises PortTaken."""
    try:
        listening = HTTPServer((HOST, port), _handler(look))
    except OSError as error:
        raise PortTaken(f"FOOTNOTE_HEALTH_PORT {port} cannot be listened on: {error.strerror}.") from error
    with listening as server:
        thread = threading.Thread(target=server.serve_forever, name="health", daemon=True)
        thread.start()
        log.info("health told", extra={"url": f"http://{HOST}:{server.server_port}/healthz"})
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def health_of(status: IndexStatus) -> tuple[bool, str]:
    """Return whether every wiki is refreshed in time, and the JSON that says which is not and why."""
    troubles = {wiki.name: wiki.problem or "not refreshed in time" for wiki in status.wikis if not wiki.is_well}
    is_well = bool(status.wikis) and not troubles
    return is_well, json.dumps({"is_well": is_well, "generation": status.generation, "troubles": troubles})


def metrics_of(status: IndexStatus) -> str:
    """Return *status* in Prometheus' text format."""
    lines = [
        *_metric("generation", "Number of the catalogue's state.", [("", status.generation)]),
        *_metric("passages", "Passages that can be found.", [("", status.passages)]),
        *_metric("requests_waiting", "Refreshes asked for and not ended.", [("", status.requests_waiting)]),
        *_metric("catalogue_bytes", "Size of the catalogue.", [("", status.catalogue_bytes)]),
        *_metric("snapshot_bytes", "Size of the snapshots.", [("", status.snapshot_bytes)]),
    ]
    if status.findings is not None:
        counts: list[tuple[str, float]] = [
            (f'{{kind="{kind.name.lower()}"}}', status.findings.get(kind, 0)) for kind in FindingKind
        ]
        lines += _metric("findings", "What in the pages makes answers worse.", counts)
    for name, help_text, attribute in (
        ("wiki_pages", "Pages that can be found.", "pages"),
        ("wiki_passages", "Passages of the wiki.", "passages"),
        ("wiki_failures", "Pages that cannot be read at present.", "failures"),
        ("wiki_pending_removals", "Pages gone that wait for an admin.", "pending_removals"),
        ("wiki_age_seconds", "Seconds since the last refresh without a problem.", "age_seconds"),
        ("wiki_lag_seconds", "Seconds by which that is later than it should be.", "lag_seconds"),
    ):
        values = [(f'{{wiki="{wiki.name}"}}', getattr(wiki, attribute)) for wiki in status.wikis]
        lines += _metric(name, help_text, [(label, value) for label, value in values if value is not None])
    return "\n".join(lines) + "\n"


def _metric(name: str, help_text: str, values: list[tuple[str, float]]) -> list[str]:
    """Return the lines of one gauge."""
    head = [f"# HELP footnote_{name} {help_text}", f"# TYPE footnote_{name} gauge"]
    return head + [f"footnote_{name}{label} {value}" for label, value in values]


def _handler(look: Callable[[], IndexStatus]) -> type[BaseHTTPRequestHandler]:
    """Return what answers one caller."""

    class Handler(BaseHTTPRequestHandler):
        timeout = PATIENCE_SECONDS

        def do_GET(self) -> None:
            """Answer for the two addresses there are."""
            if self.headers.get("Host", "").rpartition(":")[0] not in OWN_NAMES:  # a page that has itself resolved here
                self._answer(HTTPStatus.FORBIDDEN, "text/plain", "Only for this machine.\n")
                return
            try:
                status = look()
            except IndexerError as error:
                self._answer(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", f"{error}\n")
                return
            if self.path == "/healthz":
                is_well, said = health_of(status)
                self._answer(
                    HTTPStatus.OK if is_well else HTTPStatus.SERVICE_UNAVAILABLE, "application/json", f"{said}\n"
                )
            elif self.path == "/metrics":
                self._answer(HTTPStatus.OK, "text/plain; version=0.0.4", metrics_of(status))
            else:
                self._answer(HTTPStatus.NOT_FOUND, "text/plain", "There are /healthz and /metrics.\n")

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - http.server's own word
            """Keep the log for the index."""
            log.debug("health asked for", extra={"what": format % arguments})

        def _answer(self, code: HTTPStatus, kind: str, text: str) -> None:
            body = text.encode()
            self.send_response(code)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    return Handler
