"""What the bot remembers, and that it forgets nothing."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Thread as SystemThread

import pytest

from bot.answers import RefusalReason
from bot.channels import ChannelSettings, Tone
from bot.errors import RecordsUnusable
from bot.feedback import Reason, Verdict
from bot.migrations import MIGRATIONS
from bot.ports import IndexJob, JobId, JobKind, Kept, Told
from bot.questions import Asker, Origin, Question, QuestionId
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
        never = records.replies.reply_ts(a_question().id)
        records.replies.begin_reply(a_question().id)
    with opened(path) as records:
        begun = records.replies.reply_ts(a_question().id)
        records.replies.keep_reply(a_question().id, "1777887002.000200")
    with opened(path) as records:
        kept = records.replies.reply_ts(a_question().id)

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
    (pages,) = records._database._connection.execute("PRAGMA page_count").fetchone()
    records._database._connection.execute(f"PRAGMA max_page_count = {pages}")
    long = a_question("x" * 100_000, ts="2.1")

    with pytest.raises(RecordsUnusable, match="the disk is full: make room"):
        records.put(long)

    assert records.waiting() == 1
    records._database._connection.execute("PRAGMA max_page_count = 100000")
    assert records.put(long)


def test_file_locked_by_another_process_is_named(records: Records, path: Path) -> None:
    """Waiting for another process has an end."""
    records._database._connection.execute("PRAGMA busy_timeout = 1")
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
    with pytest.raises(RecordsUnusable, match=kind.__name__), records._database.change():
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


def at_once(records: Records, acts: Sequence[Callable[[], object]]) -> list[object]:
    """Return what *acts* come to, or raise, where all of them wait for the file together."""
    came_to: list[object] = [None] * len(acts)

    def do(place: int) -> None:
        try:
            came_to[place] = acts[place]()
        except RecordsUnusable as error:
            came_to[place] = error

    threads = [SystemThread(target=do, args=(place,)) for place in range(len(acts))]
    with records._database._lock:
        for thread in threads:
            thread.start()
        while len(records._database._errands) < len(acts):
            pass
    for thread in threads:
        thread.join()
    return came_to


def test_questions_that_come_at_once_wait_for_the_disk_once(records: Records) -> None:
    """One commit for all of them: a wait for each would be longer than Slack waits. The sixth does not slip past."""
    statements: list[str] = []
    records._database._connection.set_trace_callback(statements.append)
    questions = [a_question(ts=f"177788700{n}.000100") for n in range(8)]

    kept = at_once(records, [partial(records.admit, question, 5) for question in questions])

    assert statements.count("COMMIT") == 1
    assert sorted(str(one) for one in kept) == ["new"] * 5 + ["too_many"] * 3
    assert records.waiting() == 5


def test_a_change_that_fails_takes_its_companions_along_and_each_is_told(records: Records) -> None:
    """Nobody takes for kept what is not on disk."""

    def fail(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO nothing VALUES (1)")

    came_to = at_once(records, [lambda: records.admit(a_question(), 5), lambda: records._database.together(fail)])

    assert [type(one) for one in came_to] == [RecordsUnusable, RecordsUnusable]
    assert records.waiting() == 0
    assert records.admit(a_question(), 5) is Kept.NEW


def test_every_commit_is_synced_to_the_disk(records: Records) -> None:
    """An acknowledged question survives a power cut: WAL alone syncs only at checkpoints."""
    assert records._database._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    assert records._database._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


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


def test_everyones_first_question_comes_before_anyones_second(records: Records) -> None:
    """Who asks ten questions at once does not make the others wait for all of them."""
    many = [a_question(ts=f"{n}.1") for n in range(1, 4)]
    one = replace(a_question(ts="9.1"), asker=Asker("U2"))
    for question in (*many, one):
        records.put(question)

    assert [waiting.question for waiting in records.line(10)] == [many[0], one, many[1], many[2]]
    assert [records.take() for _ in range(4)] == [many[0], one, many[1], many[2]]


@pytest.mark.parametrize("end", ["waiting", "taken", "finished", "given up"])
def test_edited_question_waits_again_with_its_new_words(records: Records, end: str) -> None:
    """However far it had come; what is still written for the old words is not recorded."""
    records.put(a_question())
    if end != "waiting":
        records.take()
    if end == "finished":
        records.finish(a_question().id, an_answer())
    elif end == "given up":
        records.give_up(a_question().id, "ModelFailed: x")

    changed = records.change(a_question().id, "new words?")
    if end == "taken":
        records.finish(a_question().id, a_refusal())

    assert changed
    assert records.waiting() == 1
    assert records.take() == replace(a_question(), text="new words?")


def test_edit_that_changes_no_word_is_no_question(records: Records) -> None:
    """Nor is one of a question that was taken back, or never asked."""
    records.put(a_question(ts="1.1"))
    records.put(a_question(ts="2.1"))
    records.cancel(a_question(ts="2.1").id)

    assert records.change(a_question(ts="1.1").id, a_question().text) is None
    assert records.change(a_question(ts="2.1").id, "new words?") is None
    assert records.change(a_question(ts="3.1").id, "new words?") is None


def test_cancelled_question_stays_so(records: Records) -> None:
    """An answer that comes too late is not recorded, and it does not wait again."""
    records.put(a_question())
    records.take()

    assert records.cancel(a_question().id)
    records.finish(a_question().id, an_answer())
    records.put_back(a_question().id)

    assert not records.cancel(a_question().id)
    assert (records.waiting(), records.asked.outcome(a_question().id)) == (0, None)


def test_what_an_answer_was_shown_comes_back_whole(records: Records) -> None:
    """Who asked can look behind it later."""
    for ts, outcome in (("1.1", an_answer(a_hit(), a_hit(2))), ("2.1", a_refusal(RefusalReason.DECLINED, a_hit()))):
        records.put(a_question(ts=ts))
        records.take()
        records.finish(a_question(ts=ts).id, outcome)

        assert records.asked.outcome(a_question(ts=ts).id) == outcome


def test_offered_question_waits_only_once_it_is_taken_up(records: Records) -> None:
    """And only once."""
    assert records.offer(a_question())
    assert not records.offer(a_question())
    assert records.waiting() == 0

    assert records.take_up(a_question().id)
    assert not records.take_up(a_question().id)
    assert records.waiting() == 1


def test_last_question_of_the_same_person_in_the_thread_is_what_one_follows_on(records: Records) -> None:
    """Not another person's, nor one that was taken back."""
    root = a_question("first?")
    second = replace(a_question("second?", ts="2.1"), thread=root.thread, asked_at=NOW + timedelta(seconds=1))
    others = replace(second, id=QuestionId("x"), asker=Asker("U2"), asked_at=NOW + timedelta(seconds=2))
    taken_back = replace(second, id=QuestionId("y"), asked_at=NOW + timedelta(seconds=3))
    for question in (root, second, others, taken_back):
        records.put(question)
    records.cancel(taken_back.id)

    third = replace(second, id=QuestionId("z"), asked_at=NOW + timedelta(seconds=4))

    assert records.before(third) == second
    assert records.before(root) is None


