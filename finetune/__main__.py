"""Door of fine-tuning: `python -m finetune` dataset · train · verifier · embedder · export · evaluate."""

import os  # first: how threads wait is read when torch is loaded

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # threads that wait do not take the core another process works on

import argparse
import dataclasses
import hashlib
import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from config import finetuning, foundry, logs, settings, wiring
from finetune import (
    adapter_file,
    dataset,
    embedder,
    evaluate,
    examples,
    export,
    feedback,
    gating,
    pairs,
    public,
    rows,
    runs,
    team,
    tokens,
    train,
    verifier,
)
from finetune import options as options_
from finetune.errors import RunUnusable
from finetune.hyperparameters import Hyperparameters, from_mapping, from_yaml
from finetune.ports import Text
from finetune.progress import Bar, TrainingLine

IN_USE = "in use"
WORK = "finetune"
"""The folder of fine-tuning's files below the data folder."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what *arguments* say and return the exit status: 0 done, 1 failed with a sentence, 2 wrong use."""
    options = options_.parser(ACTS).parse_args(arguments)
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
    searching = wiring.searching_embedder(read)
    corpora = finetuning.wiki_corpora(wikis, searching, work / "index", bar)
    corpora |= finetuning.public_corpora(sets, searching, work / "index", bar)
    vocabulary = foundry.LlamaVocabulary(foundry.base_file(read, options.base, bar))
    workshop = dataset.Workshop(finetuning.BotPrompting(), vocabulary, corpora, options.seed)
    held_back = finetuning.golden_questions()
    made = dataset.make(drafts, workshop, held_back, bar)
    made.left_out.update(written.left_out)
    if options.from_feedback:
        said = feedback.examples_of(finetuning.judged_answers(read), workshop.prompting)
        dataset.take_in(made, said.examples, workshop.seed)
        made.left_out.update({f"feedback: {why}": count for why, count in said.left_out.items()})
    sources = {"wikis": sorted(wikis), "public": [one.name for one in sets]}
    manifest = dataset.save(made, options.out or work / "dataset", workshop, held_back, sources)
    bar.close()
    _print(manifest)
    return 0


