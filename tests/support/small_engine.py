"""A small engine on a real socket: it lists and inspects what a test puts in it, and streams events."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass
class SmallEngine:
    """Containers by id, as the engine inspects them."""

    path: Path
    containers: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)  # by path, in place of the usual ones
    calls: list[str] = field(default_factory=list)
    followers: set[asyncio.StreamWriter] = field(default_factory=set)
    server: asyncio.Server | None = None

    def run(
        self, id_: str, *, port: int | None = None, healthy: bool | None = None, labels: dict[str, str] | None = None
    ) -> None:
        """Have a running container; a start without an event."""
        health = {} if healthy is None else {"Health": {"Status": "healthy" if healthy else "unhealthy"}}
        self.containers[id_] = {
            "Id": id_,
            "Name": f"/{id_[:4]}",
            "State": {"Status": "running", "Running": True, **health},
            "Config": {
                "Env": ["PASSWORD=secret"],
                "Labels": {"com.docker.compose.project": "shop", **SERVICE, **(labels or {})},
            },
            "Mounts": ["secret"],
            "HostConfig": {"NetworkMode": "default"},
            "NetworkSettings": {
                "Ports": {} if port is None else {f"{port}/tcp": None},
                "Networks": {"default": {"IPAddress": "127.0.0.1"}},
            },
        }

    def say(self, action: str, id_: str, **attributes: str) -> None:
        """Send an event."""
        event = {"Type": "container", "Action": action, "Actor": {"ID": id_, "Attributes": {**PROJECT, **attributes}}}
        self.send(json.dumps(event).encode() + b"\n")

    def send(self, line: bytes) -> None:
        for follower in self.followers:
            follower.write(b"%x\r\n%s\r\n" % (len(line), line))

    async def up(self) -> None:
        self.server = await asyncio.start_unix_server(self._connected, str(self.path))

    async def down(self) -> None:
        if self.server is not None:
            self.server.close()
            for follower in self.followers:
                follower.close()
            self.followers.clear()
            self.path.unlink(missing_ok=True)
            self.server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, _ = (await reader.readuntil(b"\r\n\r\n")).decode().split(" ", 2)
        self.calls.append(f"{method} {target}")
        path = target.partition("?")[0]
        if path == "/events":
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
            self.followers.add(writer)
            return
        status, body = self.answers.get(path) or self._answer(path.removeprefix("/v1.24"))
        head = f"HTTP/1.1 {status} X\r\nApi-Version: 1.41\r\nOstype: linux\r\nContent-Length: {len(body)}\r\n\r\n"
        writer.write(head.encode() + (b"" if method == "HEAD" else body))
        with contextlib.suppress(OSError):
            await writer.drain()
        writer.close()

    def _answer(self, path: str) -> tuple[int, bytes]:
        if path == "/_ping":
            return 200, b"OK"
        if path == "/version":
            return 200, json.dumps({"Version": "20.10", "ApiVersion": "1.41", "KernelVersion": "secret"}).encode()
        if path == "/containers/json":
            return 200, json.dumps([_listed(each) for each in self.containers.values()]).encode()
        found = self.containers.get(path.split("/")[2])
        return (200, json.dumps(found).encode()) if found else (404, b'{"message": "No such container"}')


PROJECT = {"com.docker.compose.project": "shop"}
SERVICE = {"com.docker.compose.service": "web"}


def _listed(container: dict[str, Any]) -> dict[str, Any]:
    health = container["State"].get("Health")
    status = "Up 1 second" + ("" if health is None else f" ({health['Status']})")
    return {
        "Id": container["Id"],
        "Names": [container["Name"]],
        "State": "running",
        "Status": status,
        "Labels": container["Config"]["Labels"],
        "Command": "secret",
    }


@asynccontextmanager
async def small_engine(directory: Path) -> AsyncIterator[SmallEngine]:
    engine = SmallEngine(directory / "engine.sock")
    await engine.up()
    try:
        yield engine
    finally:
        await engine.down()
