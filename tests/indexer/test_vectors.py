"""Snapshots of the vectors: exact, checked, replaced in one step, and never a reason to crash."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import EmbedderUnusable, SnapshotUnusable
from indexer.store.vectors import MANIFEST_FILE, VECTORS_FILE, LooseVectors, Snapshots, maxsim, pack, pack_tokens

CATALOGUE, EMBEDDER = "c0ffee", "bag-of-words"


def some_vectors(count: int, dimensions: int = 48, first_id: int = 1) -> LooseVectors:
    """Return *count* vectors of length 1, always the same; every third passage id is in use."""
    rows = np.random.default_rng(count).standard_normal((count, dimensions)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return LooseVectors(np.arange(first_id, first_id + 3 * count, 3, dtype=np.int64), rows)


def publish(folder: Path, vectors: LooseVectors, generation: int = 1) -> Snapshots:
    """Publish a snapshot in *folder*."""
    snapshots = Snapshots(folder)
    snapshots.publish(vectors, CATALOGUE, EMBEDDER, generation)
    return snapshots


def test_snapshot_ranks_as_the_vectors_in_memory_do(tmp_path: Path) -> None:
    """The search is exact: the same passages in the same order, with cosines the same to float16."""
    vectors = some_vectors(500)
    snapshots = publish(tmp_path, vectors)

    found = snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1).nearest(vectors.rows[7], 20)

    expected = vectors.nearest(vectors.rows[7], 20)
    assert found[0][0] == 22
    assert {passage_id for passage_id, _ in found[:18]} <= {passage_id for passage_id, _ in expected}
    assert [cosine for _, cosine in found] == pytest.approx([cosine for _, cosine in expected], abs=2e-3)
    assert all(type(passage_id) is int and type(cosine) is float for passage_id, cosine in found)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_more_may_be_asked_for_than_there_is(tmp_path: Path, count: int) -> None:
    """USearch fills up with nonsense in that case; we do not."""
    vectors = some_vectors(count)
    snapshots = publish(tmp_path, vectors)

    found = snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1).nearest(vectors.rows[0], 10)

    assert sorted(passage_id for passage_id, _ in found) == [1, 4, 7][:count]


def test_only_the_last_snapshots_are_kept(tmp_path: Path) -> None:
    """Three, and what a killed publisher left is swept away; an open one stays readable after it is dropped."""
    snapshots = publish(tmp_path, some_vectors(10))
    first = snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1)
    (tmp_path / "tmp-1-1").mkdir()

    for count in (20, 30, 40, 50):
        publish(tmp_path, some_vectors(count))

    assert sorted(path.name for path in tmp_path.iterdir()) == ["CURRENT", "g-000003", "g-000004", "g-000005"]
    assert snapshots.current_name() == "g-000005"
    assert len(first.nearest(some_vectors(10).rows[0], 10)) == 10


def test_snapshot_of_something_else_is_refused(tmp_path: Path) -> None:
    """Another catalogue, another embedder, or a catalogue restored from before the snapshot."""
    snapshots = publish(tmp_path, some_vectors(10), generation=5)
    name = snapshots.current_name()

    for catalogue, embedder, generation in (("other", EMBEDDER, 5), (CATALOGUE, "other", 5), (CATALOGUE, EMBEDDER, 4)):
        with pytest.raises(SnapshotUnusable):
            snapshots.open(name, catalogue, embedder, generation)
    assert len(snapshots.open(name, CATALOGUE, EMBEDDER, 6)) == 10


@pytest.mark.parametrize("name", ["", "g-000009", "g-/../../x", "\ufffd", "current"])
def test_missing_snapshot_is_refused(tmp_path: Path, name: str) -> None:
    """Whatever CURRENT says, there is one kind of error."""
    with pytest.raises(SnapshotUnusable):
        publish(tmp_path, some_vectors(3)).open(name, CATALOGUE, EMBEDDER, 1)


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"catalogue": 1}', "null"])
def test_damaged_manifest_is_refused(tmp_path: Path, manifest: str) -> None:
    """A manifest that is not one is no reason to crash."""
    snapshots = publish(tmp_path, some_vectors(3))
    (tmp_path / snapshots.current_name() / MANIFEST_FILE).write_text(manifest)

    with pytest.raises(SnapshotUnusable):
        snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1)


def test_damaged_vectors_are_refused_without_a_crash(tmp_path: Path) -> None:
    """Every kind of damage, in a child process, since an unguarded open would end it: bits, cuts, foreign files."""
    publish(tmp_path, some_vectors(300))

    child = subprocess.run(
        [sys.executable, "-c", DAMAGE_AND_OPEN, tmp_path], capture_output=True, text=True, check=False
    )

    assert (child.returncode, child.stderr) == (0, "")
    assert child.stdout.split() == ["refused"] * 27 + ["whole"]


DAMAGE_AND_OPEN = """
import sys
from pathlib import Path
import numpy as np
from indexer.errors import SnapshotUnusable
from indexer.store.vectors import Snapshots

