"""What an export is: its files, what the gates measured of them, and the card that says so to a person."""

from dataclasses import dataclass
from pathlib import Path

from finetune.gating import Compared

ADAPTER, MERGED, CARD, MANIFEST = "adapter.gguf", "merged.gguf", "card.md", "manifest.json"


@dataclass(frozen=True, slots=True)
class Tried:
    """What the gates measured, over so many trials and tokens; None for a file that was not wanted."""

    trials: int
    tokens_alike: int
    answer_tokens: int
    torch: Compared
    adapter: Compared | None
    merged: Compared | None


@dataclass(frozen=True, slots=True)
class File:
    """A file of an export."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written, and what the gates measured (None where there were no trials)."""

    path: Path
    adapter: File | None
    merged: File | None
    merged_as: str
    tried: Tried | None


def card(exported: Exported, facts: dict[str, object]) -> str:
    """Return the export's card for a person."""
    lines = [
        "# Model card",
        "",
        "In GGUF form, what teaches the base model to answer from numbered wiki passages, to cite each sentence",
        "and to refuse where the passages do not answer. It is taught no facts and needs the bot's prompt.",
        "",
        "| what | value |",
        "|---|---|",
    ]
    if exported.adapter is not None:
        lines.append(f"| {ADAPTER}, a LoRA adapter | {_size(exported.adapter, 'float16')} |")
    if exported.merged is not None:
        lines.append(f"| {MERGED}, base and what was learned in one | {_size(exported.merged, exported.merged_as)} |")
    lines += [f"| {name} | {_shown(value)} |" for name, value in facts.items()]
    return "\n".join([*lines, "", *(_measured(exported.tried) if exported.tried else ())])


def _measured(tried: Tried) -> list[str]:
    measured = {
        "torch, float32, against the merged model in float16 by llama.cpp": tried.torch,
        "adapter over the base as it is served": tried.adapter,
        "merged and quantised": tried.merged,
    }
    rows = {name: one for name, one in measured.items() if one is not None}
    over = f"{tried.answer_tokens:,} tokens of {tried.trials} answers of dev"
    return [
        f"Held against the merged model in float16, over {over}; {tried.tokens_alike:,} tokens are those of training.",
        "",
        "| what | mean KL, nats a token | 99 % below | same likeliest token |",
        "|---|---|---|---|",
        *(
            f"| {name} | {one.kl:.5f} | {one.kl_99:.4f} | {one.same_likeliest:.1%} |"
            for name, one in rows.items()
            if one is not None
        ),
        "",
    ]


def _size(file: File, numbers: str) -> str:
    return f"{file.bytes / 1e6:.1f} MB, {numbers}, sha256 `{file.sha256}`"


def _shown(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name} {one}" for name, one in value.items())
    return f"`{value}`" if isinstance(value, str) and len(value) == 64 else str(value)
