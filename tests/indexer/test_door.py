"""The commands of `python -m indexer`: what they print, and how they end."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from indexer.__main__ import main
from indexer.locking import locked

ROOT = Path(__file__).parents[2]


@pytest.fixture
def wiki(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the folder of an empty wiki, with the settings made for it."""
    folder = tmp_path / "wiki"
    folder.mkdir()
    wikis = [{"name": "handbook", "kind": "folder", "path": str(folder), "url": "https://wiki.test/"}]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("FOOTNOTE_WIKIS", json.dumps(wikis))
    return folder


def test_once_on_an_empty_wiki(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON has the promised shape; nothing is loaded or dialled for it."""
    assert list(wiki.iterdir()) == []

    status = main(["once", "--json"])

    report = json.loads(capsys.readouterr().out)
    assert (status, report.pop("seconds") >= 0) == (0, True)
    counts = {"new": 0, "changed": 0, "removed": 0, "unchanged": 0, "failed": 0}
    assert report == {"pages": counts, "passages": 0, "generation": 0}


@pytest.mark.model
def test_pages_are_indexed_found_and_reported(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """From files to hits, with the shapes that scripts rely on."""
    (wiki / "it").mkdir()
    (wiki / "it" / "vpn.md").write_text("# VPN\n\nHello.\n\n## Set up\n\nRestart the tunnel, then log in again.\n")
    (wiki / "lunch.md").write_text("# Lunch\n\nLunch is at noon.\n")
    (wiki / "broken.md").write_bytes(b"\xff\x00\xff")

    rehearsed = _json(capsys, ["once", "--dry-run", "--json"])
    refreshed = _json(capsys, ["once", "--json"])
    hits = _json(capsys, ["search", "how do I restart the tunnel?", "--count", "2", "--json"])
    report = _json(capsys, ["status", "--json"])

    assert (
        rehearsed["pages"] == refreshed["pages"] == {"new": 2, "changed": 0, "removed": 0, "unchanged": 0, "failed": 1}
    )
    assert (rehearsed["passages"], rehearsed["generation"], refreshed["generation"]) == (0, 0, 1)
    assert list(hits[0]) == [
        *("passage_id", "page_id", "title", "headings", "anchor", "url", "revision", "text", "score"),
    ]
    assert (hits[0]["page_id"], hits[0]["title"]) == ("it/vpn.md", "VPN")
    assert (report["pages"], report["wikis"][0]["name"], report["failures"][0]["page_id"]) == (
        2,
        "handbook",
        "broken.md",
    )


@pytest.mark.model
def test_text_for_people(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Rank, breadcrumb, score, address and the passage; a report that can be read."""
    (wiki / "vpn.md").write_text("# VPN\n\n## Set up\n\nRestart the tunnel.\n\nThen log in again.\n")

    main(["once"])
    main(["search", "restart the tunnel"])
    main(["status"])

    out = capsys.readouterr().out
    assert out.startswith("Pages: 1 new, 0 changed, 0 removed, 0 unchanged, 0 failed.\n")
    assert (
        "1. VPN › Set up  1.00\n   https://wiki.test/vpn#set-up\n   Restart the tunnel.\n\n   Then log in again.\n"
        in out
    )
    assert "handbook: 1 pages, 1 passages, last refreshed in full: " in out


@pytest.mark.model
def test_questions_from_a_file(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line out for each line in, under the same id."""
    (wiki / "lunch.md").write_text("# Lunch\n\nLunch is at noon.\n")
    (wiki.parent / "questions.jsonl").write_text('{"id": "a", "question": "lunch?"}\n\n{"id": 7, "question": ""}\n')
    main(["once"])
    capsys.readouterr()

    status = main(["search", "--file", "questions.jsonl"])

    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (status, [line["id"] for line in lines], [len(line["hits"]) for line in lines]) == (0, ["a", 7], [1, 0])


@pytest.mark.parametrize(
    "line", ["nonsense", "[]", '{"id": 1}', '{"question": "x"}', '{"id": 1, "question": 2}'], ids=range(5)
)
def test_bad_line_in_a_file_is_named(wiki: Path, capsys: pytest.CaptureFixture[str], line: str) -> None:
    """The sentence has the line's number, and nothing is answered."""
    file = wiki.parent / "questions.jsonl"
    file.write_text('{"id": 1, "question": "x"}\n' + line + "\n")

    status = main(["search", "--file", str(file)])

    captured = capsys.readouterr()
    assert (status, captured.out) == (1, "")
    assert f"{file}, line 2 is not" in captured.err


@pytest.mark.parametrize(
    "arguments",
    [["search"], ["search", "x", "--count", "0"], ["search", "x", "--file", "y"], ["nothing"], ["once", "-x"]],
)
@pytest.mark.usefixtures("wiki")
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    """As every command line does."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2


def test_failure_is_one_sentence_and_1(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No traceback: a wrong setting, a newer catalogue, a busy folder, a wiki that is not there."""
    data = wiki.parent / "data"
    with locked(data):
        assert main(["once"]) == 1
    assert f"(process {os.getpid()})" in capsys.readouterr().err
    wiki.rmdir()
    assert main(["once"]) == 1
    assert "has no folder" in capsys.readouterr().err
    (data / "wiki.db").write_bytes(b"x" * 5000)
    for command in (["status"], ["search", "x"], ["once"]):
        assert main(command) == 1
        assert capsys.readouterr().err.count("\n") == 1


def test_unknown_setting_is_said(
    wiki: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The sentence names it."""
    assert wiki.exists()
    monkeypatch.setenv("FOOTNOTE_EMBEDER__PATH", "x")

    assert main(["status"]) == 1
    assert "FOOTNOTE_EMBEDER__PATH" in capsys.readouterr().err


def test_loss_is_held_back_with_the_cure(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An emptied folder keeps its pages until an admin accepts the loss; both end with 0."""
    for number in range(3):
        (wiki / f"{number}.md").write_text("")
    main(["once"])
    for page in wiki.iterdir():
        page.unlink()
    capsys.readouterr()

    assert main(["once", "--json"]) == 0
    cautious = capsys.readouterr()
    assert main(["once", "--accept-removals", "--json"]) == 0
    accepted = capsys.readouterr()

    assert json.loads(cautious.out)["pages"]["removed"] == 0
    assert "--accept-removals" in cautious.err
    assert (json.loads(accepted.out)["pages"]["removed"], accepted.err) == (3, "")


@pytest.mark.usefixtures("wiki")
def test_scheduler_refreshes_at_once_and_ends_on_a_signal() -> None:
    """Without a command it runs until SIGTERM, then ends with 0 and no traceback."""
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(ROOT)!r}); from indexer.__main__ import main; sys.exit(main([]))",
        ],
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        lines: list[str] = []
        while not lines or "indexer refreshed" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert (process.returncode, "Traceback" in rest) == (0, False)


def _json(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return what a command prints."""
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)
