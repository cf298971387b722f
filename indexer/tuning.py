"""Low-rank weights that are added to the embedding model, for questions and passages alike.

Each linear layer gets up @ down, as in LoRA (Hu et al. 2021). Knows nothing of how they were trained.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import EmbedderUnusable

if TYPE_CHECKING:
    from torch import nn

WEIGHTS = "embedder.safetensors"
MANIFEST = "embedder.json"
DOWN, UP = ".down", ".up"


def linear_layers(model: "nn.Module") -> "Iterator[tuple[str, nn.Linear]]":
    """Yield the linear layers of *model* with their names, but for a pooler's, which embeddings do not come from."""
    from torch import nn  # takes seconds

    for name, module in model.named_modules():
        if isinstance(module, nn.Linear) and "pooler" not in name:
            yield name, module


def add(model: "nn.Module", folder: Path, base: str) -> None:
    """Add the weights in *folder* to *model*, whose files have the fingerprint *base*. Raises EmbedderUnusable."""
    import torch  # takes seconds
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    manifest = read_manifest(folder)
    if manifest["base"] != base:
        raise EmbedderUnusable(_cure(folder, "it was made for another embedding model"))
    try:
        weights = load_file(folder / WEIGHTS)
    except (OSError, SafetensorError) as error:
        raise EmbedderUnusable(_cure(folder, f"{WEIGHTS} cannot be read: {error}")) from error
    if hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest() != manifest["sha256"]:
        raise EmbedderUnusable(_cure(folder, f"{WEIGHTS} is not the file that {MANIFEST} was written for"))
    layers = dict(linear_layers(model))
    if set(weights) != {name + side for name in layers for side in (DOWN, UP)}:
        raise EmbedderUnusable(_cure(folder, "its layers are not those of the embedding model"))
    with torch.no_grad():
        for name, layer in layers.items():
            added = weights[name + UP].float() @ weights[name + DOWN].float()
            layer.weight.copy_(layer.weight.float() + added)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return what is known of the weights in *folder*: at least "sha256" and "base". Raises EmbedderUnusable."""
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        _ = manifest["sha256"], manifest["base"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise EmbedderUnusable(_cure(folder, f"{MANIFEST} cannot be read: {error}")) from error
    return manifest


def _cure(folder: Path, why: str) -> str:
    return (
        f"The weights in {folder} cannot be used: {why}. Check the installation out anew, name another folder "
        "in FOOTNOTE_EMBEDDER__WEIGHTS_PATH, or leave that empty to do without."
    )
