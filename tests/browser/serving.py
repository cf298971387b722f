"""The whole of Footnote in its own processes, as `make run` starts it: indexer, bot, model, local workspace."""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
START_SECONDS = 240.0  # until the model is open and has answered, on a machine that does other things too
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+/\?token=\S+")


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@contextmanager
def footnote(data_dir: Path, **settings: str) -> Iterator[str]:
    """Index, prepare the model, run the bot on *data_dir* with FOOTNOTE_… *settings*; give the page's address."""
    own = {f"FOOTNOTE_{name}": value for name, value in settings.items()}
    own.setdefault("FOOTNOTE_WORKSPACE__OPENS_PAGE", "false")
    port = own.setdefault("FOOTNOTE_WORKSPACE__PORT", str(free_port()))
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FOOTNOTE_")}  # noqa: TID251
    environment |= {"FOOTNOTE_DATA_DIR": str(data_dir), **own}
    _run(("indexer", "once"), environment)
    _run(("bot", "prepare"), environment)
    with (data_dir / "bot.log").open("w", encoding="utf-8") as log:
        bot = subprocess.Popen(
            [sys.executable, "-u", "-m", "bot"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            assert bot.stdout is not None, "it is a pipe"
            address = next((found[0] for line in bot.stdout if (found := _ADDRESS.search(line))), None)
            assert address is not None, f"no address was printed; {data_dir / 'bot.log'} may say why"
            assert f":{port}/" in address
            yield address
        finally:
            bot.terminate()
            bot.communicate(timeout=30)


def _run(command: tuple[str, ...], environment: Mapping[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
