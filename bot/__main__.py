"""The bot's door: `python -m bot` answers in Slack or the local workspace; also `ask`, `prepare` and `doctor`."""

import os  # first: how threads wait is read when llama.cpp is loaded

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait do not take the core another process works on

import argparse
import logging
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from rich.console import Console
from rich.text import Text
from tqdm import tqdm

from bot import doctor, terminal, terminal_advice
from bot.answers import Answer, Refusal, RefusalReason, Timings
from bot.asking import Asking
from bot.errors import BotError, ModelFailed, QuestionUnusable
from bot.index_desk import QueueingDesk
from bot.llama import LlamaModel
from bot.ports import Answering
from bot.questions import QuestionId
from bot.records import Records, alone
from bot.rooms import Answerings
from bot.shelves import refreshing
from bot.slack import manifest
from bot.slack.app import SlackApp, client_for, what_is_lacking
from bot.slack.audiences import audiences_for
from bot.slack.features import Surroundings, all_features
from bot.slack.reply import SlackReplies
from bot.slack.telling import Telling
from bot.slack.web import PATH, SlackWeb
from bot.usher import Usher
from bot.worker import Worker
from bot.workspace import Workspace, doorstep
from config import examining, local, logs, wiring
from config.settings import Settings, SettingsWrong, has_desktop, load
from config.wikis import page_owners
from indexer.errors import IndexerError
from indexer.pages import EVERYONE

log = logging.getLogger("bot")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return 0 done, 1 failed with a sentence on stderr, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        settings = load()
        logs.set_up(settings.log_level if options.command is None else "WARNING")
        return int(options.run(settings, options))
    except (SettingsWrong, BotError, IndexerError) as error:
        print(error, file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bot",
        description="Answer questions in Slack from the wiki. Without a command: the Slack app, or a local workspace "
        "in the browser where no Slack token is set.",
    )
    parser.set_defaults(run=_serve)
    commands = parser.add_subparsers(dest="command", metavar="command")
    ask = commands.add_parser("ask", help="answer a question here, as Slack would get it")
    ask.add_argument("question", nargs="?", help="the question")
    ask.add_argument(
        "--file", type=Path, metavar="JSONL", help='questions to ask, a line each: {"id": …, "question": …}'
    )
    ask.add_argument("--json", action="store_true", help="print one JSON object (always so with --file)")
    ask.set_defaults(run=_ask, parser=ask)
    prepare = commands.add_parser("prepare", help="make the model ready for this CPU (done at the first start anyway)")
    prepare.set_defaults(run=_prepare)
    app = commands.add_parser("manifest", help="print the manifest that makes the Slack app in one paste")
    app.add_argument(
        "--url",
        default="",
        metavar="HTTPS",
        help="your proxy's https:// address, for signed HTTP; else Socket Mode",
    )
    app.set_defaults(run=_manifest)
    check = commands.add_parser("doctor", help="check settings, tokens, scopes, wiki, index, model and disk")
    check.add_argument("--json", action="store_true", help="print one JSON object")
    check.set_defaults(run=_doctor)
    terminal_advice.add_to(commands).set_defaults(run=_advise)
    return parser


def _ask(settings: Settings, options: argparse.Namespace) -> int:
    if (options.question is None) == (options.file is None):
        options.parser.error("give a question, or --file with questions")
    if options.file is not None:
        return _ask_file(settings, options.file)
    console = Console(highlight=False)
    reply = terminal.TerminalReply(console)
    indexing = wiring.indexing(settings)
    with _model_opened(settings) as model:
        answerer = wiring.synthesiser(settings, indexing, model)
        read_as = wiring.spelling(indexing).corrected(options.question)
        if not options.json and read_as != options.question:
            console.print(Text(f"Read as: {read_as}", style="dim"))
        for step in answerer.steps(read_as, frozenset({EVERYONE})):
            if not options.json:
                reply.show(step)
            elif isinstance(step, Answer | Refusal):
                print(terminal.as_json("1", options.question, step))
    return 0


