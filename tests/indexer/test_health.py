"""What a supervisor and Prometheus are told, and to whom."""

import http.client
import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from indexer.errors import CatalogueUnusable, PortTaken
from indexer.health import HOST, told
from indexer.status import IndexStatus, index_status
from tests.indexer.conftest import SmallIndex


@pytest.fixture
def port(index: SmallIndex) -> Iterator[int]:
    """Give the port where the health of *index* is told, whose wiki is refreshed every ten minutes."""
    index.wiki.write("vpn", "Restart the tunnel.")
    with told(0, lambda: _status(index)) as port:
        yield port


def test_health_follows_the_age_of_the_last_success(index: SmallIndex, port: int) -> None:
    """Not well before the first refresh, well after it, and not after three intervals without one."""
    before = _get(port, "/healthz")
    index.refresh()
    after = _get(port, "/healthz")
    index.clock.forward(timedelta(minutes=31))
    late = _get(port, "/healthz")

    assert [code for code, _ in (before, after, late)] == [503, 200, 503]
    assert json.loads(late[1])["troubles"] == {"handbook": "not refreshed in time"}


def test_outage_is_named(index: SmallIndex, port: int) -> None:
    """By the sentence that the refresh ended with."""
    index.refresh()
    index.wiki.is_away = True
    index.clock.forward(timedelta(hours=1))
    index.refresh()

    assert json.loads(_get(port, "/healthz")[1])["troubles"] == {"handbook": "handbook does not answer"}


def test_metrics_are_prometheus_text(index: SmallIndex, port: int) -> None:
    """One gauge each, with its help, by wiki where there are several."""
    index.refresh()
    index.clock.forward(timedelta(minutes=12))

    code, text = _get(port, "/metrics")

    lines = text.splitlines()
    assert code == 200
    assert 'footnote_wiki_pages{wiki="handbook"} 1' in lines
    assert 'footnote_wiki_age_seconds{wiki="handbook"} 720.0' in lines
    assert 'footnote_wiki_lag_seconds{wiki="handbook"} 120.0' in lines
    assert 'footnote_findings{kind="stale"} 0' in lines
    assert lines.count("# TYPE footnote_generation gauge") == 1
    assert all(len(line.split(" ")) == 2 for line in lines if not line.startswith("#"))


def test_another_address_is_not_found_and_another_name_is_refused(port: int) -> None:
    """A web page that has its own name resolved to this machine reads nothing."""
    assert _get(port, "/")[0] == 404
    assert _get(port, "/metrics", f"evil.example:{port}")[0] == 403
    assert _get(port, "/metrics", f"localhost:{port}")[0] == 200


def test_port_of_another_process_is_said(port: int) -> None:
    """With the setting to change."""
    with pytest.raises(PortTaken, match=f"FOOTNOTE_HEALTH_PORT {port}"), told(port, _never):
        pass


def test_unusable_catalogue_is_told() -> None:
    """As not well, with its sentence."""

    def look() -> IndexStatus:
        raise CatalogueUnusable("wiki.db is damaged")

    with told(0, look) as port:
        assert _get(port, "/healthz") == (503, "wiki.db is damaged\n")


def _never() -> IndexStatus:
    raise AssertionError("nobody asks")


def _status(index: SmallIndex) -> IndexStatus:
    return index_status(index.catalogue, index.snapshots, {"handbook": 10.0}, index.clock())


def _get(port: int, path: str, host: str = "") -> tuple[int, str]:
    """Return the status and the body of one answer."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", path, headers={"Host": host} if host else {})
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()
