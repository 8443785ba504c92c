"""The demo service over real sockets: known capacity, correct HTTP, an end that loses nothing."""

import asyncio
import importlib.util
import sys
from collections.abc import Awaitable, Callable
from types import ModuleType

import pytest

from tests.support.paths import ROOT


def _load() -> ModuleType:
    path = ROOT / "deploy/demo-service/server.py"
    spec = importlib.util.spec_from_file_location("demo_server", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["demo_server"] = module
    spec.loader.exec_module(module)
    return module


demo = _load()


class Client:
    """One connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def ask(
        self, path: str = "/api", *, method: str = "GET", headers: str = "", body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        self.writer.write(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode() + body)
        return await self.answer(body=method != "HEAD")

    async def answer(self, *, body: bool = True) -> tuple[int, dict[str, str], bytes]:
        head = (await asyncio.wait_for(self.reader.readuntil(b"\r\n\r\n"), 10)).decode().split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)}
        data = await self.reader.readexactly(int(headers["content-length"])) if body else b""
        return int(head[0].split()[1]), headers, data

    async def closed(self) -> bool:
        return await asyncio.wait_for(self.reader.read(1), 10) == b""


class Running:
    """A running server, and new connections to it."""

    def __init__(self, port: int, stop: asyncio.Event, task: "asyncio.Task[None]") -> None:
        self.port, self.stop, self.task = port, stop, task

    async def connect(self) -> Client:
        return Client(*await asyncio.open_connection("127.0.0.1", self.port))


def serve(
    test: Callable[[Running], Awaitable[None]], *, slots: int = 2, seconds: float = 0.05, queue: int = 100
) -> None:
    """Run a test against a server of its own."""

    async def scene() -> None:
        options = demo.Options("demo", slots, seconds, queue, port=0)
        stop, ready = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(demo.DemoServer(options, "replica-1").run(stop, "127.0.0.1", ready))
        running = Running(await ready, stop, task)
        try:
            await asyncio.wait_for(test(running), 30)
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)

    asyncio.run(scene())


def test_an_answer_names_the_replica_and_the_connection_stays_open() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        for path in ("/api/users/1", "/api/users/2"):
            status, headers, body = await client.ask(path)
            assert (status, headers["x-replica"], headers["connection"]) == (200, "replica-1", "keep-alive")
            assert path.encode() in body

    serve(test)


def test_health_is_answered_at_once_even_when_all_slots_are_busy() -> None:
    async def test(server: Running) -> None:
        busy, health = await server.connect(), await server.connect()
        waiting = asyncio.create_task(busy.ask())
        status, _, body = await health.ask("/api/users/health")
        assert (status, b"ok" in body, waiting.done()) == (200, True, False)
        await waiting

    serve(test, slots=1, seconds=0.5)


def test_no_more_requests_at_a_time_than_slots() -> None:
    async def test(server: Running) -> None:
        loop = asyncio.get_running_loop()
        clients = [await server.connect() for _ in range(6)]
        started = loop.time()
        await asyncio.gather(*(client.ask() for client in clients))
        assert loop.time() - started >= 3 * 0.1 - 0.01

    serve(test, slots=2, seconds=0.1)


def test_beyond_the_queue_limit_it_says_503() -> None:
    async def test(server: Running) -> None:
        clients = [await server.connect() for _ in range(4)]
        answers = await asyncio.gather(*(client.ask() for client in clients))
        assert sorted(status for status, _, _ in answers) == [200, 200, 503, 503]

    serve(test, slots=1, seconds=0.2, queue=2)


def test_head_has_no_body_and_a_posted_body_is_read() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        assert (await client.ask(method="HEAD"))[0] == 200
        assert (await client.ask(method="POST", headers="Content-Length: 5\r\n", body=b"hello"))[0] == 200
        assert (await client.ask())[0] == 200

    serve(test)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"hello\r\n\r\n", id="no HTTP"),
        pytest.param(b"GET / HTTP/9\r\n\r\n", id="another version"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", id="a length that is none"),
        pytest.param(b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", id="a body too large"),
        pytest.param(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", id="chunks"),
        pytest.param(b"GET / HTTP/1.1\r\nX: " + b"x" * 100_000, id="an endless head"),
    ],
)
def test_garbage_is_answered_with_400_and_the_connection_closed(data: bytes) -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        client.writer.write(data)
        status, headers, _ = await client.answer()
        assert (status, headers["connection"]) == (400, "close")

    serve(test)


@pytest.mark.parametrize("line", ["Connection: close\r\n", "Connection: Close\r\n"])
def test_a_client_that_wants_to_close_is_closed(line: str) -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        assert (await client.ask(headers=line))[1]["connection"] == "close"
        assert await client.closed()

    serve(test)


def test_on_stop_new_connections_are_refused_and_what_is_under_way_is_answered() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        under_way = asyncio.create_task(client.ask())
        await asyncio.sleep(0.1)
        server.stop.set()
        await asyncio.sleep(0.1)
        with pytest.raises(OSError, match=r"[Rr]efused|Connect call failed"):
            await server.connect()
        status, headers, _ = await under_way
        assert (status, headers["connection"]) == (200, "close")
        assert await client.closed()

    serve(test, seconds=0.5)


def test_after_stop_an_idle_connection_may_still_bring_a_request() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        await client.ask()
        server.stop.set()
        await asyncio.sleep(0.3)
        status, headers, _ = await client.ask()
        assert (status, headers["connection"]) == (200, "close")

    serve(test)


def test_after_stop_idle_connections_are_closed_and_it_ends() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        await client.ask()
        server.stop.set()
        assert await client.closed()
        await asyncio.wait_for(server.task, 10)

    serve(test)


def test_after_stop_a_client_that_never_sends_its_body_does_not_keep_it_from_ending() -> None:
    async def test(server: Running) -> None:
        client = await server.connect()
        client.writer.write(b"POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n")
        await client.writer.drain()
        await asyncio.sleep(0.1)
        server.stop.set()
        assert await client.closed()
        await asyncio.wait_for(server.task, 10)

    serve(test)


def test_options_come_from_the_environment() -> None:
    options = demo.Options.from_environment({"SERVICE_NAME": "users", "SLOTS": "8", "SERVICE_TIME_MS": "20"})
    assert (options.name, options.slots, options.service_time_seconds, options.port) == ("users", 8, 0.02, 8000)
