"""What an operator sees in the terminal, with the real indexer, embedder and model."""

import json
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from config import settings
from indexer.locking import working
from indexer.store.catalogue import Catalogue
from tests.stories.conftest import ROOT, Installation

pytestmark = [pytest.mark.model, pytest.mark.slow]

QUESTION = "how many days of annual leave in the UK"
SAMPLE_WIKIS = (settings.SAMPLE_WIKI, settings.CLOSED_SAMPLE_WIKI)
SAMPLE_PAGES = sum(path.suffix in {".md", ".html"} for wiki in SAMPLE_WIKIS for path in wiki.rglob("*"))


@pytest.fixture
def own(tmp_path: Path, installation: Installation) -> Installation:
    """Give a Footnote over a small wiki of this test's own, with the model that is ready already."""
    wiki = tmp_path / "wiki"
    wiki.mkdir()
    (wiki / "tea.md").write_text("# Tea\n\nThe kettle in the kitchen boils at 96 degrees.\n", encoding="utf-8")
    (wiki / "cats.md").write_text("# Cats\n\nThe office cat is called Fender.\n", encoding="utf-8")
    shutil.copytree(installation.data_dir / "models", tmp_path / "data" / "models")
    wikis = json.dumps([{"name": "small", "path": str(wiki), "url": "https://wiki.example.org"}])
    return Installation(tmp_path / "data", {"FOOTNOTE_WIKIS": wikis})


def found(own: Installation, question: str) -> list[dict[str, str]]:
    """Return the hits of `search --json`."""
    done = own.run("indexer", "search", question, "--json")
    assert done.returncode == 0, done.stderr
    hits: list[dict[str, str]] = json.loads(done.stdout)
    return hits


def test_a_second_refresh_finds_nothing_to_do(installation: Installation) -> None:
    """Unchanged pages are not read again."""
    done = installation.run("indexer", "once", "--json")

    assert json.loads(done.stdout)["pages"] == {
        "new": 0,
        "changed": 0,
        "removed": 0,
        "failed": 0,
        "unchanged": SAMPLE_PAGES,
    }


def test_an_edit_a_new_page_and_a_deletion_are_seen_at_once(own: Installation, tmp_path: Path) -> None:
    """The next refresh makes them findable, or gone."""
    own.run("indexer", "once")
    (tmp_path / "wiki" / "tea.md").write_text("# Tea\n\nThe kettle boils at 100 degrees now.\n", encoding="utf-8")
    (tmp_path / "wiki" / "bikes.md").write_text("# Bikes\n\nThe bicycle shed takes 14 bikes.\n", encoding="utf-8")
    (tmp_path / "wiki" / "cats.md").unlink()

    counts = json.loads(own.run("indexer", "once", "--json").stdout)["pages"]

    assert (counts["changed"], counts["new"], counts["removed"]) == (1, 1, 1)
    assert "100 degrees" in found(own, "kettle temperature")[0]["text"]
    assert "14 bikes" in found(own, "where do bicycles go")[0]["text"]
    assert not any("Fender" in hit["text"] for hit in found(own, "name of the office cat"))


def test_a_hit_has_the_agreed_shape(own: Installation) -> None:
    """Scripts rely on these names."""
    own.run("indexer", "once")

    best = found(own, "kettle")[0]

    assert set(best) == {
        *("passage_id", "page_id", "title", "headings", "anchor", "url", "revision", "text", "score"),
    }
    assert best["page_id"] == "tea.md"
    assert best["url"].startswith("https://wiki.example.org/tea")


def test_a_dry_run_changes_nothing(own: Installation) -> None:
    """It says what would be done."""
    done = own.run("indexer", "once", "--dry-run", "--json")

    assert json.loads(done.stdout)["pages"]["new"] == 2
    assert found(own, "kettle") == []


def test_ask_answers_in_json(installation: Installation) -> None:
    """The same as Slack would get, from the real model; every citation is a passage that was shown."""
    done = installation.run("bot", "ask", "--json", QUESTION)

    printed = json.loads(done.stdout)
    shown = {passage["number"]: passage["text"] for passage in printed["passages"]}
    assert printed["outcome"] in {"answer", "refusal"}
    assert any("25 days" in text for text in shown.values())
    assert all(citation["quote"] in shown[citation["number"]] for citation in printed["citations"])


def test_ask_shows_people_the_pages(installation: Installation) -> None:
    """Whatever the model makes of it, the right page is named."""
    assert "Annual leave (UK)" in installation.run("bot", "ask", QUESTION).stdout


def test_a_file_of_questions_is_answered_in_order(installation: Installation, tmp_path: Path) -> None:
    """With passages of their own, without, and ones that are no question at all."""
    lines = [
        {
            "id": "given",
            "question": "What is the cat's name?",
            "passages": [{"title": "Cats", "text": "The cat is Fender."}],
        },
        {"id": "wiki", "question": QUESTION},
        {"id": "empty", "question": ""},
        {"id": "long", "question": "x" * 40_000},
        {"id": "emoji", "question": "🙂🙂🙂"},
    ]
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines), encoding="utf-8")

    done = installation.run("bot", "ask", "--file", str(path))

    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [one["id"] for one in printed] == ["given", "wiki", "empty", "long", "emoji"]
    assert [passage["title"] for passage in printed[0]["passages"]] == ["Cats"]
    assert [one.get("reason") for one in printed[2:]] == ["unusable"] * 3


