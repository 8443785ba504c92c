"""A service of known capacity: SLOTS requests at a time, each SERVICE_TIME long. It waits instead of burning CPU.

Behind a gateway that retries refused connections it loses no request when it is stopped: on SIGTERM it refuses new
connections, goes on answering on those that exist, each time asking to close, and ends when they are idle.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Mapping
from dataclasses import dataclass

LONGEST_HEAD_BYTES = 16_384
LONGEST_BODY_BYTES = 1_048_576
IDLE_SECONDS = 75.0
LINGER_SECONDS = 1.5  # how long an idle connection may still bring a request after SIGTERM


@dataclass(frozen=True, slots=True)
class Options:
    """What the environment says."""

    name: str
    slots: int
    service_time_seconds: float
    queue_limit: int
    port: int

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> "Options":
        """Read SERVICE_NAME, SLOTS, SERVICE_TIME_MS, QUEUE_LIMIT and PORT."""
        return cls(
            name=environ.get("SERVICE_NAME", "demo"),
            slots=int(environ.get("SLOTS", "4")),
            service_time_seconds=float(environ.get("SERVICE_TIME_MS", "50")) / 1000,
            queue_limit=int(environ.get("QUEUE_LIMIT", "1000")),
            port=int(environ.get("PORT", "8000")),
        )


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    keep_alive: bool


class BadRequestError(Exception):
    """The bytes are no request that this server understands."""


class DemoServer:
    """One replica."""

    def __init__(self, options: Options, replica: str) -> None:
        self._options = options
        self._replica = replica
        self._slots = asyncio.Semaphore(options.slots)
        self._waiting = 0
        self._stopping = asyncio.Event()
        self._connections: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event, host: str = "0.0.0.0", ready: asyncio.Future[int] | None = None) -> None:
        """Serve until `stop`, then end gracefully; `ready` gets the port."""
        server = await asyncio.start_server(self._connected, host, self._options.port, backlog=1024)
        if ready is not None:
            ready.set_result(server.sockets[0].getsockname()[1])
        await stop.wait()
        self._stopping.set()
        server.close()
        if self._connections:
            await asyncio.wait(self._connections)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
                await self._converse(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                request = await self._next_request(reader)
            except BadRequestError as error:
                writer.write(self._response(400, {"error": str(error)}, keep_alive=False))
                return await writer.drain()
            if request is None:
                return None
            status, answer = await self._answer(request)
            keep_alive = request.keep_alive and not self._stopping.is_set()
            writer.write(self._response(status, answer, keep_alive=keep_alive, head_only=request.method == "HEAD"))
            await writer.drain()
            if not keep_alive:
                return None

    async def _next_request(self, reader: asyncio.StreamReader) -> Request | None:
        """Wait for a whole request, head and body; once the server is stopping, only a little longer.

        Raises:
            BadRequestError: what came is no request.
        """
        request = asyncio.ensure_future(read_request(reader))
        stopping = asyncio.ensure_future(self._stopping.wait())
        try:
            await asyncio.wait({request, stopping}, timeout=IDLE_SECONDS, return_when=asyncio.FIRST_COMPLETED)
            if not request.done() and self._stopping.is_set():
                await asyncio.wait({request}, timeout=LINGER_SECONDS)
            return request.result() if request.done() else None
        finally:
            stopping.cancel()
            request.cancel()

    async def _answer(self, request: Request) -> tuple[int, dict[str, object]]:
        if request.path.partition("?")[0].endswith("/health"):
            return 200, {"status": "ok", "service": self._options.name}
        if self._waiting >= self._options.queue_limit:
            return 503, {"error": "the queue is full"}
        self._waiting += 1
        try:
            async with self._slots:
                await asyncio.sleep(self._options.service_time_seconds)
        finally:
            self._waiting -= 1
        return 200, {"service": self._options.name, "replica": self._replica, "path": request.path}

    def _response(self, status: int, answer: dict[str, object], *, keep_alive: bool, head_only: bool = False) -> bytes:
        body = json.dumps(answer).encode()
        reason = {200: "OK", 400: "Bad Request", 503: "Service Unavailable"}[status]
        head = (
            f"HTTP/1.1 {status} {reason}\r\n"
            "Content-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n"
            f"X-Replica: {self._replica}\r\n"
            f"Connection: {'keep-alive' if keep_alive else 'close'}\r\n\r\n"
        )
        return head.encode() + (b"" if head_only else body)


async def read_head(reader: asyncio.StreamReader) -> bytes | None:
    """Return the bytes up to the empty line; None at the end of the connection."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError:
        return b""


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """Read a head, and the body away; None at the end of the connection.

    Raises:
        BadRequestError: not HTTP/1.x, or a body without a usable length.
    """
    head = await read_head(reader)
    if head is None:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.0", "HTTP/1.1"} or len(head) > LONGEST_HEAD_BYTES:  # noqa: PLR2004
        raise BadRequestError("not an HTTP/1.1 request")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    await _skip_body(headers, reader)
    wish = headers.get("connection", "").lower()
    keep_alive = wish != "close" if words[2] == "HTTP/1.1" else wish == "keep-alive"
    return Request(words[0], words[1], keep_alive)


async def _skip_body(headers: Mapping[str, str], reader: asyncio.StreamReader) -> None:
    length = headers.get("content-length", "0")
    if "transfer-encoding" in headers or not length.isdecimal() or int(length) > LONGEST_BODY_BYTES:
        raise BadRequestError(f"a body needs a Content-Length of at most {LONGEST_BODY_BYTES}")
    await reader.readexactly(int(length))


async def main() -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    await DemoServer(Options.from_environment(os.environ), socket.gethostname()).run(stop)


if __name__ == "__main__":
    asyncio.run(main())
