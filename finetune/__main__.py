"""Door of fine-tuning: `python -m finetune` dataset · train · export · evaluate."""

import os  # first: how threads wait is read when torch is loaded

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait do not take the core another process works on

import argparse
import dataclasses
import itertools
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tqdm import tqdm

from config import finetuning, logs, settings
from finetune import dataset, evaluate, examples, export, public, rows, runs, tokens, train
from finetune.errors import RunUnusable
from finetune.hyperparameters import Hyperparameters, from_mapping, from_yaml

WORK = "finetune"
"""The folder of fine-tuning's files below the data folder."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say and return the exit status: 0 done, 1 failed with a sentence, 2 wrong use."""
    options = _parser().parse_args(arguments)
    try:
        read = settings.load()
        logs.set_up("WARNING")
        return int(options.act(read, options))
    except finetuning.FAILURES as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped. Start the same command again to go on from the last checkpoint.", file=sys.stderr)
        return 130


class Bar:
    """How far long work is, as a bar on a terminal and a line now and then elsewhere (port Describing)."""

    SECONDS_BETWEEN_LINES = 30

    def __init__(self) -> None:
        self._bar: tqdm[NoReturn] = tqdm(file=sys.stderr, leave=False, disable=not sys.stderr.isatty())
        self._said = time.monotonic()

    def __call__(self, what: str, done: int, of: int) -> None:
        """Say that *done* *of* the steps of *what* are done."""
        if self._bar.disable:
            if time.monotonic() - self._said >= self.SECONDS_BETWEEN_LINES:
                self._said = time.monotonic()
                print(f"{what}: {done:,}{f' of {of:,}' if of else ''}", file=sys.stderr, flush=True)
            return
        self._bar.total = of or None
        self._bar.set_description(what)
        self._bar.update(done - self._bar.n)

    def expect(self, pages: int) -> None:
        """Say how many pages will be indexed (port Progress)."""
        self._pages, self._indexed = pages, 0

    def advance(self, pages: int = 1) -> None:
        """Say that so many more are (port Progress)."""
        self._indexed += pages
        self("pages indexed", self._indexed, self._pages)

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()


def _dataset(read: settings.Settings, options: argparse.Namespace) -> int:
    """Make the dataset of rows and public sets."""
    work = read.data_dir / WORK
    wikis = dict(options.wiki) | ({"sample": finetuning.SAMPLE_WIKI} if options.sample else {})
    sets = public.read(options.public) if options.public else []
    written = rows.read(options.rows, wikis)
    drafts = [*written.drafts, *(draft for one in sets for draft in one.drafts)]
    if options.dry_run:
        _print(
            {
                "rows": len(written.drafts),
                "public": {one.name: len(one.drafts) for one in sets},
                "left_out": dict(written.left_out),
                "would_write": str(options.out or work / "dataset"),
            }
        )
        return 0
    bar = Bar()
    embedder = finetuning.embedder(read)
    corpora = finetuning.wiki_corpora(wikis, embedder, work / "index", bar)
    corpora |= finetuning.public_corpora(sets, embedder, work / "index", bar)
    vocabulary = finetuning.LlamaVocabulary(options.base or finetuning.base_model(read))
    workshop = dataset.Workshop(finetuning.BotPrompting(), vocabulary, corpora, options.seed)
    held_back = finetuning.golden_questions()
    made = dataset.make(drafts, workshop, held_back, bar)
    made.left_out.update(written.left_out)
    sources = {"wikis": sorted(wikis), "public": [one.name for one in sets]}
    manifest = dataset.save(made, options.out or work / "dataset", workshop, held_back, sources)
    bar.close()
    _print(manifest)
    return 0


def _train(read: settings.Settings, options: argparse.Namespace) -> int:
    """Train an adapter, or go on with one."""
    work = read.data_dir / WORK
    data = options.dataset or work / "dataset"
    base = options.base or finetuning.base_model(read)
    given = {name: value for name, value in vars(options).items() if name in _NAMES and value is not None}
    chosen = from_yaml(options.settings, given) if options.settings else from_mapping(given, "options")
    bar = Bar()
    prompting = finetuning.BotPrompting()
    rules = examples.Rules(prompting.system, prompting.refusal)
    vocabulary = finetuning.LlamaVocabulary(base)
    read_tokens = {
        side: tokens.tokenized(data / f"{side}.jsonl", rules, vocabulary, work / "tokens", bar)
        for side in ("train", "dev")
    }
    bar.close()
    inputs = train.Inputs(
        base=base,
        train=read_tokens["train"],
        dev=read_tokens["dev"],
        origins=dataset.origins(data, prompting, vocabulary),
        openers=finetuning.marker_openers(vocabulary),
    )
    if options.dry_run:
        _print(_plan(inputs, chosen))
        return 0
    threads = options.threads or len(os.sched_getaffinity(0))
    line = TrainingLine(chosen)
    outcome = train.train(inputs, chosen, options.run or work / "runs" / "first", threads, line)
    line.close()
    _print(dataclasses.asdict(outcome))
    return 0