def _ask_file(settings: Settings, path: Path) -> int:
    try:
        lines = terminal.read_questions(path)
    except OSError as error:
        raise QuestionUnusable(f"{path} cannot be read ({error.strerror}).") from error
    indexing = wiring.indexing(settings)
    corrected = wiring.spelling(indexing).corrected
    with _model_opened(settings) as model:
        for line in tqdm(lines, unit="question", disable=not sys.stderr.isatty()):
            answerer: Answering
            question = line.question
            if line.passages is None:
                question = corrected(question)
                answerer = wiring.synthesiser(settings, indexing, model)
            else:
                given = wiring.given_passages(line.passages, line.question, indexing)
                answerer = wiring.answerer(settings, indexing, model, given)
            print(terminal.as_json(line.id, line.question, _outcome(answerer, question, model.name)), flush=True)
    return 0


def _outcome(answerer: Answering, question: str, model: str) -> Answer | Refusal:
    """Return what *question* comes to; one that cannot be asked at all is refused with its own sentence."""
    try:
        *_, last = answerer.steps(question, frozenset({EVERYONE}))
    except QuestionUnusable as error:
        return Refusal(RefusalReason.UNUSABLE, str(error), (), Timings(), model, 0, "")
    except ModelFailed as error:
        return Refusal(RefusalReason.FAILED, f"The model could not go on: {error}.", (), Timings(), model, 0, "")
    assert isinstance(last, Answer | Refusal), "steps end in an answer or a refusal"
    return last


def _prepare(settings: Settings, _options: argparse.Namespace) -> int:
    with _reporting() as report:
        prepared = wiring.prepared_model(settings, report)
    best = next(
        one for one in prepared.measured if (one.format, one.repack) == (prepared.format, prepared.weights.repack)
    )
    name = prepared.weights.path.name
    print(f"The model is ready: {name} reads {best.prefill:.0f} tokens/s and writes {best.decode:.0f}.")
    return 0


def _manifest(_settings: Settings, options: argparse.Namespace) -> int:
    if options.url and not options.url.startswith("https://"):
        raise QuestionUnusable("--url must begin with https://: Slack posts to nothing else.")
    print(manifest.as_json(options.url))
    return 0


def _doctor(settings: Settings, options: argparse.Namespace) -> int:
    checks = list(doctor.checks(examining.examined(settings)))
    print(doctor.as_json(checks) if options.json else doctor.as_text(checks))
    return 0 if all(check.is_well for check in checks) else 1


def _advise(settings: Settings, options: argparse.Namespace) -> int:
    return terminal_advice.run(options, wiring.tally(settings), Console(highlight=False))


def _serve(settings: Settings, _options: argparse.Namespace) -> int:
    """Take questions at once, answer them as soon as the model is ready, until SIGTERM or Ctrl-C."""
    ending = threading.Event()
    try:
        with ExitStack() as stack:
            _answer_until(ending, settings, stack)
    except KeyboardInterrupt:
        if not ending.is_set():
            raise
    return 0


def _answer_until(ending: threading.Event, settings: Settings, stack: ExitStack) -> None:
    workers: list[Worker] = []

    minds: list[Answerings] = []
    desks: list[QueueingDesk] = []

    def wake() -> None:
        for worker in workers:
            worker.wake()

    def drop(question_id: QuestionId) -> None:
        for worker in workers:
            worker.drop(question_id)

    def index() -> QueueingDesk | None:
        return desks[0] if desks else None

    def end(_signal: int, _frame: object) -> None:
        ending.set()
        if not workers:
            raise KeyboardInterrupt  # still starting: nothing to finish, and what was taken in is on disk
        for worker in workers:
            worker.stop()

    signal.signal(signal.SIGTERM, end)
    stack.enter_context(alone(settings.data_dir))
    records = wiring.records(settings)
    stack.callback(records.close)
    records.cache.clear()
    place = _place(settings, refreshing(index, ending.wait), stack)
    client = client_for(place.bot_token, place.api_url)
    replies = SlackReplies(client, records.replies, time.monotonic, ending.wait, wiring.tones(records))
    audiences = audiences_for(local.identities(settings), client)
    telling = Telling(client, records.tellings, index, ending.wait)
    stack.callback(telling.close)
    around = Surroundings(
        client=client,
        records=records,
        replies=replies,
        audiences=audiences,
        admins=frozenset(settings.slack.admins),
        asking=Asking(records, wake, drop),
        mind=lambda: minds[0] if minds else None,
        index=index,
        telling=telling,
        owner_of=page_owners(settings),
    )
    app = _transport(place, around)
    stack.callback(app.close)
    app.start()
    _greet(place, settings, what_is_lacking(client))
    _usher_in(records, replies, stack)
    indexing = wiring.indexing(settings)
    desks.append(wiring.index_desk(indexing))
    stack.callback(desks[0].close)
    telling.resume()
    model = stack.enter_context(_model_opened(settings))
    wiring.warm_up(indexing, model)
    minds.append(wiring.answerings(settings, indexing, model, records))
    worker = Worker(records, minds[0].for_question, audiences, replies, corrected=wiring.spelling(indexing).corrected)
    workers.append(worker)
    signal.signal(signal.SIGINT, end)
    worker.apologise_for(records.recover())
    log.info("ready to answer", extra={"model": model.name})
    if not ending.is_set():
        worker.run()


