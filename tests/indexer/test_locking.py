"""One indexer at a time in a data folder, also after one was killed."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.errors import IndexerBusy
from indexer.locking import locked

HOLD = """
import sys
from pathlib import Path
from indexer.locking import locked

with locked(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_second_indexer_is_told_who_the_first_is(tmp_path: Path) -> None:
    """The message has the other's process id and the cure; once it is killed, the folder is free again."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"

        with (
            pytest.raises(IndexerBusy, match=rf"process {other.pid}\) .* wait until it is done, or stop it"),
            locked(tmp_path),
        ):
            pass

        other.send_signal(signal.SIGKILL)
        other.wait()

    with locked(tmp_path):
        assert (tmp_path / "LOCK").exists()


def test_lock_is_let_go_after_an_error(tmp_path: Path) -> None:
    """Whatever ends the block, the next one may begin."""
    with pytest.raises(KeyError), locked(tmp_path):
        raise KeyError

    with locked(tmp_path), pytest.raises(IndexerBusy), locked(tmp_path):
        pass