folder = Path(sys.argv[1])
snapshots, file = Snapshots(folder), folder / "g-000001" / "vectors.usearch"
whole = file.read_bytes()
flipped = [whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :] for at in range(0, len(whole), len(whole) // 20)]
damaged = [*flipped, whole[:-1], whole[: len(whole) // 2], b"", whole + b"x", b"x" * len(whole), whole[::-1], None]
for content in [*damaged[:26], None, whole]:
    file.unlink(missing_ok=True)
    if content is not None:
        file.write_bytes(content)
    try:
        snapshots.open("g-000001", "c0ffee", "bag-of-words", 1).nearest(np.full(48, 0.1, np.float32), 5)
        print("whole")
    except SnapshotUnusable:
        print("refused")
"""


def test_full_disk_keeps_the_snapshot_before(tmp_path: Path) -> None:
    """A snapshot that does not fit is DiskFull, and the present one stays; in a child with a small file limit."""
    publish(tmp_path, some_vectors(10))

    child = subprocess.run(
        [sys.executable, "-c", PUBLISH_BIG, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000)),
    )

    assert child.stdout.strip() == "DiskFull", child.stderr
    snapshots = Snapshots(tmp_path)
    assert len(snapshots.open(snapshots.current_name(), CATALOGUE, EMBEDDER, 1)) == 10
    assert publish(tmp_path, some_vectors(400)).current_name() == "g-000002"


PUBLISH_BIG = """
import sys
from pathlib import Path
from indexer.errors import DiskFull
from tests.indexer.test_vectors import publish, some_vectors

try:
    publish(Path(sys.argv[1]), some_vectors(400))
except DiskFull as error:
    print(type(error).__name__)
"""


def test_folder_that_cannot_be_written_to_is_no_crash(tmp_path: Path) -> None:
    """A file in the place of the folder is an error of ours."""
    (tmp_path / "snapshots").write_text("")

    with pytest.raises(SnapshotUnusable):
        publish(tmp_path / "snapshots", some_vectors(3))


def test_manifest_says_what_is_in_it(tmp_path: Path) -> None:
    """Enough to know a snapshot by: of what, from when, how large, made with what."""
    snapshots = publish(tmp_path, some_vectors(10), generation=7)
    folder = tmp_path / snapshots.current_name()

    manifest = json.loads((folder / MANIFEST_FILE).read_text())

    assert manifest["size"] == (folder / VECTORS_FILE).stat().st_size
    assert [manifest[name] for name in ("generation", "count", "highest", "dimensions")] == [7, 10, 28, 48]


def test_vectors_that_are_no_numbers_are_refused() -> None:
    """NaN would be nearest to everything, for ever."""
    with pytest.raises(EmbedderUnusable):
        pack(np.array([np.nan, 1.0], np.float32))


@given(st.integers(0, 30), st.integers(0, 30), st.integers(1, 70))
@settings(max_examples=60, deadline=None)
def test_joined_vectors_rank_as_one(older: int, newer: int, count: int) -> None:
    """Vectors taken in in two parts are ranked as if they had come together."""
    both = some_vectors(older + newer)
    parts = LooseVectors(both.ids[:older], both.rows[:older]).joined(LooseVectors(both.ids[older:], both.rows[older:]))
    question = some_vectors(1).rows[0]

    assert parts.nearest(question, count) == both.nearest(question, count)
    assert len(parts) == older + newer


@pytest.mark.parametrize("dimensions", [48, 384, 768])
def test_maxsim_of_packed_tokens_is_near_the_exact_one(dimensions: int) -> None:
    """In 128 dimensions of eight bits, what is clearly nearer stays nearer; of fewer dimensions none is lost."""
    question = some_vectors(5, dimensions).rows
    passages = [some_vectors(count, dimensions).rows for count in (1, 40, 7)]
    passages[2][2:5] = question[:3]

    packed = [pack_tokens(tokens) for tokens in passages]
    found = maxsim(question, packed)

    exact = [(question @ tokens.T).max(axis=1).mean() for tokens in passages]
    assert [len(one) for one in packed] == [count * min(dimensions, 128) for count in (1, 40, 7)]
    assert np.argsort(found).tolist() == np.argsort(exact).tolist()


def test_packed_tokens_are_the_same_everywhere() -> None:
    """What one machine packed, another reads: the projection must never change."""
    packed = pack_tokens(np.eye(1, 384, dtype=np.float32))

    assert np.frombuffer(packed, np.int8)[:6].tolist() == [25, -26, 29, -27, 28, -24]
