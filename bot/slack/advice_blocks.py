"""What /advise answers: a message with reasons, the article's table, costs and next steps; and a short view of it.

Every text is our own, made of numbers and choices; none comes from a page, a question or the model.
"""

from collections.abc import Iterable, Sequence

from bot.advice.asking import Advice
from bot.advice.chart import bars
from bot.advice.report import Report, Table
from bot.advice.situation import Assumptions, written
from bot.advice.steps import Step, as_pairs
from bot.slack import mrkdwn
from bot.slack.blocks import MAX_FALLBACK_CHARACTERS, Message
from bot.slack.rich_text import Block, Element, block, bullets, numbered, preformatted, section, text

AGAIN_ID = "advice_again"
MAX_FLIPS = 6
MAX_SECTION_CHARACTERS = 3000  # Slack's limit
MAX_VALUE_CHARACTERS = 2000  # Slack's limit for a button's value
MAX_TITLE_CHARACTERS = 150  # Slack's limit for a header


def advice(given: Advice) -> Message:
    """Return the whole advice."""
    report = given.report
    blocks = [
        _header(report.headline),
        block(*_reasons(report)),
        _table(report.comparison),
        block(*_judging(report)),
        block(*_next(report.steps)),
        _folded("What each option costs and brings", _cost_lines(report.costs)),
        _folded("The formulas, with your numbers", report.formulas),
        _folded("Your answers, and what each argues for", _answer_lines(report)),
        _folded("The assumptions", [_assumption_line(given.recommendation.assumed)]),
        *_again(given),
    ]
    return Message(_fallback(report), tuple(blocks))


def plain_advice(given: Advice) -> Message:
    """Return the advice in the oldest kinds of blocks alone, for a Slack that refuses the table or what is folded."""
    report = given.report
    rows = [
        "\n".join(f"{row[0]} – {name}: {cell}" for name, cell in _named(report.comparison, row))
        for row in _rows(report)
    ]
    parts = (*_reasons(report), preformatted("\n\n".join(rows)), *_judging(report), *_next(report.steps))
    formulas = block(section([text("The formulas, with your numbers", bold=True)]), bullets(_texts(report.formulas)))
    return Message(_fallback(report), (_header(report.headline), block(*parts), formulas, *_again(given)))


def bars_of(given: Advice) -> Message:
    """Return the chart as lines of text, for where no picture can be shown."""
    words = bars(given.recommendation)
    return Message(mrkdwn.fallback_text(words, MAX_FALLBACK_CHARACTERS), (block(preformatted(words)),))


def view(given: Advice, note: str) -> Block:
    """Return the advice in short as a modal; *note* says where all of it is."""
    report = given.report
    parts = [*_reasons(report), section([text(note, italic=True)])]
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Advice"},
        "close": {"type": "plain_text", "text": "Close"},
        "blocks": [_header(report.headline), block(*parts)],
    }


def _fallback(report: Report) -> str:
    return mrkdwn.fallback_text(f"{report.headline} {report.certainty}", MAX_FALLBACK_CHARACTERS)


def _header(words: str) -> Block:
    return {"type": "header", "text": {"type": "plain_text", "text": mrkdwn.shorten(words, MAX_TITLE_CHARACTERS)}}


def _reasons(report: Report) -> list[Element]:
    parts = [section([text(report.certainty)])]
    if report.gates:
        parts += [section([text("Before a training pays:", bold=True)]), bullets(_texts(report.gates))]
    because = _texts(given.sentence for given in report.strongest)
    return [*parts, section([text("Why:", bold=True)]), bullets(because)]


def _judging(report: Report) -> list[Element]:
    flips = report.flips[:MAX_FLIPS] or ("Nothing that was tried.",)
    return [
        section([text("How sure: ", bold=True), text(f"{report.accuracy} {report.evaluation}")]),
        section([text("What would flip it, changed alone:", bold=True)]),
        bullets(_texts(flips)),
    ]


def _next(steps: Iterable[Step]) -> list[Element]:
    lines = [[text(f"{step.text} "), text(step.command, code=True)] for step in steps]
    return [section([text("Next:", bold=True)]), numbered(lines)]


def _texts(lines: Iterable[str]) -> list[Sequence[Element]]:
    return [[text(line)] for line in lines]


def _table(rows: Table) -> Block:
    cells = [[{"type": "raw_text", "text": cell} for cell in row] for row in rows]
    return {"type": "table", "rows": cells, "column_settings": [{"is_wrapped": True}] * len(rows[0])}


def _rows(report: Report) -> Iterable[tuple[str, ...]]:
    return report.comparison[1:]


def _named(table: Table, row: tuple[str, ...]) -> Iterable[tuple[str, str]]:
    return zip(table[0][1:], row[1:], strict=True)


def _folded(title: str, lines: Iterable[str]) -> Block:
    """Return lines that open with a click. A section, not rich_text: Slack refused that inside a container."""
    sections = [
        {"type": "section", "text": {"type": "mrkdwn", "text": words, "verbatim": True}} for words in _packed(lines)
    ]
    return {
        "type": "container",
        "title": {"type": "plain_text", "text": title},
        "is_collapsible": True,
        "default_collapsed": True,
        "child_blocks": sections,
    }


def _packed(lines: Iterable[str]) -> list[str]:
    """Return *lines* escaped, in as few texts of Slack's size as hold them."""
    texts = [""]
    for line in lines:
        words = mrkdwn.escape(mrkdwn.visible(line))
        if texts[-1] and len(texts[-1]) + len(words) + 1 > MAX_SECTION_CHARACTERS:
            texts.append("")
        texts[-1] += ("\n" if texts[-1] else "") + words
    return texts


def _cost_lines(rows: Table) -> list[str]:
    return [
        f"{option}: {setup} to set up, {month} a month, {question} a question in {takes}; may gain {gain}; "
        f"pays back: {payback}"
        for option, setup, month, question, takes, gain, payback in rows[1:]
    ]


def _answer_lines(report: Report) -> list[str]:
    return [
        f"{given.question} {given.answer}{' (assumed)' if given.is_assumed else ''}: {given.sentence}"
        for given in report.answered
    ]


def _assumption_line(assumed: Assumptions) -> str:
    return ", ".join(f"{name} = {written(getattr(assumed, name))}" for name in Assumptions.model_fields)


def _again(given: Advice) -> list[Block]:
    pairs = as_pairs(given.recommendation.situation, given.recommendation.assumed)
    if len(pairs) > MAX_VALUE_CHARACTERS:
        return []
    button = {
        "type": "button",
        "action_id": AGAIN_ID,
        "text": {"type": "plain_text", "text": "Change an answer"},
        "value": pairs,
    }
    return [{"type": "actions", "elements": [button]}]