def _export(read: settings.Settings, options: argparse.Namespace) -> int:
    """Write the best adapter of a run as GGUF, try it out with llama.cpp, and write its card and manifest."""
    work = read.data_dir / WORK
    run = options.run or work / "runs" / "first"
    base = options.base or finetuning.base_model(read)
    chosen, origins = runs.settings_of(run)
    kept = runs.best_adapter(run)
    base_sha256 = finetuning.LlamaVocabulary(base).name
    if origins["base_sha256"] != base_sha256:
        raise RunUnusable(f"{run} was trained on another base than {base}; name its own with --base.")
    out = options.out or run / "export"
    if options.dry_run:
        _print({"step": kept.step, "dev": kept.check, "would_write": str(out)})
        return 0
    out.mkdir(parents=True, exist_ok=True)
    (out / export.MANIFEST).unlink(missing_ok=True)
    export.write_adapter(out / export.ADAPTER, kept.weights, chosen, origins, base.stem)
    agreed = _agreement(read, options, run, out / export.ADAPTER) if options.trials else None
    facts = {
        "base": base.name,
        **origins,
        "run": run.name,
        "step": kept.step,
        "dev": {name: round(value, 4) for name, value in kept.check.items()},
        "settings": dataclasses.asdict(chosen),
    }
    exported = export.finish(out, facts, agreed)
    _print({name: str(value) if name == "path" else value for name, value in dataclasses.asdict(exported).items()})
    return 0


def _agreement(read: settings.Settings, options: argparse.Namespace, run: Path, adapter: Path) -> float:
    """Return on how many tokens torch and llama.cpp agree, over prompts of dev."""
    base = options.base or finetuning.base_model(read)
    prompting = finetuning.BotPrompting()
    rules = examples.Rules(prompting.system, prompting.refusal)
    data = options.dataset or read.data_dir / WORK / "dataset"
    some = list(itertools.islice(examples.read(data / "dev.jsonl", rules), options.trials))
    model = finetuning.opened_model(read, base, adapter)
    trials = [export.Trial(*finetuning.written_by_llama(model, one, 40)) for one in some]
    model.close()
    return export.agreement(train.tuned(base, run), trials)


def _evaluate(read: settings.Settings, options: argparse.Namespace) -> int:
    """Compare the base, adapters and baselines on questions with known answers."""
    questions = evaluate.read(options.questions)[:: options.every]
    base = options.base or finetuning.base_model(read)
    models: dict[str, Path | None] = {} if options.no_base else {"base": None}
    models |= dict(options.adapter)
    if options.dry_run:
        _print({"questions": len(questions), "models": list(models)})
        return 0
    bar = Bar()
    replies = {}
    for name, adapter in models.items():
        model = finetuning.opened_model(read, base, adapter)
        for label, checks in ((f"{name}, model alone", False), (f"{name}, with checks", True)):
            system = finetuning.BotAnswering(read, model, checks=checks)
            replies[label] = evaluate.answer_all(system, questions, label, bar)
        model.close()
    finder = finetuning.BotSearching(read)
    replies["extractive"] = evaluate.answer_all(evaluate.Extractive(finder), questions, "extractive", bar)
    replies["always refuses"] = evaluate.answer_all(evaluate.Refusing(), questions, "always refuses", bar)
    bar.close()
    figures = evaluate.report(questions, replies)
    out = options.out or read.data_dir / WORK / "evaluation"
    evaluate.save(out, figures, replies)
    print(json.dumps(figures, indent=2) if options.json else evaluate.as_markdown(figures))
    return 0


def _plan(inputs: train.Inputs, chosen: Hyperparameters) -> dict[str, Any]:
    lengths = inputs.train.lengths()
    return {
        "examples": {"train": len(inputs.train), "dev": len(inputs.dev)},
        "tokens_an_epoch": int(lengths.sum()),
        "answer_tokens_an_epoch": int((lengths - inputs.train.answers).sum()),
        "longest": int(lengths.max()),
        "hours_an_epoch_at_600_tokens_a_second": round(float(lengths.sum()) / 600 / 3600, 2),
        "settings": dataclasses.asdict(chosen),
    }


