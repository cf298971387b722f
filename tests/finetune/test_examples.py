"""The dataset's files: written and read back, and every wrong line named."""

import json
from pathlib import Path

import pytest

from finetune import examples
from finetune.errors import DatasetWrong
from finetune.examples import Example, Message, Rules

RULES = Rules("Answer.", "The wiki does not say.")


def example(answer: str = "Ask Maya. [1]", gold: tuple[int, ...] = (1,), identity: str = "a-0") -> Example:
    """Return an example."""
    messages = (
        Message(role="system", content="Answer."),
        Message(role="user", content="[1] Page\nAsk Maya.\n\nQuestion: Whom?"),
        Message(role="assistant", content=answer),
    )
    return Example(
        id=identity, source="rows", group="rows:a.md", kind="paraphrase", messages=messages, gold=gold,
        answerable=bool(gold),
    )  # fmt: skip


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    """The file holds all there is to an example."""
    path = tmp_path / "train.jsonl"
    refusal = example(RULES.refusal, (), "a-1")

    examples.write(path, [example(), refusal])

    assert list(examples.read(path, RULES)) == [example(), refusal]
    assert [message["role"] for message in json.loads(path.read_text().splitlines()[0])["messages"]] == [
        "system", "user", "assistant",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"id": ""}, "line 2: id"),
        ({"gold": []}, "line 2: gold must name passages"),
        ({"gold": [], "answerable": False}, "line 2: an unanswerable question must be answered by the refusal"),
        ({"answer": "Ask Maya."}, "line 2: the answer must be sentences"),
        ({"system": "Sing."}, "line 2: the system message is not the bot's own"),
        ({"roles": "user"}, "line 2: messages must be system, user, assistant"),
        ({"twice": True}, "line 2: the id a-0 is there twice"),
        ({"extra": 1}, "line 2: extra"),
    ],
)
def test_wrong_line_is_named(tmp_path: Path, change: dict[str, object], why: str) -> None:
    """The message says which line, and what is wrong with it."""
    wrong = example(identity="a-1").model_dump()
    wrong["messages"] = list(wrong["messages"])
    for name, value in change.items():
        if name == "answer":
            wrong["messages"][2]["content"] = value
        elif name == "system":
            wrong["messages"][0]["content"] = value
        elif name == "roles":
            wrong["messages"][0]["role"] = value
        elif name == "twice":
            wrong["id"] = "a-0"
        else:
            wrong[name] = value
    path = tmp_path / "train.jsonl"
    path.write_text(json.dumps(example().model_dump()) + "\n" + json.dumps(wrong) + "\n", encoding="utf-8")

    with pytest.raises(DatasetWrong, match=why):
        list(examples.read(path, RULES))


def test_missing_file_is_a_sentence(tmp_path: Path) -> None:
    """With the command that makes one."""
    with pytest.raises(DatasetWrong, match="python -m finetune dataset"):
        list(examples.read(tmp_path / "none.jsonl", RULES))
