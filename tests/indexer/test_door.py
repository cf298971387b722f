"""The commands of `python -m indexer`: what they print, and how they end."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from indexer.__main__ import main
from indexer.locking import is_dead, working
from indexer.planning import RefreshStopped
from indexer.progress import Lines
from indexer.store.catalogue import Catalogue

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


def test_long_refresh_tells_how_far_it_is_and_how_long_it_takes(caplog: pytest.LogCaptureFixture) -> None:
    """Every half minute: pages of how many, how fast, and the seconds left; told to end, it stops after a batch."""
    caplog.set_level("INFO", "indexer")
    now, has_ended = [0.0], threading.Event()
    lines = Lines(has_ended, lambda: now[0])
    lines.expect(400)

    for _ in range(3):
        now[0] += 20.0
        lines.advance(40)
    has_ended.set()

    told = [
        (vars(one)["done"], vars(one)["expected"], vars(one)["pages_a_second"], vars(one)["seconds_left"])
        for one in caplog.records
    ]
    assert told == [(80, 400, 2.0, 160)]
    with pytest.raises(RefreshStopped):
        lines.advance()


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
    assert re.search(r"^1\. VPN › Set up  [01]\.\d\d\n   https://wiki\.test/vpn#set-up\n", out, re.MULTILINE)
    assert "\n   Restart the tunnel.\n\n   Then log in again.\n" in out
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
    [
        *(["search"], ["search", "x", "--count", "0"], ["search", "x", "--file", "y"]),
        *(["nothing"], ["once", "-x"], ["rollback", "--to", "x"]),
    ],
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
    with closing(Catalogue(data / "wiki.db")) as other, working(other, lambda: datetime.now(UTC)):
        assert main(["once"]) == 1
    assert f"(process {os.getpid()} on " in capsys.readouterr().err
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


def test_wiki_that_lists_nothing_is_an_error_with_the_cure(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An emptied folder keeps its pages and ends with 1, until an admin accepts the loss."""
    for number in range(3):
        (wiki / f"{number}.md").write_text("")
    main(["once"])
    for page in wiki.iterdir():
        page.unlink()
    capsys.readouterr()

    assert main(["once", "--json"]) == 1
    cautious = capsys.readouterr()
    assert main(["once", "--accept-removals", "--json"]) == 0
    accepted = capsys.readouterr()

    assert json.loads(cautious.out)["pages"]["removed"] == 0
    assert "--accept-removals" in cautious.err
    assert (json.loads(accepted.out)["pages"]["removed"], accepted.err) == (3, "")


@pytest.mark.usefixtures("wiki")
def test_scheduler_refreshes_at_once_and_ends_on_a_signal() -> None:
    """Without a command it runs until SIGTERM, then ends with 0 and no traceback."""
    with _started() as process:
        assert process.stderr is not None
        lines: list[str] = []
        while not lines or "indexer refreshed" not in lines[-1]:
            lines.append(process.stderr.readline())
            assert lines[-1], lines
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()

    assert (process.returncode, "Traceback" in rest) == (0, False)


