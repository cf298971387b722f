"""A web application in a thread of its own, with its own loop."""

import asyncio
import socket
import threading

from aiohttp import web


class ServerThread:
    """An aiohttp application on *listener*, in a daemon thread with its own loop."""

    def __init__(self, app: web.Application, listener: socket.socket) -> None:
        self._app = app
        self._listener = listener
        self._loop = asyncio.new_event_loop()
        self._is_up = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="workspace-server", daemon=True)
        self._thread.start()
        self._is_up.wait()

    def close(self) -> None:
        """Stop the loop and wait for the thread; a second call does nothing."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()

    def _serve(self) -> None:
        asyncio.set_event_loop(self._loop)
        runner = web.AppRunner(self._app, access_log=None, shutdown_timeout=0.5)
        self._loop.run_until_complete(runner.setup())
        self._loop.run_until_complete(web.SockSite(runner, self._listener).start())
        self._is_up.set()
        self._loop.run_forever()
        self._loop.run_until_complete(runner.cleanup())
        self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        self._loop.close()