def test_direct_message_follows_on_the_last_hour_only(records: Records) -> None:
    """What is asked tomorrow has nothing to do with today."""
    records.put(a_question(channel="D1"))
    soon = replace(a_question(channel="D1", ts="8.1"), asked_at=NOW + timedelta(minutes=5))
    later = replace(a_question(channel="D1", ts="9.1"), asked_at=NOW + timedelta(hours=5))

    assert records.before(soon) == a_question(channel="D1")
    assert records.before(later) is None


def test_feedback_keeps_what_was_shown_then(records: Records) -> None:
    """A later answer to the same question changes nothing of it."""
    question, outcome = replace(a_question(), read_as="Read as this?"), an_answer(a_hit(text="28 days"))
    records.feedback.give(question, outcome, "U7", Verdict.BAD)
    assert records.feedback.explain(question.id, "U7", Reason.OUTDATED, "30 days", "Leave 2027")

    (given,) = records.feedback_rows()

    assert (given.question, given.answer, given.is_refusal) == ("Read as this?", outcome.text, False)
    assert given.passages == outcome.passages
    assert (given.verdict, given.reason, given.correction, given.page) == (
        Verdict.BAD,
        Reason.OUTDATED,
        "30 days",
        "Leave 2027",
    )
    assert records.feedback.counts() == {"outdated": 1}


