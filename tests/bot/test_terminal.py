"""What `ask` prints, and how it reads a file of questions."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from bot import citing, terminal
from bot.answers import Answer, Found, Refusal, RefusalReason, Timings
from bot.errors import QuestionUnusable
from bot.prompt import number
from tests.samples import hit

SHOWN = number(
    [hit("Everyone gets 25 days of leave a year.", title="Leave [UK]", url="https://wiki.example.org/leave")]
)
CHECKED = citing.check("You get 25 days of leave. [1]", SHOWN)
ANSWER = Answer(
    CHECKED.text, CHECKED.sentences, CHECKED.citations, SHOWN, Timings(12.5, 300, 900, 400, 12), "m", 3, "p"
)
REFUSAL = Refusal(RefusalReason.NOT_FOUND, "I could not find this in the wiki.", SHOWN, Timings(), "m", 3, "")


def shown_to_people(*steps: Answer | Refusal | Found) -> str:
    """Return what a terminal 100 columns wide shows."""
    page = io.StringIO()
    reply = terminal.TerminalReply(Console(file=page, width=100))
    for step in steps:
        reply.show(step)
    return page.getvalue()


def test_an_answer_is_one_object_of_the_agreed_shape() -> None:
    """Scripts rely on these names."""
    printed = json.loads(terminal.as_json("q1", "how much leave?", ANSWER))

    assert set(printed) == {
        *("id", "question", "outcome", "text", "sentences", "citations", "passages", "timings", "model", "generation")
    }
    assert printed["outcome"] == "answer"
    assert printed["sentences"] == [{"text": "You get 25 days of leave.", "citations": [1]}]
    assert set(printed["citations"][0]) == {"number", "passage_id", "title", "headings", "url", "revision", "quote"}
    assert set(printed["passages"][0]) == {"number", "passage_id", "title", "headings", "url", "text", "score"}
    assert set(printed["timings"]) == {"find_ms", "first_token_ms", "total_ms", "prompt_tokens", "output_tokens"}
    assert printed["citations"][0]["quote"] in printed["passages"][0]["text"]


def test_a_refusal_has_its_reason_and_no_citation() -> None:
    """A script can tell why."""
    printed = json.loads(terminal.as_json("q1", "who won?", REFUSAL))

    assert (printed["outcome"], printed["reason"], printed["citations"]) == ("refusal", "not_found", [])


def test_people_see_the_answer_the_source_and_the_quote() -> None:
    """The title's brackets are text, not marks of the terminal."""
    page = shown_to_people(Found(SHOWN), ANSWER)

    assert "You get 25 days of leave. [1]" in page
    assert "Leave [UK]" in page
    assert "as of 2026-05-03" in page
    assert "“Everyone gets 25 days of leave a year.”" in page


def test_people_see_the_nearest_pages_of_a_refusal() -> None:
    """A refusal is not a dead end."""
    page = shown_to_people(REFUSAL)

    assert "I could not find this in the wiki." in page
    assert "Leave [UK]" in page


def test_a_file_of_questions_is_read(tmp_path: Path) -> None:
    """With and without passages of their own, blank lines left out."""
    path = tmp_path / "questions.jsonl"
    path.write_text(
        '{"id":1,"question":"a?"}\n\n{"id":"x","question":"b?","passages":[{"title":"T","headings":["H"],"text":"text"}]}\n',
        encoding="utf-8",
    )

    plain, given = terminal.read_questions(path)

    assert (plain.id, plain.passages) == (1, None)
    assert given.passages is not None
    assert given.passages[0].headings == ("H",)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("not json", "line 2: .*JSON"),
        ('{"question":"a?"}', "line 2: id"),
        ('{"id":1,"question":2}', "line 2: question"),
        ('{"id":1,"question":"a?","passages":[{"title":"T"}]}', r"line 2: passages\.0\.text"),
        ("[1]", "line 2: "),
    ],
)
def test_a_bad_line_is_named_before_any_question_is_asked(tmp_path: Path, line: str, says: str) -> None:
    """The file, the line, what is wrong, and what a line is like."""
    path = tmp_path / "questions.jsonl"
    path.write_text(f'{{"id":1,"question":"a?"}}\n{line}\n', encoding="utf-8")

    with pytest.raises(QuestionUnusable, match=says):
        terminal.read_questions(path)


def test_a_binary_file_is_named(tmp_path: Path) -> None:
    """Not every file is text."""
    path = tmp_path / "questions.jsonl"
    path.write_bytes(b"\xff\xfe\x00\x81")

    with pytest.raises(QuestionUnusable, match="not UTF-8"):
        terminal.read_questions(path)
