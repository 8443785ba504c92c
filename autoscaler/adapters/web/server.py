"""The server (uvicorn) in a separate thread."""

import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.types import ASGIApp

from autoscaler.errors import ConfigError


class WebServer:
    """Serves the application in a thread; calls `on_exit` when the server ends for any reason."""

    def __init__(self, app: ASGIApp, host: str, port: int, on_exit: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app, host, port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
        )
        self._sockets = [_bind(config)]
        self._server = uvicorn.Server(config)
        self._on_exit = on_exit
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout_seconds: float) -> None:
        """End the server within the timeout."""
        self._server.should_exit = True
        self._thread.join(timeout_seconds)

    def _serve(self) -> None:
        try:
            self._server.run(sockets=self._sockets)
        finally:
            self._on_exit()


def _bind(config: uvicorn.Config) -> socket.socket:
    """Bind at once: a port in use must stop the start, with a clear message."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((config.host, config.port))
        sock.listen(config.backlog)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"AUTOSCALER_LISTEN: cannot listen on {config.host}:{config.port}: {error.strerror or error}; "
            "choose a free address and port of this machine"
        ) from error
    return sock
