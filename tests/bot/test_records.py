"""What the bot remembers, and that it forgets nothing."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread as SystemThread

import pytest

from bot.answers import RefusalReason
from bot.errors import RecordsUnusable
from bot.migrations import MIGRATIONS
from bot.questions import Question
from bot.records import MAX_ATTEMPTS, Records
from tests.fakes_bot import NOW, a_hit, a_question, a_refusal, an_answer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the records are, in a folder that is not there yet."""
    return tmp_path / "data" / "records.db"


@pytest.fixture
def records(path: Path) -> Iterator[Records]:
    """Return empty records."""
    with opened(path) as records:
        yield records


@contextmanager
def opened(path: Path) -> Iterator[Records]:
    """Open the records at *path* for a while."""
    records = Records(path, lambda: NOW)
    yield records
    records.close()


def row(path: Path, table: str) -> dict[str, object]:
    """Return the one row of *table*."""
    connection = sqlite3.connect(path)
    connection.row_factory = sqlite3.Row
    try:
        (only,) = connection.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608  the test's own word
    finally:
        connection.close()
    return dict(only)


def test_answer_is_recorded_with_what_was_shown(records: Records, path: Path) -> None:
    """Later it can be told what the model was shown and what it made of it."""
    records.put(a_question())
    records.take()

    records.finish(a_question().id, an_answer(a_hit(text="28 days — déjà vu")))

    answer = row(path, "answer")
    assert (answer["outcome"], answer["reason"], answer["model"], answer["generation"]) == (
        "answer",
        "",
        "smollm2-135m",
        7,
    )
    assert answer["prompt"] == "rules, passages, question"
    assert json.loads(str(answer["passages"]))[0]["hit"]["text"] == "28 days — déjà vu"
    assert json.loads(str(answer["citations"]))[0]["quote"] == "28 days — déjà vu"
    assert json.loads(str(answer["timings"]))["first_token_ms"] == 340.0
    assert row(path, "question")["state"] == "finished"


def test_refusal_is_recorded_with_its_reason(records: Records, path: Path) -> None:
    """What the wiki could not answer can be counted by reason."""
    records.put(a_question())
    records.take()

    records.finish(a_question().id, a_refusal(RefusalReason.DECLINED, a_hit()))

    answer = row(path, "answer")
    assert (answer["outcome"], answer["reason"], answer["citations"]) == ("refusal", "declined", "[]")


def test_answering_again_after_a_crash_replaces_the_record(records: Records, path: Path) -> None:
    """A question that was answered and not yet recorded as finished is answered again, and recorded once."""
    records.put(a_question())
    records.take()
    records.finish(a_question().id, a_refusal())

    records.finish(a_question().id, an_answer())

    assert row(path, "answer")["outcome"] == "answer"


def test_given_up_question_keeps_why(records: Records, path: Path) -> None:
    """An operator can read what stopped an answer."""
    records.put(a_question())
    records.take()

    records.give_up(a_question().id, "ModelFailed: out of memory")

    question = row(path, "question")
    assert (question["state"], question["why"]) == ("given_up", "ModelFailed: out of memory")
    assert question["ended_at"] == NOW.isoformat()


def test_question_comes_back_as_it_was_put(records: Records) -> None:
    """Nothing of a question is lost on disk, whatever its text holds."""
    question = a_question("wie? \u202e \U0001f9d1\u200d\U0001f692 'quoted' \x00 end", channel="D7")

    records.put(question)

    assert records.take() == question


def test_reply_is_remembered_across_a_restart(path: Path) -> None:
    """Three states are told apart: no reply yet, one that may have been posted, and one that is known."""
    with opened(path) as records:
        records.put(a_question())
        never = records.reply_ts(a_question().id)
        records.begin_reply(a_question().id)
    with opened(path) as records:
        begun = records.reply_ts(a_question().id)
        records.keep_reply(a_question().id, "1777887002.000200")
    with opened(path) as records:
        kept = records.reply_ts(a_question().id)

    assert (never, begun, kept) == (None, "", "1777887002.000200")


def test_taken_question_waits_again_after_a_restart(path: Path) -> None:
    """What was under way when the process died comes first again."""
    with opened(path) as records:
        records.put(a_question(ts="1.1"))
        records.put(a_question(ts="2.1"))
        records.take()

    with opened(path) as records:
        given_up = records.recover()
        again = records.take()

    assert given_up == []
    assert again == a_question(ts="1.1")


def test_question_that_takes_the_process_down_is_given_up(path: Path) -> None:
    """After three crashes in its middle a question is not tried again, and is returned for an apology."""
    with opened(path) as records:
        records.put(a_question())
    for _ in range(MAX_ATTEMPTS - 1):
        with opened(path) as records:
            records.take()
            assert records.recover() == []
    with opened(path) as records:
        records.take()
        given_up = records.recover()

        assert given_up == [a_question()]
        assert records.take() is None
        assert row(path, "question")["state"] == "given_up"


