"""Public question-answering sets as pages and drafts: SQuAD 2.0, doc2dial, DSTC9 FAQ, QED, COVID-QA.

Each becomes a small wiki of Markdown pages, which is cut and searched like any other, and questions whose answers are
the sentences that hold the annotated span.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finetune.drafts import Claim, Draft, Quote
from finetune.errors import DatasetWrong
from finetune.sentences import split

MAX_ANSWER_WORDS = 60
MAX_SENTENCE_WORDS = 42

Json = Any  # whatever shape a public file has; checked by use


@dataclass(frozen=True, slots=True)
class PublicSet:
    """*pages* maps a page's id to its title and Markdown; *drafts* are questions about them."""

    name: str
    pages: Mapping[str, tuple[str, str]]
    drafts: list[Draft]


def read(folder: Path) -> list[PublicSet]:
    """Return every set whose files are in *folder*. Raises DatasetWrong where one has another shape."""
    found = []
    for name, read_one in _READERS.items():
        if not (folder / name).is_dir():
            continue
        try:
            found.append(read_one(folder / name))
        except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
            raise DatasetWrong(
                f"{folder / name} is not the public set {name}: {type(error).__name__} {error}"
            ) from error
    return found


def _squad2(folder: Path) -> PublicSet:
    pages: dict[str, tuple[str, str]] = {}
    drafts: list[Draft] = []
    for path in sorted(folder.glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            title = article["title"].replace("_", " ")
            paragraphs = [_one_line(paragraph["context"]) for paragraph in article["paragraphs"]]
            pages[title] = (title, "\n\n".join(paragraphs))
            for paragraph, context in zip(article["paragraphs"], paragraphs, strict=True):
                drafts += (_squad_draft(qa, title, paragraph["context"], context) for qa in paragraph["qas"])
    return PublicSet("squad2", pages, [draft for draft in drafts if draft is not None])


def _squad_draft(qa: Json, title: str, context: str, plain: str) -> Draft:
    """Return one question of SQuAD; *context* is the paragraph its offsets count in, *plain* the page's."""
    identity = f"squad2-{qa['id']}"
    if qa.get("is_impossible") or not qa["answers"]:
        return Draft(identity, "squad2", "squad2", "adversarial", qa["question"], (), (Quote(title, plain),))
    answer = min(qa["answers"], key=lambda one: len(one["text"]))
    text = _sentences_around(context, answer["answer_start"], answer["answer_start"] + len(answer["text"]))
    return _answered(identity, "squad2", "span", qa["question"], title, text)


def _covidqa(folder: Path) -> PublicSet:
    pages: dict[str, tuple[str, str]] = {}
    drafts: list[Draft] = []
    for path in sorted(folder.glob("*.json")):
        for article in json.loads(path.read_text(encoding="utf-8"))["data"]:
            for paragraph in article["paragraphs"]:
                context = paragraph["context"]
                title, _, rest = context.partition("\n")
                page = str(paragraph["document_id"])
                body = rest[rest.find("Abstract:") :] if "Abstract:" in rest else rest
                body = _without_labels(body)
                pages[page] = (_one_line(title)[:120], _escaped(_without_references(body)))
                for qa in paragraph["qas"]:
                    answer = qa["answers"][0]
                    start, end = answer["answer_start"], answer["answer_start"] + len(answer["text"].rstrip())
                    text = _without_labels(_without_references(_sentences_around(context, start, end)))
                    drafts.append(_answered(f"covidqa-{qa['id']}", "covidqa", "span", qa["question"], page, text))
    return PublicSet("covidqa", pages, drafts)


def _qed(folder: Path) -> PublicSet:
    pages: dict[str, tuple[str, str]] = {}
    drafts: list[Draft] = []
    for path in sorted(folder.glob("*.jsonl")):
        for row in _json_lines(path):
            page = str(row["example_id"])
            pages[page] = (row["title_text"], _escaped(_untokenized(row["paragraph_text"])))
            chosen = row["annotation"].get("selected_sentence")
            if chosen:
                text = _untokenized(chosen["string"])
                drafts.append(_answered(f"qed-{page}", "qed", "span", row["question_text"], page, text))
    return PublicSet("qed", pages, drafts)


def _doc2dial(folder: Path) -> PublicSet:
    documents = json.loads((folder / "docs.json").read_text(encoding="utf-8"))
    pages = {page: (_doc2dial_title(page), _with_headings(_mended_english(text))) for page, text in documents.items()}
    drafts = [draft for row in _json_lines(folder / "turns.jsonl") if (draft := _doc2dial_draft(row)) is not None]
    return PublicSet("doc2dial", pages, drafts)


def _doc2dial_draft(row: Json) -> Draft | None:
    """Return one turn as a question, None where it cannot be understood without the turns before it."""
    turns = row["dialog"].split("\t")
    question = _mended_english(turns[0].removeprefix("user:").strip())
    is_first = len(turns) == 1
    stands_alone = len(question.split()) >= 8 and not re.search(r"\b(it|that|this|them|they|those|these)\b", question)
    if not (is_first or (stands_alone and question.endswith("?"))):
        return None
    text = _mended_english(" ".join(row["answers"]))
    is_sentences = re.search(r"^[A-Z].*[.!?]\s*$", text) is not None and "\n" not in text.strip()
    if not is_sentences or len(text.split()) < 6:
        return None
    return _answered(f"doc2dial-{row['id']}", "doc2dial", "policy", question, row["doc"], text)


def _dstc_faq(folder: Path) -> PublicSet:
    knowledge = json.loads((folder / "knowledge.json").read_text(encoding="utf-8"))
    pages: dict[str, tuple[str, str]] = {}
    drafts: list[Draft] = []
    for domain, entities in knowledge.items():
        for entity_id, entity in entities.items():
            if not entity["name"]:
                continue
            page = f"{domain}/{entity_id}"
            name = entity["name"].title()
            snippets = list(entity["docs"].items())
            pages[page] = (
                name,
                "\n\n".join(f"### {_escaped(one['title'])}\n\n{_escaped(one['body'])}" for _, one in snippets),
            )
            for snippet_id, one in snippets:
                if entity["name"].lower() in one["title"].lower():  # else the question would fit any entity
                    identity = f"dstc-{domain}-{entity_id}-{snippet_id}"
                    drafts.append(_answered(identity, "dstc_faq", "faq", one["title"], page, one["body"]))
    return PublicSet("dstc_faq", pages, drafts)


_READERS: dict[str, Callable[[Path], PublicSet]] = {
    "squad2": _squad2,
    "doc2dial": _doc2dial,
    "dstc_faq": _dstc_faq,
    "qed": _qed,
    "covidqa": _covidqa,
}


def _answered(identity: str, source: str, kind: str, question: str, page: str, text: str) -> Draft:
    """Return a draft whose answer is the sentences of *text*; without sentences where they are not short and plain."""
    sentences = split(text)
    is_short = (
        0 < len(sentences) <= 3
        and sum(len(sentence.split()) for sentence in sentences) <= MAX_ANSWER_WORDS
        and all(3 <= len(sentence.split()) <= MAX_SENTENCE_WORDS for sentence in sentences)
    )
    claims = tuple(Claim(sentence, (0,)) for sentence in sentences) if is_short else ()
    return Draft(identity, source, source, kind if is_short else "too long", question, claims, (Quote(page, text),))


def _sentences_around(context: str, start: int, end: int) -> str:
    """Return the whole sentences of *context* in which `context[start:end]` stands."""
    ends = [match.end() for match in re.finditer(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(]?[A-Z0-9])|\n", context)]
    begins = max((place for place in ends if place <= start), default=0)
    closes = min((place for place in ends if place >= end), default=len(context))
    return _one_line(context[begins:closes])


def _without_references(text: str) -> str:
    """Return a paper's *text* without the numbers of what it refers to, which look like our markers."""
    return re.sub(r" ?\[\d+(?:[ ,–-]+\d+)*\] ?(?=[.,;: ]|$)", "", text)


def _without_labels(text: str) -> str:
    """Return a paper's *text* without the words that name its parts."""
    return re.sub(r"\b(?:Abstract|Text): |\b[A-Z]{6,}(?: [A-Z]+)*: ", "", text)


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _escaped(text: str) -> str:
    """Return prose so that Markdown's reader leaves it as it is, each of its lines a paragraph."""
    lines = [re.sub(r"^(\s*)([#>+*-]|\d+[.)])(?=\s)", r"\1\\\2", line.strip()) for line in text.splitlines()]
    return "\n\n".join(re.sub(r"([*_<`\[\]])", r"\\\1", line) for line in lines if line)


def _with_headings(text: str) -> str:
    """Return a doc2dial page with its short lines that end in no mark as headings."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n\n".join(f"## {_escaped(line)}" if _is_heading(line) else _escaped(line) for line in lines)


def _is_heading(line: str) -> bool:
    return len(line) <= 90 and not re.search(r"[.!:;,]$", line)


def _doc2dial_title(page: str) -> str:
    return _mended_english(page.partition("/")[2].partition("#")[0].partition(" | ")[0])


def _untokenized(text: str) -> str:
    """Return text of the Penn Treebank's spacing as people write it.

    >>> print(_untokenized("the world 's `` first '' prize ( 1901 ) , it is n't"))
    the world's "first" prize (1901), it isn't
    """
    text = re.sub(r"`` ?", '"', text)
    text = re.sub(r" ?''", '"', text)
    text = re.sub(r" (n't|'s|'re|'ve|'ll|'d|'m)\b", r"\1", text)
    text = re.sub(r"(?<=\w) - (?=\w)", "-", text)
    text = re.sub(r" ([,.;:?!%)\]])", r"\1", text)
    return re.sub(r"([(\[$£]) ", r"\1", text).replace(" '", "'").strip()


_LOST_APOSTROPHES = (
    (re.compile(r"\b(can|don|won|isn|doesn|didn|aren|wasn|weren|haven|hasn|shouldn|wouldn|couldn) t\b"), r"\1't"),
    (re.compile(r"\b(you|we|they|You|We|They) (re|ve|ll)\b"), r"\1'\2"),
    (re.compile(r"\b([Ii]t|[Tt]hat|[Tt]here|[Ww]hat|[Ll]et|[Ss]he|[Hh]e) s\b"), r"\1's"),
    (re.compile(r"\bI (m|ve|ll)\b"), r"I'\1"),
    (re.compile(r"(?<=[a-z]) s (?=[a-z])"), "'s "),
    (re.compile(r" +([,.;:?!)])"), r"\1"),
    (re.compile(r"\( +"), "("),
    (re.compile(r"(?<=[a-z]) - (?=[a-z])"), "-"),
    (re.compile(r" ?\[\d+ ?\]"), ""),
    (re.compile(r"(?<=[a-z][.!?])(?=[A-Z][a-z])"), " "),
)


def _mended_english(text: str) -> str:
    """Return *text* with the apostrophes and the spacing that doc2dial's pages lost.

    >>> _mended_english("You can t renew , if you re late [1 ] .")
    "You can't renew, if you're late."
    """
    for pattern, put in _LOST_APOSTROPHES:
        text = pattern.sub(put, text)
    return text.rstrip(" ")


def _json_lines(path: Path) -> Iterator[Json]:
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.strip():
            yield json.loads(line)
