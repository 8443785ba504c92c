"""The engine as the view asks it: a few reads over its socket or a guard's port, and its stream of events."""

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from autoscaler.errors import ConfigError, TargetUnavailable
from autoscaler.formats import without_credentials

ANSWER_SECONDS = 10.0
MOST_BYTES = 64 << 20
_EVENTS = {"type": ["container"], "event": ["start", "die", "kill", "health_status"]}
_HEADER_BYTES = 1 << 20  # of a line: an event carries all labels of its container


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer; the names of headers are in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes


class Engine:
    """Opens a connection for each call: on a socket that costs less than to look after one that may be broken."""

    def __init__(self, url: str) -> None:
        self._url = without_credentials(url)
        parts = urlsplit(url)
        if parts.scheme == "unix" and parts.path:
            self._path, self._host, self._port = parts.path, "docker", 0
        elif parts.scheme in {"tcp", "http"} and parts.hostname:
            self._path, self._host, self._port = "", parts.hostname, parts.port or 2375
        else:
            raise ConfigError(f"AUTOSCALER_DOCKER_URL: must begin with unix:// or tcp://, not {self._url!r}")

    async def get(self, path: str, method: str = "GET") -> Answer:
        """Ask, and return the answer, whatever its status.

        Raises:
            TargetUnavailable: there is none in time, or it is no HTTP.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await self._opened(path, method)
                try:
                    status, headers = await _head(reader)
                    return Answer(status, headers, b"" if method == "HEAD" else await _body(reader, headers))
                finally:
                    writer.close()
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise TargetUnavailable(f"the Docker engine at {self._url} does not answer: {error}") from error

    async def json(self, path: str) -> Any:
        """Return the JSON of a good answer.

        Raises:
            TargetUnavailable: there is none.
        """
        answer = await self.get(path)
        try:
            if answer.status == 200:  # noqa: PLR2004
                return json.loads(answer.body)
        except ValueError as error:
            raise TargetUnavailable(f"the Docker engine at {self._url} answers with what is no JSON") from error
        raise TargetUnavailable(f"the Docker engine at {self._url} answers {path} with {answer.status}")

    @contextlib.asynccontextmanager
    async def events(self) -> AsyncIterator[AsyncIterator[dict[str, Any]]]:
        """Follow the events from now on.

        Raises:
            TargetUnavailable: it cannot be followed.
        """
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                reader, writer = await self._opened(f"/events?filters={quote(json.dumps(_EVENTS))}", "GET")
                status, headers = await _head(reader)
        except (OSError, EOFError, ValueError, asyncio.LimitOverrunError) as error:
            raise TargetUnavailable(f"the Docker engine at {self._url} does not answer: {error}") from error
        try:
            if status != 200:  # noqa: PLR2004
                raise TargetUnavailable(f"the Docker engine at {self._url} answers /events with {status}")
            yield _objects(reader, headers)
        finally:
            writer.close()

    async def _opened(self, path: str, method: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._path:
            reader, writer = await asyncio.open_unix_connection(self._path, limit=_HEADER_BYTES)
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port, limit=_HEADER_BYTES)
            _keep_alive(writer.get_extra_info("socket"))
        writer.write(f"{method} {path} HTTP/1.1\r\nHost: {self._host}\r\nConnection: close\r\n\r\n".encode())
        return reader, writer


def _keep_alive(sock: socket.socket) -> None:
    """Notice within a minute that the other side has vanished: events may be rare."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def _head(reader: asyncio.StreamReader) -> tuple[int, dict[str, str]]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    status = int(first.split(" ")[1]) if first.startswith("HTTP/1.") and " " in first else 0
    if not 100 <= status <= 599:  # noqa: PLR2004
        raise ValueError(f"it answers with {first[:40]!r}")
    return status, {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}


async def _body(reader: asyncio.StreamReader, headers: dict[str, str]) -> bytes:
    if "chunked" in headers.get("transfer-encoding", "").lower():
        body = bytearray()
        async for chunk in _chunks(reader):
            body += chunk
            if len(body) > MOST_BYTES:
                raise ValueError("the answer is too large")
        return bytes(body)
    if "content-length" in headers:
        length = int(headers["content-length"])
        if not 0 <= length <= MOST_BYTES:
            raise ValueError("the answer is too large")
        return await reader.readexactly(length)
    return await reader.read(MOST_BYTES)


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        size = int((await reader.readline()).partition(b";")[0] or b"x", 16)
        if not 0 <= size <= MOST_BYTES:
            raise ValueError("a chunk is too large")
        chunk = await reader.readexactly(size)
        await reader.readline()
        if size == 0:
            return
        yield chunk


async def _objects(reader: asyncio.StreamReader, headers: dict[str, str]) -> AsyncIterator[dict[str, Any]]:
    """Yield the JSON objects of a stream until it ends or breaks; a line that is none is skipped."""
    rest = b""
    with contextlib.suppress(OSError, EOFError, ValueError, asyncio.LimitOverrunError):
        chunked = "chunked" in headers.get("transfer-encoding", "").lower()
        async for part in _chunks(reader) if chunked else _reads(reader):
            *lines, rest = (rest + part).split(b"\n")
            for line in lines:
                with contextlib.suppress(ValueError):
                    found = json.loads(line)
                    if isinstance(found, dict):
                        yield found


async def _reads(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while part := await reader.read(_HEADER_BYTES):
        yield part