def test_being_put_back_is_no_crash(records: Records) -> None:
    """A question put back at each of many orderly stops is still answered."""
    records.put(a_question())
    for _ in range(MAX_ATTEMPTS + 2):
        records.take()
        records.put_back(a_question().id)
    records.take()

    assert records.recover() == []
    assert records.waiting() == 1


def test_newer_records_are_left_alone(path: Path) -> None:
    """An older Footnote does not open what a newer one wrote, and says what to do."""
    with opened(path):
        pass
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()

    with pytest.raises(RecordsUnusable, match=r"records\.db was written by a newer Footnote.*move the file away"):
        Records(path, lambda: NOW)


def test_records_are_opened_by_two_processes_at_once(path: Path) -> None:
    """The second finds the tables made and shares them."""
    with opened(path) as one, opened(path) as other:
        one.put(a_question())

        assert other.waiting() == 1


def test_damaged_file_is_named_with_its_cure(path: Path) -> None:
    """An operator reads which file it is and what to do."""
    path.parent.mkdir()
    path.write_bytes(b"not a database, not at all" * 200)

    with pytest.raises(RecordsUnusable, match=r"records\.db cannot be used: it is no SQLite file: put a backup"):
        Records(path, lambda: NOW)


def test_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "data").write_text("")

    with pytest.raises(RecordsUnusable, match=r"records\.db cannot be used"):
        Records(tmp_path / "data" / "records.db", lambda: NOW)


def test_full_disk_is_named_and_loses_nothing(records: Records) -> None:
    """A question that does not fit is not half there, and the rest goes on when there is room again."""
    records.put(a_question())
    (pages,) = records._connection.execute("PRAGMA page_count").fetchone()
    records._connection.execute(f"PRAGMA max_page_count = {pages}")
    long = a_question("x" * 100_000, ts="2.1")

    with pytest.raises(RecordsUnusable, match="the disk is full: make room"):
        records.put(long)

    assert records.waiting() == 1
    records._connection.execute("PRAGMA max_page_count = 100000")
    assert records.put(long)


def test_file_locked_by_another_process_is_named(records: Records, path: Path) -> None:
    """Waiting for another process has an end."""
    records._connection.execute("PRAGMA busy_timeout = 1")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(RecordsUnusable, match="another process keeps it locked"):
        records.put(a_question())

    other.close()
    assert records.put(a_question())


SQLITE_ERRORS = [e for e in vars(sqlite3).values() if isinstance(e, type) and issubclass(e, sqlite3.Error)]


@pytest.mark.parametrize("kind", [*SQLITE_ERRORS, OSError, PermissionError])
def test_every_error_of_sqlite_becomes_ours(kind: type[Exception], records: Records) -> None:
    """Nobody outside this module needs to know of sqlite3."""
    with pytest.raises(RecordsUnusable, match=kind.__name__), records._change():
        raise kind("why")


def test_questions_from_many_threads_are_each_kept_once(records: Records) -> None:
    """Slack's events come in on several threads, some of them twice."""
    questions = [a_question(ts=f"{n}.1") for n in range(40)]
    kept: list[bool] = []

    def put_all(some: list[Question]) -> None:
        kept.extend([records.put(q) for q in some])

    threads = [SystemThread(target=put_all, args=(questions[n::2] + questions[:5],)) for n in (0, 1, 0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert kept.count(True) == 40
    assert records.waiting() == 40


def test_every_commit_is_synced_to_the_disk(records: Records) -> None:
    """An acknowledged question survives a power cut: WAL alone syncs only at checkpoints."""
    assert records._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert records._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


CHILD = """
import sys
from pathlib import Path
from bot.records import Records
from tests.fakes_bot import NOW, a_question, an_answer

records = Records(Path(sys.argv[1]), lambda: NOW)
for step in sys.argv[2:]:
    if step == "put": records.put(a_question())
    if step == "take": records.take()
    if step == "finish": records.finish(a_question().id, an_answer())
print("done", flush=True)
sys.stdin.read()
"""


def killed_after(path: Path, *steps: str) -> None:
    """Take *steps* in a process that is killed right after the last."""
    command = [sys.executable, "-c", CHILD, str(path), *steps]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2])
    with child:
        assert child.stdout
        assert child.stdout.readline() == b"done\n"
        os.kill(child.pid, 9)


@pytest.mark.parametrize("steps", [("put",), ("put", "take")])
def test_question_survives_a_kill(path: Path, steps: tuple[str, ...]) -> None:
    """Killed after keeping a question, or in the middle of it, the bot has it still, once."""
    killed_after(path, *steps)

    with opened(path) as records:
        records.recover()
        assert records.put(a_question()) is False
        assert records.take() == a_question()
        assert records.take() is None


def test_answered_question_is_not_answered_again_after_a_kill(path: Path) -> None:
    """Killed right after finishing, the bot does not start over."""
    killed_after(path, "put", "take", "finish")

    with opened(path) as records:
        records.recover()
        assert records.take() is None
        assert row(path, "answer")["outcome"] == "answer"