def test_second_verdict_takes_the_first_ones_place(records: Records) -> None:
    """People change their minds, and a good answer needs no reason."""
    records.feedback.give(a_question(), an_answer(), "U7", Verdict.BAD)
    records.feedback.give(a_question(), an_answer(), "U7", Verdict.GOOD)

    assert not records.feedback.explain(a_question().id, "U7", Reason.WRONG, "", "")
    assert records.feedback.counts() == {"good": 1}


def test_channel_keeps_its_settings_by_id(path: Path) -> None:
    """Across restarts; others have the defaults."""
    chosen = ChannelSettings(frozenset({"handbook"}), asks_first=True, owner="U9", tone=Tone.BRIEF)
    with opened(path) as records:
        records.channels.set("T1", "C1", chosen, "U1")
    with opened(path) as records:
        assert records.channels.settings("T1", "C1") == chosen
        assert records.channels.settings("T1", "C2") == ChannelSettings()


def test_question_goes_to_one_person_and_is_settled_once(records: Records) -> None:
    """Two presses call nobody twice."""
    known = a_question().id
    assert records.handovers.begin(known, "U1", "U9")
    assert not records.handovers.begin(known, "U2", "U9")
    records.handovers.keep_message(known, "C1", "7.1")

    settled = records.handovers.resolve(known, "U9")

    assert settled
    assert (settled.channel, settled.ts, settled.owner) == ("C1", "7.1", "U9")
    assert records.handovers.resolve(known, "U9") is None
    assert records.handovers.count_open() == 0


def test_journal_gives_the_newest_first(records: Records) -> None:
    """What admins did can be read."""
    for deed in ("reindex handbook", "rollback"):
        records.journal.write("U1", deed)

    assert [line.deed for line in records.journal.latest(1)] == ["rollback"]


def test_whom_a_job_is_told_about_is_remembered_to_the_end(records: Records) -> None:
    """Each person once for each job, with the last message known."""
    first = Told(JobId("a-1"), IndexJob(JobKind.FULL, "handbook"), "U1")
    other = Told(JobId("a-1"), IndexJob(JobKind.FULL, "handbook"), "U2", "D2", "9.1")
    for told in (first, other, placed := replace(first, channel="D1", ts="7.1")):
        records.tellings.keep(told)

    kept = records.tellings.all()
    records.tellings.forget(placed)

    assert sorted(kept, key=lambda told: told.person) == [placed, other]
    assert records.tellings.all() == [other]


def test_records_of_the_first_version_are_taken_over(path: Path) -> None:
    """An answer given before an update can be looked behind after it."""
    path.parent.mkdir(parents=True)
    connection = sqlite3.connect(path, isolation_level=None)
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute("PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO question (id, place, text, asker, team, channel, thread_ts, is_direct, ts, asked_at)"
        " VALUES ('T1:C1:1.1', 1, 'old?', 'U1', 'T1', 'C1', '1.1', 0, '1.1', '2026-01-01T00:00:00+00:00')"
    )
    connection.execute(
        "INSERT INTO answer VALUES ('T1:C1:1.1', 'answer', '', 'Old.', '[]', '[]', 'prompt', 'model', 3, '{}')"
    )
    connection.close()

    with opened(path) as records:
        outcome, question = records.asked.outcome(QuestionId("T1:C1:1.1")), records.take()

    assert outcome
    assert (outcome.text, outcome.generation) == ("Old.", 3)
    assert question
    assert (question.text, question.origin) == ("old?", Origin.MENTION)
