"""Nearest vectors: USearch snapshots on disk, and what is newer than the snapshot in memory.

vectors of the catalogue ─► snapshots/tmp-… (written, synced, tried) ─► rename ─► snapshots/g-000042 ─► CURRENT
A snapshot is a cache that can be deleted at any time. Every search is exact: 100,000 vectors take under 5 ms, no
passage is missed, and a filter by rights never starves. Knows nothing of SQLite.
"""

import contextlib
import ctypes
import errno
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

with contextlib.suppress(OSError):  # where there is none, there is nothing to keep apart
    # usearch holds a C++ library of its own. Loaded before the system's, its names stand for llama.cpp's, which then
    # refuses every model (std::bad_cast); loaded after it, both work.
    ctypes.CDLL("libstdc++.so.6", mode=ctypes.RTLD_GLOBAL)

import usearch
from usearch.index import Index

from indexer.errors import DiskFull, EmbedderUnusable, SnapshotUnusable
from indexer.passages import PassageId
from indexer.ports import Vector, Vectors

KEPT = 3  # a reader may still be opening the one before; one more for whoever looks into a problem
TRIED = 200  # vectors that must find themselves before a snapshot is published; of 100,000 this takes one second
NEAR_ENOUGH = 0.998  # float16 keeps a cosine to within 0.001

TOKEN_DIMENSIONS = 128  # kept of a token's vector; all 384 find up to one answer in a hundred more, 64 two fewer
TOKEN_RANGE = 5  # standard deviations of a projected number that int8 spans

VECTORS_FILE = "vectors.usearch"
MANIFEST_FILE = "manifest.json"