def _greet(place: "_Place", settings: Settings, lacking: str) -> None:
    """Say where the bot answers, what it lacks there, and show its page where there is a desktop."""
    print(place.greeting, flush=True)
    if place.page_url and settings.workspace.opens_page and has_desktop():
        doorstep.show(place.page_url, settings.data_dir)
    if lacking:
        print(lacking, file=sys.stderr, flush=True)


def _usher_in(records: Records, replies: SlackReplies, stack: ExitStack) -> None:
    """Tell people where they stand in line until *stack* is closed."""
    usher = Usher(records, replies.notice, lambda: datetime.now(UTC))
    thread = threading.Thread(target=usher.run, name="usher", daemon=True)
    thread.start()
    stack.callback(thread.join)
    stack.callback(usher.stop)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the bot answers, Slack or the local workspace, and the sentence that tells people.

    With *http_port*, Slack posts to it and signs with *signing_secret*; *app_token* is empty then. *page_url* is the
    local workspace's page, empty in Slack.
    """

    bot_token: str
    app_token: str
    api_url: str
    greeting: str
    http_port: int | None = None
    signing_secret: str = ""
    page_url: str = ""


def _transport(place: _Place, around: Surroundings) -> SlackApp | SlackWeb:
    if place.http_port is None:
        return SlackApp(around.client, place.app_token, all_features(around))
    return SlackWeb(around.client, place.signing_secret, all_features(around), place.http_port)


def _place(settings: Settings, refresh: Callable[[], str], stack: ExitStack) -> _Place:
    slack = settings.slack
    if slack.bot_token is not None and slack.http_port is not None and slack.signing_secret is not None:
        greeting = f"Footnote answers in Slack, which posts to port {slack.http_port} here at {PATH}."
        tokens = (slack.bot_token.get_secret_value(), "", slack.api_url)
        return _Place(*tokens, greeting, slack.http_port, slack.signing_secret.get_secret_value())
    if slack.bot_token is not None and slack.app_token is not None:
        greeting = "Footnote answers in Slack. Mention it in a channel, or write to it."
        return _Place(slack.bot_token.get_secret_value(), slack.app_token.get_secret_value(), slack.api_url, greeting)
    shelf = local.shelf(settings, wiring.index_health(settings), refresh)
    workspace = stack.enter_context(Workspace.start(port=settings.workspace.port, shelf=shelf))
    greeting = (
        "No Slack token is set, so this is the local workspace: open\n\n"
        f"    {workspace.page_url}\n\nin a browser and ask @Footnote something."
    )
    return _Place(workspace.bot_token, workspace.app_token, workspace.api_url, greeting, page_url=workspace.page_url)


@contextmanager
def _model_opened(settings: Settings) -> Iterator[LlamaModel]:
    with _reporting() as report:
        model = wiring.language_model(settings, report)
    try:
        yield model
    finally:
        model.close()


@contextmanager
def _reporting() -> Iterator[Callable[[str, int, int], None]]:
    """Give a way to report the model's preparation, which draws nothing where nothing is done."""
    bars: list[tqdm[NoReturn]] = []

    def report(what: str, done: int, steps: int) -> None:
        if not bars:
            bars.append(tqdm(total=steps, desc="Preparing the model for this CPU", unit="try", file=sys.stderr))
        bars[0].set_postfix_str(what)
        bars[0].update(done - bars[0].n)

    try:
        yield report
    finally:
        for bar in bars:
            bar.close()


if __name__ == "__main__":
    sys.exit(main())