@pytest.mark.parametrize(
    ("command", "settings", "says"),
    [
        (("bot", "ask", "x?"), {"FOOTNOTE_MODEL__PATH": "nowhere.gguf"}, "FOOTNOTE_MODEL__PATH"),
        (("bot", "ask", "x?"), {"FOOTNOTE_MODEL__ADAPTER_PATH": "nowhere.gguf"}, "FOOTNOTE_MODEL__ADAPTER_PATH"),
        (("bot", "ask", "x?"), {"FOOTNOTE_MODEL__PATH": "pyproject.toml"}, "not a GGUF file"),
        (("bot", "ask", "  "), {}, "question in words"),
        (
            ("indexer", "once"),  # elsewhere, because it forgets the wikis that are set no more
            {"FOOTNOTE_WIKIS": '[{"name":"x","path":"/nowhere"}]', "FOOTNOTE_DATA_DIR": "{new}"},
            "/nowhere",
        ),
        (
            ("indexer", "once"),
            {"FOOTNOTE_EMBEDDER__PATH": "/nowhere", "FOOTNOTE_DATA_DIR": "{new}"},
            "FOOTNOTE_EMBEDDER__PATH",
        ),
        (("indexer", "status"), {"FOOTNOTE_LOG_LEVEL": "LOUD"}, "FOOTNOTE_LOG_LEVEL"),
    ],
)
def test_what_is_wrong_is_one_sentence(
    installation: Installation, tmp_path: Path, command: tuple[str, ...], settings: dict[str, str], says: str
) -> None:
    """Exit status 1, a sentence on stderr that names the setting, no traceback."""
    done = installation.run(
        *command, **{name: value.replace("{new}", str(tmp_path)) for name, value in settings.items()}
    )

    assert done.returncode == 1
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_wrong_use_is_exit_status_2(installation: Installation) -> None:
    """As every command line tool does."""
    assert installation.run("bot", "ask").returncode == 2
    assert installation.run("indexer", "find", "x").returncode == 2


def test_a_second_indexer_is_turned_away(own: Installation) -> None:
    """Two at once would write over each other; the sentence says who is first."""
    own.data_dir.mkdir(exist_ok=True)
    with working(Catalogue(own.data_dir / "wiki.db"), lambda: datetime.now(UTC)):
        done = own.run("indexer", "once")

    assert done.returncode == 1
    assert "nother indexer" in done.stderr


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    """What was indexed before Ctrl-C stays, and the next run goes on from there."""
    fresh = Installation(tmp_path / "data", {})
    command = [sys.executable, "-m", "indexer", "once"]
    running = subprocess.Popen(
        command, cwd=ROOT, env=fresh.environment({}), stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )
    while not (tmp_path / "data" / "wiki.db").exists():  # until it has begun
        assert running.poll() is None
        time.sleep(0.05)
    with pytest.raises(subprocess.TimeoutExpired):
        running.wait(timeout=0.5)
    running.send_signal(signal.SIGINT)
    _, complaints = running.communicate(timeout=60)

    done = fresh.run("indexer", "once", "--json")

    assert running.returncode == 1
    assert "Stopped" in complaints
    assert "Traceback" not in complaints
    counts = json.loads(done.stdout)["pages"]
    assert counts["new"] + counts["unchanged"] == SAMPLE_PAGES
    assert found(fresh, QUESTION)


def test_the_procfile_runs_with_settings_from_a_file(tmp_path: Path) -> None:
    """`make run` starts both through honcho, which must leave `.env` to the programs: it would spoil the JSON in it."""
    wiki = tmp_path / "team wiki"
    wiki.mkdir()
    (wiki / "tea.md").write_text("# Tea\n\nThe kettle boils at 96 degrees.\n", encoding="utf-8")
    wikis = json.dumps([{"name": "small", "path": str(wiki)}])
    (tmp_path / ".env").write_text(f"FOOTNOTE_DATA_DIR={tmp_path / 'data'}\nFOOTNOTE_WIKIS={wikis}\n", encoding="utf-8")
    shutil.copy(ROOT / "Procfile", tmp_path)
    folder = Path(sys.executable).parent
    environment = {
        "PYTHONPATH": str(ROOT),
        "PYTHONUNBUFFERED": "1",  # as in the Makefile, and for the same reason
        "PATH": f"{folder}:/usr/bin:/bin",
        "HOME": str(tmp_path),
    }
    command = [str(folder / "honcho"), "--env", "/dev/null", "--no-prefix", "start", "indexer"]
    with subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        seen = next((line for line in running.stdout if "refreshed" in line or "rror" in line), "")
        running.terminate()
        running.communicate(timeout=60)  # honcho loses its children if nobody reads its last words

    assert "refreshed" in seen


def test_a_comparison_reads_both_sides(installation: Installation) -> None:
    """Each sentence cites a passage; a side is told under its name, or said to be missing."""
    patient = Installation(installation.data_dir, {"FOOTNOTE_MODEL__SYNTHESIS_SECONDS": "120"})

    done = patient.run("bot", "ask", "Compare annual leave in the UK and Germany", "--json")

    assert done.returncode == 0, done.stderr
    printed = json.loads(done.stdout)
    assert printed["outcome"] == "answer", printed["text"]
    assert all(sentence["citations"] for sentence in printed["sentences"])
    assert {citation["number"] for citation in printed["citations"]} == {
        number for sentence in printed["sentences"] for number in sentence["citations"]
    }
    assert len({passage["title"] for passage in printed["passages"]}) >= 2
    assert all(f"{side}: " in printed["text"] or side in printed.get("remark", "") for side in ("UK", "Germany"))