@dataclass(frozen=True, slots=True)
class LooseVectors:
    """Vectors in memory, by rising passage id."""

    ids: NDArray[np.int64]  # (passages,)
    rows: Vectors  # (passages, dimensions)

    @classmethod
    def none(cls) -> Self:
        """Return no vectors, of no dimension yet."""
        return cls(np.empty(0, np.int64), np.empty((0, 0), np.float32))

    @classmethod
    def unpacked(cls, packed: list[tuple[int, bytes]]) -> Self:
        """Return the vectors of (passage id, float16 bytes) pairs."""
        if not packed:
            return cls.none()
        ids = np.fromiter((passage_id for passage_id, _ in packed), np.int64, len(packed))
        halves = np.frombuffer(b"".join(vector for _, vector in packed), np.float16)
        return cls(ids, halves.reshape(len(packed), -1).astype(np.float32))

    def __len__(self) -> int:
        return len(self.ids)

    def joined(self, newer: Self) -> Self:
        """Return these and the *newer* ones."""
        if not len(self) or not len(newer):
            return newer if len(newer) else self
        return type(self)(np.concatenate((self.ids, newer.ids)), np.concatenate((self.rows, newer.rows)))

    def nearest(self, vector: Vector, count: int) -> list[tuple[PassageId, float]]:
        """Return the *count* nearest with their cosines, best first."""
        if not len(self):
            return []
        cosines = self.rows @ vector  # (passages,)
        best = np.argsort(-cosines, kind="stable")[:count]
        return [(PassageId(int(self.ids[row])), float(cosines[row])) for row in best]


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a snapshot holds, and how its file is recognised as whole."""

    catalogue: str
    generation: int
    embedder: str
    dimensions: int
    count: int
    highest: int  # the largest passage id in it; what is above is newer
    size: int  # bytes
    sha256: str
    usearch: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """An open snapshot: checked, and mapped into memory."""

    name: str
    manifest: Manifest
    index: Any  # usearch.index.Index, which has no types

    def __len__(self) -> int:
        return self.manifest.count

    def nearest(self, vector: Vector, count: int) -> list[tuple[PassageId, float]]:
        """Return the *count* nearest with their cosines, best first."""
        found = self.index.search(vector, min(count, len(self)), exact=True, threads=1)  # one question: Matches
        pairs = zip(found.keys, found.distances, strict=True)
        return [(PassageId(int(key)), 1.0 - float(distance)) for key, distance in pairs]


class Snapshots:
    """The folder of snapshots. Readers open, and the one indexer publishes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def current_name(self) -> str:
        """Return the name of the snapshot to use, empty where none was published."""
        try:
            return (self.folder / "CURRENT").read_text(encoding="ascii", errors="replace").strip()
        except FileNotFoundError:
            return ""

    def trace(self, name: str) -> str:
        """Return what differs once somebody has touched the files of a snapshot."""
        try:
            states = [(self.folder / name / file).stat() for file in (VECTORS_FILE, MANIFEST_FILE)]
        except OSError:
            return ""
        return name + "".join(f" {state.st_size}-{state.st_mtime_ns}-{state.st_ino}" for state in states)

    def open(self, name: str, catalogue: str, embedder: str, generation: int) -> Snapshot:
        """Open the snapshot *name*. Raises SnapshotUnusable where it is none for this catalogue and embedder.

        One of a *generation* that the catalogue has not reached was made before an older catalogue was restored.
        """
        if not name.startswith("g-") or "/" in name:
            raise SnapshotUnusable(f"{name!r} is no name of a snapshot")
        manifest = _manifest(self.folder / name / MANIFEST_FILE)
        if (manifest.catalogue, manifest.embedder) != (catalogue, embedder) or manifest.generation > generation:
            raise SnapshotUnusable(f"snapshot {name} is of another catalogue or embedder")
        return Snapshot(name, manifest, _viewed(self.folder / name / VECTORS_FILE, manifest))

    def publish(self, vectors: LooseVectors, catalogue: str, embedder: str, generation: int) -> Snapshot:
        """Make a snapshot of *vectors* and let readers use it. Raises DiskFull; the one before then stays."""
        with _disk_errors_in_our_words(self.folder):
            self._sweep()
            number = self._next_number()
            unfinished = self.folder / f"tmp-{os.getpid()}-{number}"
            unfinished.mkdir(parents=True)
            packed = _packed(vectors)
            manifest = Manifest(
                catalogue=catalogue,
                generation=generation,
                embedder=embedder,
                dimensions=vectors.rows.shape[1],
                count=len(vectors),
                highest=int(vectors.ids[-1]),
                size=len(packed),
                sha256=hashlib.sha256(packed).hexdigest(),
                usearch=usearch.__version__,
            )
            _write_synced(unfinished / VECTORS_FILE, packed)
            _try_out(_viewed(unfinished / VECTORS_FILE, manifest), vectors)
            _write_synced(unfinished / MANIFEST_FILE, json.dumps(asdict(manifest), indent=1).encode())
            name = f"g-{number:06d}"
            self._make_current(unfinished, name)
        return self.open(name, catalogue, embedder, generation)

    def _make_current(self, unfinished: Path, name: str) -> None:
        """Move a whole snapshot to its place, point CURRENT at it, and drop old ones; each step is on disk in turn."""
        _sync_folder(unfinished)
        unfinished.rename(self.folder / name)
        _sync_folder(self.folder)
        _write_synced(self.folder / "CURRENT.tmp", f"{name}\n".encode("ascii"))
        (self.folder / "CURRENT.tmp").replace(self.folder / "CURRENT")
        _sync_folder(self.folder)
        for old in self._names()[:-KEPT]:
            shutil.rmtree(self.folder / old, ignore_errors=True)  # one that is in use stays readable until it is closed

    def _next_number(self) -> int:
        """Return a number above that of every snapshot, one that CURRENT names and that is lost among them."""
        names = [*self._names(), self.current_name()]
        return 1 + max((int(name[2:]) for name in names if name[2:].isdecimal()), default=0)

    def _sweep(self) -> None:
        """Drop what a killed publisher left behind; the indexer's lock says that there is no other."""
        for leftover in self.folder.glob("tmp-*"):
            shutil.rmtree(leftover)

    def _names(self) -> list[str]:
        """Return the names of the snapshots on disk, oldest first."""
        return sorted(path.name for path in self.folder.glob("g-*") if path.name[2:].isdecimal())


def pack(vector: Vector) -> bytes:
    """Return *vector* as the float16 bytes that the catalogue keeps. Raises EmbedderUnusable for NaN or infinity."""
    if not np.isfinite(vector).all():
        raise EmbedderUnusable("The embedding model returns no numbers; set FOOTNOTE_EMBEDDER__PATH to another one.")
    return vector.astype(np.float16).tobytes()


def pack_tokens(tokens: Vectors) -> bytes:
    """Return *tokens*, of shape (tokens, dimensions), as the int8 bytes that the catalogue keeps for `maxsim`."""
    step = TOKEN_RANGE / 127 / tokens.shape[1] ** 0.5
    steps = np.clip(np.rint(tokens @ _projection(tokens.shape[1]) / step), -127, 127)  # (tokens, kept dimensions)
    packed: bytes = steps.astype(np.int8).tobytes()
    return packed


