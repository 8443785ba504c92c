"""The server (uvicorn) in a separate thread, with limits on what clients can hold of it."""

import asyncio
import contextlib
import errno
import os
import resource
import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from autoscaler.adapters.web.connections import ConnectionLimits, OpenConnections
from autoscaler.adapters.web.rare_line import RareLine
from autoscaler.errors import ConfigError

QUEUE = 1024  # connections that the kernel holds until they are accepted
SPARE_DESCRIPTORS = 8
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_HINTS = {
    "slow": "its request was not whole, or its answer not taken, in time",
    "crowded": "too many connections wait for their clients; the oldest end",
    "invalid": "it sends no HTTP",
    "no_descriptors": "the process has no file descriptor left; raise its limit (ulimit -n)",
}


class WebServer:
    """Serves the application in a thread; calls `on_exit` when the server ends for any reason."""

    def __init__(
        self,
        app: ASGIApp,
        host: str,
        port: int,
        on_exit: Callable[[], None],
        *,
        limits: ConnectionLimits | None = None,
    ) -> None:
        self._gate = _Gate(_within_descriptors(limits or ConnectionLimits()))
        config = uvicorn.Config(
            app,
            host,
            port,
            http=type("Protocol", (_LimitedProtocol,), {"gate": self._gate}),  # uvicorn makes its instances
            ws="none",
            backlog=max(1, self._gate.limits.most // 2),  # so many does asyncio accept before the gate sees one
            headers=[("connection", "close")],  # one request each, so that one deadline covers all of a connection
            log_config=None,
            log_level="error",  # what clients do is logged by the gate
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
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
            asyncio.run(self._run())
        finally:
            self._gate.close()
            self._on_exit()

    async def _run(self) -> None:
        asyncio.get_running_loop().set_exception_handler(self._gate.on_loop_error)
        await self._server.serve(sockets=self._sockets)


class _Gate:
    """Admits connections, ends those that last too long, and logs both rarely. Used by the server's thread alone."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self.limits = limits
        self.open = OpenConnections(limits)
        self._lines = {reason: RareLine("web.refused") for reason in _HINTS}
        self._spare: list[int] = []  # descriptors, so that some clients are served when there are no others
        self.refill()

    def log(self, reason: str, **facts: object) -> None:
        self._lines[reason].log(reason=reason, **facts, hint=_HINTS[reason])

    def on_loop_error(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """Make room where no connection can be accepted for lack of descriptors; asyncio tries again in a second."""
        error = context.get("exception")
        if not (isinstance(error, OSError) and error.errno in _EXHAUSTED):
            loop.default_exception_handler(context)
            return
        self.log("no_descriptors")
        if self._spare:
            self.close()
        else:
            self.open.end_waiting("no_descriptors")

    def refill(self) -> None:
        """Take spare descriptors again, as far as there are some."""
        with contextlib.suppress(OSError):
            while len(self._spare) < SPARE_DESCRIPTORS:
                self._spare.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))

    def close(self) -> None:
        while self._spare:
            os.close(self._spare.pop())


class _LimitedProtocol(H11Protocol):
    """One connection, with hard deadlines: how its bytes come makes no difference."""

    gate: ClassVar[_Gate]
    _timers: tuple[asyncio.TimerHandle, ...] = ()

    @property
    def peer(self) -> str:
        return "unknown" if self.client is None else self.client[0]

    @property
    def waits_for_its_client(self) -> bool:
        return self._unfinished or self.cycle.response_complete

    @property
    def _unfinished(self) -> bool:
        return self.cycle is None or self.cycle.more_body

    def end(self, reason: str) -> None:
        self.gate.log(reason, client=self.peer)
        self.transport.abort()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        if not self.gate.open.admit(self):
            self.end("crowded")
            return
        self._timers = (
            self.loop.call_later(self.gate.limits.request_seconds, self._end_unfinished),
            self.loop.call_later(self.gate.limits.answer_seconds, self.end, "slow"),
        )

    def connection_lost(self, exc: Exception | None) -> None:
        for timer in self._timers:
            timer.cancel()
        self.gate.open.discard(self)
        super().connection_lost(exc)
        self.loop.call_soon(self.gate.refill)  # once this connection's own descriptor is closed

    def send_400_response(self, msg: str) -> None:
        self.gate.log("invalid", client=self.peer)
        super().send_400_response(msg)

    def _end_unfinished(self) -> None:
        if self._unfinished:
            self.end("slow")


def _within_descriptors(limits: ConnectionLimits) -> ConnectionLimits:
    """Return limits that leave most of the process's descriptors to the rest of the daemon."""
    most = min(limits.most, max(1, resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4))
    return replace(limits, most=most, most_of_one_peer=min(limits.most_of_one_peer, most))


class _Listening(socket.socket):
    """Keeps the length of its queue: asyncio has one number for it and for its accepts at a time."""

    def listen(self, backlog: int = QUEUE, /) -> None:
        super().listen(max(backlog, QUEUE))


def _bind(config: uvicorn.Config) -> socket.socket:
    """Bind at once: a port in use must stop the start, with a clear message."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    sock = _Listening(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((config.host, config.port))
        sock.listen()
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"AUTOSCALER_LISTEN: cannot listen on {config.host}:{config.port}: {error.strerror or error}; "
            "choose a free address and port of this machine"
        ) from error
    return sock
