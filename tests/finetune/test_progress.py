"""How far long work is, as it is told without a terminal."""

import pytest

from finetune.progress import Bar


def test_pages_may_come_before_it_is_known_how_many(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refresh looks whether it is to stop before it has listed the wiki; each wiki counts from the start."""
    monkeypatch.setattr(Bar, "SECONDS_BETWEEN_LINES", 0)
    bar = Bar()

    bar.advance(0)
    for pages in (3, 1):
        bar.expect(pages)
        bar.advance()
    bar.close()

    assert capsys.readouterr().err.splitlines() == [
        "pages indexed: 0",
        "pages indexed: 1 of 3",
        "pages indexed: 1 of 1",
    ]