@pytest.mark.parametrize("command", ["", "once", "reindex", "search", "status", "report", "rollback"])
def test_help_is_as_it_is_meant(
    command: str,
    capsys: pytest.CaptureFixture[str],
    golden: Callable[[str, str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each option has its sentence."""
    monkeypatch.setenv("COLUMNS", "100")
    with pytest.raises(SystemExit):
        main([command, "--help"] if command else ["--help"])

    golden(f"help/indexer{'-' + command if command else ''}.txt", capsys.readouterr().out)


def test_reindex_waits_in_the_queue(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is only asked for; a name that is no wiki's is told with those that are."""
    assert wiki.exists()

    asked = _json(capsys, ["reindex", "handbook", "--full", "--json"])
    again = _json(capsys, ["reindex", "handbook", "--full", "--json"])

    assert asked == again
    assert _json(capsys, ["status", "--json"])["requests_waiting"] == 1
    assert main(["reindex", "nonsense"]) == 1
    assert "there are: handbook" in capsys.readouterr().err


def test_waiting_ends_with_what_the_running_indexer_came_to(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The exit status tells whether all went well; the outcome of the last one stays in the status."""
    (wiki / "empty.md").write_text("")
    with _started() as indexer:
        assert indexer.stderr is not None
        assert any("indexer refreshed" in line for line in indexer.stderr)
        assert main(["reindex", "--wait"]) == 0
        well = capsys.readouterr()
        done = _json(capsys, ["reindex", "handbook", "--full", "--wait", "--json"])
        (wiki / "empty.md").unlink()
        wiki.rmdir()
        assert main(["reindex", "--wait"]) == 1
        away = capsys.readouterr()
        indexer.terminate()
        indexer.communicate()
    assert main(["status"]) == 0
    status = capsys.readouterr().out

    assert "1 unchanged" in well.out
    assert (done["state"], done["outcome"], done["result"]["pages"]["unchanged"]) == ("done", "All is well.", 1)
    assert "The wiki 'handbook' has no folder" in away.err
    assert "Last one asked for: Request" in status


@pytest.mark.usefixtures("wiki")
def test_ctrl_c_ends_the_waiting_and_not_the_request(capsys: pytest.CaptureFixture[str]) -> None:
    """It says so, and the request is still there; another may stop it."""
    with _started("reindex", "handbook", "--wait") as waiting:
        assert waiting.stderr is not None
        assert "Request 1 waits for the running indexer" in waiting.stderr.readline()
        waiting.send_signal(signal.SIGINT)
        said = waiting.stderr.read()
    assert main(["status"]) == 0

    assert (waiting.returncode, "goes on by itself" in said, "Traceback" in said) == (1, True, False)
    assert "Request 1 (handbook): waits since" in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.usefixtures("wiki")
def test_nobody_waits_for_ever_where_no_indexer_runs(capsys: pytest.CaptureFixture[str]) -> None:
    """After ten seconds it says what to do; the request stays in the queue."""
    assert main(["reindex", "--wait"]) == 1
    assert "no indexer runs. It is done once one does: python -m indexer" in capsys.readouterr().err
    assert _json(capsys, ["status", "--json"])["requests"][0]["state"] == "waiting"


@pytest.mark.usefixtures("wiki")
def test_stopped_request_is_waited_for_no_longer(tmp_path: Path) -> None:
    """Whoever waits is told who ended it."""
    with _started("reindex", "--wait") as waiting, closing(Catalogue(tmp_path / "data" / "wiki.db")) as catalogue:
        assert waiting.stderr is not None
        waiting.stderr.readline()
        assert catalogue.requests.stop(1, datetime.now(UTC), is_dead)
        said = waiting.stderr.read()

    assert (waiting.returncode, "It was stopped before it was begun." in said) == (1, True)


def test_rollback_without_a_past_is_one_sentence(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the generations there are."""
    (wiki / "empty.md").write_text("")
    main(["once"])
    capsys.readouterr()

    assert main(["rollback"]) == 1
    assert "those from 1 to 1 are kept" in capsys.readouterr().err


@pytest.mark.model
def test_rollback_and_forward(wiki: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run says what would be; then the former text is found, and the newest again."""
    (wiki / "vpn.md").write_text("# VPN\n\nRestart the tunnel.\n")
    main(["once"])
    (wiki / "vpn.md").write_text("# VPN\n\nSpoiled.\n")
    main(["once"])
    capsys.readouterr()

    rehearsed = _json(capsys, ["rollback", "--dry-run", "--json"])
    done = _json(capsys, ["rollback", "--json"])
    back = _json(capsys, ["search", "tunnel", "--json"])
    assert main(["rollback", "--to", "newest"]) == 0
    assert "Generation 2, the newest, is shown" in capsys.readouterr().out
    forward = _json(capsys, ["search", "tunnel", "--json"])

    assert rehearsed == done == {"generation": 1, "newest": 2, "restored": 1, "hidden": 0}
    assert [hits[0]["text"] for hits in (back, forward)] == ["Restart the tunnel.", "Spoiled."]


def _started(*arguments: str) -> "subprocess.Popen[str]":
    """Start `python -m indexer` in a process of its own, with the settings of this test."""
    door = f"import sys; sys.path.insert(0, {str(ROOT)!r}); from indexer.__main__ import main; "
    command = [sys.executable, "-c", f"{door}sys.exit(main({list(arguments)!r}))"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def _json(capsys: pytest.CaptureFixture[str], arguments: list[str]) -> Any:  # noqa: ANN401 - JSON is what it is
    """Return what a command prints."""
    assert main(arguments) == 0
    return json.loads(capsys.readouterr().out)