class TrainingLine:
    """Shows a run: a bar with tokens a second and the time left; without a terminal a line a minute."""

    SECONDS_BETWEEN_LINES = 60

    def __init__(self, chosen: Hyperparameters) -> None:
        self._chosen = chosen
        self._bar: tqdm[NoReturn] = tqdm(unit=" steps", file=sys.stderr, disable=not sys.stderr.isatty())
        self._said = 0.0

    def __call__(self, line: dict[str, Any]) -> None:
        """Show one line of the run's log."""
        if "dev_loss" in line:
            figures = ", ".join(f"{k.removeprefix('dev_')} {v:.3f}" for k, v in line.items() if k.startswith("dev_"))
            self._say(f"step {line['step']:,}, after {line['seconds'] / 60:.0f} minutes, dev: {figures}")
            return
        left = self._seconds_left(line) / 60
        shown = f"loss {line['loss']:.3f}, {line['tokens_per_second']:.0f} tokens/s, {left:.0f} minutes left"
        self._bar.total = line["of"]
        self._bar.set_postfix_str(shown)
        self._bar.update(line["step"] - self._bar.n)
        if self._bar.disable and time.monotonic() - self._said >= self.SECONDS_BETWEEN_LINES:
            self._said = time.monotonic()
            self._say(f"step {line['step']:,} of {line['of']:,}: {shown}")

    def close(self) -> None:
        """Take the bar away."""
        self._bar.close()

    def _seconds_left(self, line: dict[str, Any]) -> float:
        by_steps = float(line["seconds"] * (line["of"] - line["step"]) / max(1, line["step"]))
        by_time = self._chosen.minutes * 60 - line["seconds"] if self._chosen.minutes else by_steps
        return max(0.0, min(by_steps, by_time))

    def _say(self, text: str) -> None:
        if self._bar.disable:
            print(text, file=sys.stderr, flush=True)
        else:
            self._bar.write(text, file=sys.stderr)


def _print(report: dict[str, Any]) -> None:
    print(json.dumps(report, indent=2, ensure_ascii=False))


def _named_path(text: str) -> tuple[str, Path]:
    """Read `name=path`."""
    name, separator, path = text.partition("=")
    if not separator or not name or not Path(path).is_dir():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=folder, with a folder that is there")
    return name, Path(path)


def _named_file(text: str) -> tuple[str, Path]:
    """Read `name=path` of an adapter."""
    name, separator, path = text.partition("=")
    if not separator or not name or not Path(path).is_file():
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form name=file, with a file that is there")
    return name, Path(path)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number above 0")
    return int(text)


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)


_NAMES = tuple(field.name for field in dataclasses.fields(Hyperparameters))


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m finetune", description="Teaches the language model to cite and to refuse."
    )
    commands = parser.add_subparsers(required=True, metavar="command")

    made = commands.add_parser("dataset", help="make examples of rows, wikis and public sets")
    made.add_argument("--rows", type=_folder, default=rows.FOLDER, help="the folder of rows (default: finetune/rows)")
    made.add_argument(
        "--wiki",
        type=_named_path,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a wiki that rows are about",
    )
    made.add_argument("--no-sample", dest="sample", action="store_false", help="leave the sample wiki's rows out")
    made.add_argument("--public", type=_folder, metavar="FOLDER", help="public sets, each in a folder of its name")
    made.add_argument("--out", type=Path, help="where to write (default: finetune/dataset in the data folder)")
    made.add_argument("--seed", type=int, default=1, help="of every random choice (default: 1)")
    made.set_defaults(act=_dataset)

    trained = commands.add_parser("train", help="train an adapter, or go on with one that was stopped")
    trained.add_argument(
        "--dataset", type=Path, help="the dataset's folder (default: finetune/dataset in the data folder)"
    )
    trained.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/first in the data folder)")
    trained.add_argument("--settings", type=Path, metavar="YAML", help="hyperparameters; options go before them")
    trained.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one a core (default)")
    for field in dataclasses.fields(Hyperparameters):
        kind = int if field.type is int else float
        name = "--" + field.name.replace("_", "-")
        trained.add_argument(
            name, type=kind, metavar="N", help=f"see finetune/hyperparameters.py (default: {field.default})"
        )
    trained.set_defaults(act=_train)

    exported = commands.add_parser("export", help="write a run's best adapter as GGUF, with its card and manifest")
    exported.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/first in the data folder)")
    exported.add_argument("--out", type=Path, help="where to write (default: export in the run's folder)")
    exported.add_argument("--dataset", type=Path, help="whose dev prompts to try (default: finetune/dataset)")
    exported.add_argument(
        "--trials",
        type=int,
        default=8,
        help="prompts on which llama.cpp is held against torch; 0 for none (default: 8)",
    )
    exported.set_defaults(act=_export)

    judged = commands.add_parser(
        "evaluate", help="compare base, adapters and baselines on questions with known answers"
    )
    judged.add_argument("questions", type=Path, help="a file of questions, as `dataset` writes dev-questions.jsonl")
    judged.add_argument(
        "--adapter", type=_named_file, action="append", default=[], metavar="NAME=GGUF", help="an adapter to judge"
    )
    judged.add_argument("--every", type=_positive, default=1, metavar="N", help="only each Nth question (default: 1)")
    judged.add_argument("--no-base", action="store_true", help="leave the base without an adapter out")
    judged.add_argument("--out", type=Path, help="where to write (default: finetune/evaluation in the data folder)")
    judged.add_argument("--json", action="store_true", help="print JSON instead of a table")
    judged.set_defaults(act=_evaluate)

    for command in (made, trained, exported, judged):
        command.add_argument("--base", type=Path, metavar="GGUF", help="the base model (default: the bot's)")
        command.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
    return parser


if __name__ == "__main__":
    sys.exit(main())