def _train(read: settings.Settings, options: argparse.Namespace) -> int:
    """Train an adapter or the whole model, or go on with it; one process of several where they were launched."""
    work = read.data_dir / WORK
    chosen = _hyperparameters(options)
    with team.formed() as formed:
        with formed.first_before_others():  # which keeps the base as GGUF and its tokens for the others
            inputs = _inputs(read, options, chosen)
        if options.dry_run:
            _print(train.plan(inputs, chosen))
            return 0
        threads = options.threads or max(1, len(os.sched_getaffinity(0)) // formed.count)
        folder = options.run or work / "runs" / "first"
        if formed.number != 0:
            train.train(inputs, chosen, folder, threads, lambda _line: None, formed)
            return 0
        line = TrainingLine(chosen.minutes)
        outcome = train.train(inputs, chosen, folder, threads, line, formed)
        line.close()
    _print(dataclasses.asdict(outcome) | {"base": str(inputs.base)})
    return 0


def _hyperparameters(options: argparse.Namespace) -> Hyperparameters:
    given = _given(options, Hyperparameters)
    return from_yaml(options.settings, given) if options.settings else from_mapping(given, "options")


def _inputs(read: settings.Settings, options: argparse.Namespace, chosen: Hyperparameters) -> train.Inputs:
    """Return the base, the tokens of the dataset, and what the run begins from."""
    work = read.data_dir / WORK
    data = options.dataset or work / "dataset"
    bar = Bar()
    base = foundry.base_file(read, options.base, bar)
    prompting = finetuning.BotPrompting()
    rules = examples.Rules(prompting.system, prompting.refusal)
    vocabulary = foundry.LlamaVocabulary(base)
    read_tokens = {
        side: tokens.tokenized(data / f"{side}.jsonl", rules, vocabulary, work / "tokens", bar)
        for side in ("train", "dev")
    }
    bar.close()
    origins = dataset.origins(data, prompting, vocabulary)
    begun = adapter_file.begin_from(options.begin_from, chosen, vocabulary.name) if options.begin_from else None
    if begun:
        origins |= {"begun_from_sha256": hashlib.sha256(options.begin_from.read_bytes()).hexdigest()}
    return train.Inputs(
        base=base,
        train=read_tokens["train"],
        dev=read_tokens["dev"],
        origins=origins,
        openers=foundry.marker_openers(vocabulary),
        begin_from=begun,
    )


def _verifier(read: settings.Settings, options: argparse.Namespace) -> int:
    """Train a verifier, or go on with one, and write it."""
    work = read.data_dir / WORK
    data = options.dataset or work / "dataset"
    run = options.run or work / "runs" / "verifier"
    chosen = verifier.Settings(**_given(options, verifier.Settings))
    sides = {side: pairs.read(data / f"{side}-pairs.jsonl") for side in ("train", "dev")}
    out = options.out or run / "export"
    if options.dry_run:
        _print({"pairs": {side: len(found) for side, found in sides.items()}, "would_write": str(out)})
        return 0
    threads = options.threads or len(os.sched_getaffinity(0))
    line = TrainingLine(chosen.minutes)
    inputs = verifier.Inputs(sides["train"], sides["dev"], finetuning.embedder_folder(), options.begin_from)
    figures = verifier.train(inputs, chosen, run, threads, line)
    line.close()
    rounded = {name: round(value, 4) for name, value in figures.items()}
    facts = {"dataset": dataset.hashes(data), "dev": rounded, "settings": dataclasses.asdict(chosen)}
    _print({"path": str(verifier.export(run, out, facts)), "dev": rounded})
    return 0


def _embedder(read: settings.Settings, options: argparse.Namespace) -> int:
    """Train what is added to the embedding model, or go on with it, and write it."""
    work = read.data_dir / WORK
    data = options.dataset or work / "dataset"
    run = options.run or work / "runs" / "embedder"
    chosen = embedder.Settings(**_given(options, embedder.Settings))
    made_of = embedder.lists(*(pairs.read(data / f"{side}-pairs.jsonl") for side in ("train", "dev")))
    out = options.out or run / "export"
    if options.dry_run:
        questions = {"train": len(made_of.train), "dev": len(made_of.dev)}
        _print({"questions": questions, "passages": len(made_of.texts), "would_write": str(out)})
        return 0
    threads = options.threads or len(os.sched_getaffinity(0))
    base = finetuning.untrained_embedder(read)
    line = TrainingLine(chosen.minutes)
    figures = embedder.train(made_of, base, chosen, run, threads, line)
    line.close()
    facts = embedder.facts(chosen, figures, dataset.hashes(data))
    _print({"path": str(embedder.export(run, out, base, chosen.share, facts)), "dev": facts["dev"]})
    return 0


def _given(options: argparse.Namespace, settings_class: type) -> dict[str, Any]:
    """Return those of the fields of *settings_class* that were named in *options*."""
    names = {field.name for field in dataclasses.fields(settings_class)}
    return {name: value for name, value in vars(options).items() if name in names and value is not None}


def _export(read: settings.Settings, options: argparse.Namespace) -> int:
    """Write what a run learned as GGUF, hold it against the tuned model, and write its card and manifest."""
    work = read.data_dir / WORK
    run = options.run or work / "runs" / "first"
    chosen, origins = runs.settings_of(run)
    kept = runs.best_weights(run)
    bar = Bar()
    base = foundry.base_file(read, options.base, bar)
    base_sha256 = foundry.LlamaVocabulary(base).name
    if origins["base_sha256"] != base_sha256:
        raise RunUnusable(f"{run} was trained on another base than {base}; name its own with --base.")
    out = options.out or run / "export"
    if options.dry_run:
        _print({"step": kept.step, "dev": kept.check, "merged_as": options.quantise, "would_write": str(out)})
        return 0
    facts = {
        "base": base.name,
        **origins,
        "run": run.name,
        "step": kept.step,
        "dev": {name: round(value, 4) for name, value in kept.check.items()},
        "settings": dataclasses.asdict(chosen),
    }
    learned = export.Learned(kept.weights, chosen, origins, base, lambda: train.tuned(base, run))
    threads = options.threads or len(os.sched_getaffinity(0))
    wanted = export.Wanted(out, options.quantise, options.max_kl)
    trials = _trials(read, options, base)
    exported = export.make(learned, wanted, foundry.BotFoundry(threads), trials, facts, bar)
    bar.close()
    _print(dataclasses.asdict(exported) | {"path": str(exported.path)})
    return 0


def _trials(read: settings.Settings, options: argparse.Namespace, base: Path) -> list[gating.Trial]:
    """Return examples of dev, in the tokens of training."""
    if not options.trials:
        return []
    prompting = finetuning.BotPrompting()
    rules = examples.Rules(prompting.system, prompting.refusal)
    data = options.dataset or read.data_dir / WORK / "dataset"
    vocabulary = foundry.LlamaVocabulary(base)
    return [
        gating.Trial(
            Text(one.system, one.user, one.answer),
            vocabulary.encode(one.system, one.user),
            [*vocabulary.tokenize(one.answer), vocabulary.end][: gating.ANSWER_TOKENS],
        )
        for one in itertools.islice(examples.read(data / "dev.jsonl", rules), options.trials)
    ]


def _evaluate(read: settings.Settings, options: argparse.Namespace) -> int:
    """Compare the base, adapters and baselines on questions with known answers."""
    questions = evaluate.read(options.questions)[:: options.every]
    bar = Bar()
    base = foundry.base_file(read, options.base, bar)
    models: dict[str, Path | None] = {} if options.no_base else {"base": None}
    in_use = wiring.adapter_in_use(read)
    if options.adapter and in_use is not None and in_use not in dict(options.adapter).values():
        models |= {IN_USE: in_use}
    models |= dict(options.adapter)
    if options.dry_run:
        _print({"questions": len(questions), "models": list(models)})
        return 0
    replies = {}
    for name, adapter in models.items():
        named = finetuning.naming(read, base, adapter)
        model = finetuning.opened_model(named)
        alone, checked = f"{name}, model alone", f"{name}, with checks"
        replies[alone] = evaluate.answer_all(finetuning.ModelAlone(named, model), questions, alone, bar)
        if options.calibrate and adapter is not None and name != IN_USE:
            system = finetuning.BotAnswering(named, model, finetuning.open_scales())
            opened = evaluate.answer_all(system, questions, checked, bar)
            scale, replies[checked] = evaluate.judged(questions, opened, options.kept)
            finetuning.keep_judge(adapter, scale.as_json())
        else:
            replies[checked] = evaluate.answer_all(finetuning.BotAnswering(named, model), questions, checked, bar)
        model.close()
    finder = finetuning.BotSearching(read)
    replies["extractive"] = evaluate.answer_all(evaluate.Extractive(finder), questions, "extractive", bar)
    replies["always refuses"] = evaluate.answer_all(evaluate.Refusing(), questions, "always refuses", bar)
    bar.close()
    figures = evaluate.report(questions, replies)
    out = options.out or read.data_dir / WORK / "evaluation"
    evaluate.save(out, figures, replies)
    print(json.dumps(figures, indent=2) if options.json else evaluate.as_markdown(figures))
    for name, path in options.adapter if IN_USE in models else ():
        print(
            evaluate.whether_to_switch(figures, f"{IN_USE}, with checks", f"{name}, with checks"),
            f"Its setting is FOOTNOTE_MODEL__ADAPTER_PATH={path}, undone by taking that out again.",
            file=sys.stderr,
        )
    return 0


def _print(report: dict[str, Any]) -> None:
    print(json.dumps(report, indent=2, ensure_ascii=False))


ACTS = {
    "dataset": _dataset,
    "train": _train,
    "verifier": _verifier,
    "embedder": _embedder,
    "export": _export,
    "evaluate": _evaluate,
}


if __name__ == "__main__":
    sys.exit(main())
