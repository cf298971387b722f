"""The command line of fine-tuning: what each command takes, in words."""

import argparse
import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from finetune import embedder, export, gating, rows, verifier
from finetune.hyperparameters import METHODS, Hyperparameters
from finetune.ports import QUANTISED

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

KEPT = 0.9

Act = Callable[..., int]


def parser(acts: Mapping[str, Act]) -> argparse.ArgumentParser:
    """Describe the command line; *acts* do the commands, by their names."""
    whole = argparse.ArgumentParser(
        prog="python -m finetune", description="Teaches the language model to cite and to refuse."
    )
    commands = whole.add_subparsers(required=True, metavar="command")
    for name, (describe, text) in {
        "dataset": (_dataset, "make examples of rows, wikis and public sets"),
        "train": (_train, "train an adapter or the whole model, or go on with a run that was stopped"),
        "verifier": (_verifier, "train the verifier, which reads question and passage together"),
        "embedder": (_embedder, "train the embedding model, so that more of what answers is found"),
        "export": (_export, "write what a run learned as GGUF: its best adapter, and that merged into the base"),
        "evaluate": (_evaluate, "compare base, adapters and baselines on questions with known answers"),
    }.items():
        command = commands.add_parser(name, help=text)
        describe(command)
        if name not in {"verifier", "embedder"}:
            command.add_argument(
                "--base",
                type=Path,
                metavar="MODEL",
                help="the base: a GGUF file, or a folder of config.json, tokenizer.json and safetensors "
                "(default: the bot's)",
            )
        command.add_argument("--dry-run", action="store_true", help="say what would be done, and write nothing")
        command.set_defaults(act=acts[name])
    return whole


def _dataset(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--rows", type=_folder, default=rows.FOLDER, help="the folder of rows (default: finetune/rows)"
    )
    command.add_argument(
        "--wiki",
        type=_named_path,
        action="append",
        default=[],
        metavar="NAME=FOLDER",
        help="a wiki that rows are about",
    )
    command.add_argument("--no-sample", dest="sample", action="store_false", help="leave the sample wiki's rows out")
    command.add_argument("--public", type=_folder, metavar="FOLDER", help="public sets, each in a folder of its name")
    command.add_argument(
        "--from-feedback", action="store_true", help="add what people said of the bot's answers in its records"
    )
    command.add_argument("--out", type=Path, help="where to write (default: finetune/dataset in the data folder)")
    command.add_argument("--seed", type=int, default=1, help="of every random choice (default: 1)")


def _train(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--dataset", type=Path, help="the dataset's folder (default: finetune/dataset in the data folder)"
    )
    command.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/first in the data folder)")
    command.add_argument(
        "--begin-from", type=Path, metavar="GGUF", help="train this adapter on, such as finetune/shipped/adapter.gguf"
    )
    command.add_argument("--settings", type=Path, metavar="YAML", help="hyperparameters; options go before them")
    command.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one a core (default)")
    command.add_argument("--method", choices=METHODS, help=f"train an adapter, or every weight (default: {METHODS[0]})")
    _fields(command, Hyperparameters, "finetune/hyperparameters.py")


def _verifier(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", type=Path, help="the dataset's folder (default: finetune/dataset)")
    command.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/verifier)")
    command.add_argument(
        "--begin-from", type=_folder, metavar="FOLDER", help="train this verifier on, such as finetune/shipped"
    )
    command.add_argument("--out", type=Path, help="where to write (default: export in the run's folder)")
    command.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one a core (default)")
    _fields(command, verifier.Settings, "finetune/verifier.py")


def _embedder(command: argparse.ArgumentParser) -> None:
    command.add_argument("--dataset", type=Path, help="the dataset's folder (default: finetune/dataset)")
    command.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/embedder)")
    command.add_argument("--out", type=Path, help="where to write (default: export in the run's folder)")
    command.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one a core (default)")
    _fields(command, embedder.Settings, "finetune/embedder.py")


def _fields(command: argparse.ArgumentParser, settings: "type[DataclassInstance]", file: str) -> None:
    """Add an option for each number among *settings*, which *file* describes."""
    for one in dataclasses.fields(settings):
        if one.type is str:
            continue  # it has words of its own
        kind = int if one.type is int else float
        name = "--" + one.name.replace("_", "-")
        command.add_argument(name, type=kind, metavar="N", help=f"see {file} (default: {one.default})")


def _export(command: argparse.ArgumentParser) -> None:
    command.add_argument("--run", type=Path, help="the run's folder (default: finetune/runs/first in the data folder)")
    command.add_argument("--out", type=Path, help="where to write (default: export in the run's folder)")
    command.add_argument("--dataset", type=Path, help="whose dev prompts to try (default: finetune/dataset)")
    command.add_argument(
        "--trials",
        type=int,
        default=16,
        help="examples of dev on which what is exported is held against the tuned model; 0 for none (default: 16)",
    )
    command.add_argument(
        "--quantise",
        choices=(*QUANTISED, export.UNQUANTISED, export.NOT_MERGED),
        default=QUANTISED[0],
        help="the format of merged.gguf, base and what was learned in one; none for the adapter alone (default: q8_0)",
    )
    command.add_argument(
        "--max-kl",
        type=_above_zero,
        default=gating.MAX_KL,
        metavar="NATS",
        help=f"how far each file may be from the tuned model, mean KL a token (default: {gating.MAX_KL})",
    )
    command.add_argument("--threads", type=int, default=0, help="CPU threads; 0 for one a core (default)")


def _evaluate(command: argparse.ArgumentParser) -> None:
    command.add_argument("questions", type=Path, help="a file of questions, as `dataset` writes dev-questions.jsonl")
    command.add_argument(
        "--adapter", type=_named_file, action="append", default=[], metavar="NAME=GGUF", help="an adapter to judge"
    )
    command.add_argument("--every", type=_positive, default=1, metavar="N", help="only each Nth question (default: 1)")
    command.add_argument("--no-base", action="store_true", help="leave the base without an adapter out")
    command.add_argument("--out", type=Path, help="where to write (default: finetune/evaluation in the data folder)")
    command.add_argument(
        "--calibrate",
        action="store_true",
        help="fit anew when to answer, and keep it beside each adapter; what is printed is of unseen pages",
    )
    command.add_argument(
        "--kept",
        type=float,
        default=KEPT,
        metavar="SHARE",
        help=f"of the answerable questions, what calibrating lets through (default: {KEPT})",
    )
    command.add_argument("--json", action="store_true", help="print JSON instead of a table")


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


def _above_zero(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not number > 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def _folder(text: str) -> Path:
    if not Path(text).is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {text}")
    return Path(text)
