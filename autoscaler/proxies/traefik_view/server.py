"""A small HTTP/1.1 server on asyncio's streams: short requests, short answers, and streams of lines."""

import asyncio
import contextlib
import hmac
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from http import HTTPStatus

MOST_HEAD_BYTES, MOST_BODY_BYTES = 16_384, 4096
IDLE_SECONDS = 600.0
MOST_CONNECTIONS = 500
QUEUED = 100


@dataclass(frozen=True, slots=True)
class Request:
    """One request; the names of headers are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    peer: str  # the client's address

    @property
    def bearer(self) -> str:
        scheme, _, token = self.headers.get("authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


@dataclass(frozen=True, slots=True)
class Response:
    """One answer."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)


class Lines:
    """Lines for one reader. One that is far behind gets the latest: each says only that it should look again."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[bytes] = asyncio.Queue(QUEUED)

    def send(self, line: bytes) -> None:
        while self._queue.full():
            self._queue.get_nowait()
        self._queue.put_nowait(line)

    async def next(self) -> bytes:
        return await self._queue.get()


@dataclass(frozen=True, slots=True)
class Streaming:
    """An answer that goes on. `closed` is called at its end."""

    lines: Lines
    closed: Callable[[], None]


Handler = Callable[[Request], Awaitable[Response | Streaming]]


class BadRequest(Exception):
    """The request is not HTTP, or too large."""


class Server:
    """Listens on one address. Connections stay open for further requests."""

    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, host: str, port: int) -> int:
        """Begin to listen; return the port."""
        self._server = await asyncio.start_server(self._connected, host, port, limit=MOST_HEAD_BYTES)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """Stop listening, and end every connection."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= MOST_CONNECTIONS:
            writer.close()
            return
        task = asyncio.ensure_future(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = str((writer.get_extra_info("peername") or ("",))[0])
        sock = writer.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)  # a client's machine may have vanished
        try:
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                await self._answer_all(reader, writer, peer)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _answer_all(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, peer: str) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    request = await _request(reader, peer)
            except (BadRequest, asyncio.LimitOverrunError, UnicodeDecodeError, ValueError):
                writer.write(_encoded(Response(HTTPStatus.BAD_REQUEST), head=False, close=True))
                await writer.drain()
                return
            answer = await self._handler(request)
            if isinstance(answer, Streaming):
                await _stream(answer, reader, writer)
                return
            close = request.headers.get("connection", "").lower() == "close"
            writer.write(_encoded(answer, head=request.method == "HEAD", close=close))
            await writer.drain()
            if close:
                return


async def _request(reader: asyncio.StreamReader, peer: str) -> Request:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or words[2] not in {"HTTP/1.1", "HTTP/1.0"}:  # noqa: PLR2004
        raise BadRequest
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    length = int(headers.get("content-length") or 0)
    if "transfer-encoding" in headers or not 0 <= length <= MOST_BODY_BYTES:
        raise BadRequest
    if words[2] == "HTTP/1.0":
        headers["connection"] = "close"
    return Request(words[0], words[1], headers, await reader.readexactly(length), peer)


def _encoded(answer: Response, *, head: bool, close: bool) -> bytes:
    status = HTTPStatus(answer.status)
    headers = {
        "Content-Type": answer.content_type,
        "Content-Length": str(len(answer.body)),
        **answer.headers,
        **({"Connection": "close"} if close else {}),
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head else answer.body)


async def _stream(answer: Streaming, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Write the lines until the client has gone: it sends nothing more while it reads them."""
    gone = asyncio.ensure_future(reader.read(1))
    try:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        while not gone.done():
            await writer.drain()
            line = asyncio.ensure_future(answer.lines.next())
            await asyncio.wait({gone, line}, return_when=asyncio.FIRST_COMPLETED)
            if not line.done():
                line.cancel()
                return
            writer.write(b"%x\r\n%s\r\n" % (len(line.result()), line.result()))
    finally:
        answer.closed()
        gone.cancel()


def equal(given: str, secret: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(given.encode(), secret.encode())
