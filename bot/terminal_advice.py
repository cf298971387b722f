"""`python -m bot advise`: its options, and what it prints for people and for scripts."""

import argparse
import json
import re
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table as RichTable

from bot.advice.asking import Advice, Known, advise, known
from bot.advice.chart import bars, chart
from bot.advice.figures import Tally
from bot.advice.picture import png
from bot.advice.plain import as_plain
from bot.advice.report import Table
from bot.advice.situation import Assumptions, Situation, choices, written

FLIPS_SHOWN = 6
_PAIR = re.compile(r"(?P<name>[A-Za-z_]+)=(?P<value>.*)", re.DOTALL)


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> argparse.ArgumentParser:
    """Add the command to *commands* and return its parser."""
    parser = commands.add_parser(
        "advise",
        help="fine-tune, retrieve, both or neither yet: advice for your case, with costs",
        description="Say whether to fine-tune, to use retrieval (RAG), both, or neither yet, with reasons, costs and "
        "what would flip the advice. What the bot counted itself is filled in first, then the text, then --set.",
        epilog=_names(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("text", nargs="*", help="the case in your words: 3000 questions a month, edited daily, …")
    parser.add_argument(
        "--set", nargs="+", action="extend", default=[], metavar="NAME=VALUE", help="answers and assumptions, by name"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--chart", type=Path, metavar="PNG", help="write the chart to this file")
    return parser


def run(options: argparse.Namespace, tally: Tally, console: Console) -> int:
    """Print the advice on *console*. Raises SituationUnusable, naming each wrong value; OSError for the chart."""
    pairs = [_PAIR.fullmatch(item) for item in options.set]
    more = [item for item, pair in zip(options.set, pairs, strict=True) if pair is None]
    knows = known(tally, " ".join([*options.text, *more]))
    values = dict(knows.values) | {pair["name"].lower(): pair["value"] for pair in pairs if pair}
    advice = advise(values)
    if options.chart:
        options.chart.write_bytes(png(chart(advice.recommendation)))
    if options.json:
        plain = as_plain(advice.recommendation, advice.report, knows.understood, knows.left)
        console.out(json.dumps(plain, ensure_ascii=False), highlight=False)
    else:
        _show(advice, knows, console)
    return 0


def _show(advice: Advice, knows: Known, console: Console) -> None:
    report = advice.report
    console.print()
    console.print(f"[bold]{escape(report.headline)}[/bold]")
    console.print(escape(report.certainty))
    for gate in report.gates:
        console.print(f" ▸ {escape(gate)}")
    _understood(knows, console)
    _heading("Why", console)
    for given in report.answered:
        note = " [dim](assumed)[/dim]" if given.is_assumed else ""
        console.print(f"[cyan]{escape(given.question)}[/cyan] {escape(given.answer)}{note}")
        console.print(Padding(escape(given.sentence), (0, 0, 0, 4)))
    _heading("The comparison, in your case", console)
    console.print(_table(report.comparison))
    _heading("What each option costs and brings", console)
    console.print(_table(report.costs))
    console.print(escape(bars(advice.recommendation)), highlight=False)
    _heading("How sure", console)
    console.print(escape(report.accuracy))
    console.print(escape(report.evaluation))
    _heading("What would flip it, changed alone", console)
    for flip in report.flips[:FLIPS_SHOWN] or ("Nothing that was tried.",):
        console.print(f" • {escape(flip)}")
    _heading("The formulas, with your numbers", console)
    for line in report.formulas:
        console.print(Padding(escape(line), (0, 0, 0, 1)), highlight=False)
    _heading("Next", console)
    for number, step in enumerate(report.steps, start=1):
        console.print(f" {number}. {escape(step.text)}")
        console.print(f"    [bold]{escape(step.command)}[/bold]", soft_wrap=True, highlight=False)


def _understood(knows: Known, console: Console) -> None:
    for each in knows.understood:
        console.print(f"[dim]Understood: {each.name}={escape(each.value)} from “{escape(each.words)}”[/dim]")
    if knows.left:
        console.print(f"[yellow]Not understood: {escape(knows.left)}[/yellow]")


def _heading(text: str, console: Console) -> None:
    console.print()
    console.print(f"[bold underline]{escape(text)}[/bold underline]")


def _table(rows: Table) -> RichTable:
    table = RichTable(*(escape(cell) for cell in rows[0]), pad_edge=False)
    for row in rows[1:]:
        table.add_row(*(escape(cell) for cell in row))
    return table


def _names() -> str:
    answers = [
        f"  {name}={'|'.join(choices(name)) or written(field.default)}  {field.description}"
        for name, field in Situation.model_fields.items()
    ]
    assumed = [
        f"  {name}={written(field.default)}  {field.description}" for name, field in Assumptions.model_fields.items()
    ]
    return "\n".join(("answers, by name:", *answers, "", "assumptions, by name, with their defaults:", *assumed))