def maxsim(question: Vectors, packed: Sequence[bytes]) -> NDArray[np.float32]:
    """Return for each of *packed* how near, on average, its nearest token is to each token of *question*.

    Khattab and Zaharia, SIGIR 2020: late interaction. The numbers can be compared with each other only.
    """
    asked = question @ _projection(question.shape[1])  # (tokens of the question, kept dimensions)
    rows = np.frombuffer(b"".join(packed), np.int8).reshape(-1, asked.shape[1])  # the tokens of all passages
    ends = np.cumsum([len(one) // asked.shape[1] for one in packed])
    nearness = asked @ rows.astype(np.float32).T
    means: NDArray[np.float32] = np.maximum.reduceat(nearness, [0, *ends[:-1]], axis=1).mean(axis=0)
    return means


@cache
def _projection(dimensions: int) -> NDArray[np.float32]:
    """Return float32 of shape (dimensions, kept dimensions) with orthonormal columns, always and everywhere the same.

    It is made up by chance: one fitted to passages found as much, and would have to be kept and fitted again.
    """
    kept = min(TOKEN_DIMENSIONS, dimensions)
    chance = hashlib.shake_256(b"token vectors").digest(dimensions * kept // 8 + 1)
    bits = np.unpackbits(np.frombuffer(chance, np.uint8))[: dimensions * kept]
    columns, corners = np.linalg.qr(2.0 * bits.reshape(dimensions, kept) - 1.0)
    projection: NDArray[np.float32] = (columns * np.sign(np.diag(corners))).astype(np.float32)
    return projection


def _packed(vectors: LooseVectors) -> bytes:
    """Return the bytes of a USearch file of *vectors*."""
    # The graph is never used, since every search is exact: the smallest one is built 70 times sooner.
    index = _empty_index(vectors.rows.shape[1])
    index.add(vectors.ids.astype(np.uint64), vectors.rows, threads=1)  # with 2, some vectors cannot find themselves
    return bytes(index.save())


def _empty_index(dimensions: int) -> Any:  # noqa: ANN401 - usearch has no types
    """Return an index with nothing in it."""
    return Index(ndim=dimensions, metric="cos", dtype="f16", connectivity=2, expansion_add=1)


def _manifest(path: Path) -> Manifest:
    """Read a manifest. Raises SnapshotUnusable."""
    try:
        return Manifest(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError) as error:
        raise SnapshotUnusable(f"{path} cannot be read: {error}") from error


def _viewed(path: Path, manifest: Manifest) -> Any:  # noqa: ANN401 - usearch has no types
    """Map a vectors file into memory, after checking every byte: USearch crashes on a damaged graph."""
    try:
        if path.stat().st_size != manifest.size or _sha256(path) != manifest.sha256:
            raise SnapshotUnusable(f"{path} is damaged")
        index = _empty_index(manifest.dimensions)
        index.view(path)
    except (OSError, RuntimeError, ValueError) as error:
        raise SnapshotUnusable(f"{path} cannot be opened: {error}") from error
    if len(index) != manifest.count:
        raise SnapshotUnusable(f"{path} holds {len(index)} vectors instead of {manifest.count}")
    return index


def _try_out(index: Any, vectors: LooseVectors) -> None:  # noqa: ANN401 - usearch has no types
    """Check that vectors find themselves. Raises SnapshotUnusable."""
    step = max(1, len(vectors) // TRIED)
    for row in itertools.islice(range(0, len(vectors), step), TRIED):
        kept = index.get(int(vectors.ids[row])).astype(np.float32)
        found = index.search(vectors.rows[row], 1, exact=True, threads=1)
        # Two passages may say the same, so what is found may have another key, never another meaning.
        if kept @ vectors.rows[row] < NEAR_ENOUGH or 1.0 - float(found.distances[0]) < NEAR_ENOUGH:
            raise SnapshotUnusable(f"passage {vectors.ids[row]} does not find itself in a new snapshot")


def _sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_synced(path: Path, content: bytes) -> None:
    """Write a file and wait until it is on disk."""
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Wait until the names in *folder* are on disk."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors_in_our_words(folder: Path) -> Iterator[None]:
    """Turn the errors of a disk that cannot be written to into ours."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(f"There is no room to write {folder}; free space, and the next refresh goes on.") from error
        raise SnapshotUnusable(f"{folder} cannot be written to: {error}") from error
