"""What every test gets: no network but loopback, and golden files."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "golden"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the switch that writes golden files anew, and how hard to try the indexer."""
    parser.addoption("--rewrite-golden", action="store_true", help="write the golden files instead of comparing")
    parser.addoption("--torture", type=int, default=5, help="how many times a refresh is killed (default: 5)")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that compare golden files, so that `make golden` finds them."""
    for item in items:
        if "golden" in getattr(item, "fixturenames", ()):
            item.add_marker("golden")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Give a function that compares a text with the golden file of that name, or writes it."""

    def compare(name: str, text: str) -> None:
        path = (GOLDEN / name).resolve()
        if request.config.getoption("--rewrite-golden"):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        assert path.is_file(), f"{path} is missing; `make golden` writes it"
        assert text == path.read_text(encoding="utf-8"), f"{path} differs; if that is meant, `make golden`"

    return compare


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        host = address[0] if isinstance(address, tuple) else "local"
        if self.family != socket.AF_UNIX and host not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test tried to reach {host}")
        connect(self, address)  # type: ignore[arg-type]  # whatever the caller gave

    monkeypatch.setattr(socket.socket, "connect", connect_here)
