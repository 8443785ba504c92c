"""The view between a client such as Traefik and an engine that does as a test says."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from autoscaler.errors import ConfigError
from autoscaler.proxies.traefik_view.control import Control
from autoscaler.proxies.traefik_view.engine import Engine
from autoscaler.proxies.traefik_view.server import Server
from autoscaler.proxies.traefik_view.view import View
from tests.support.small_engine import SmallEngine, small_engine

A, B, C = "a" * 64, "b" * 64, "c" * 64
SECRET = "0123456789abcdef"
BEARER = {"Authorization": f"Bearer {SECRET}"}
START_SECONDS = 60.0


@dataclass
class Site:
    """A view, and what asks it."""

    engine: SmallEngine
    view: View
    traefik: httpx.AsyncClient
    control: httpx.AsyncClient
    port: int
    logged: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    async def shown(self, path: str = "/v1.24/containers/json") -> set[str]:
        return {each["Id"] for each in (await self.traefik.get(path)).json() if each["State"] == "running"}

    async def hide(self, container: str, seconds: float = 60.0) -> dict[str, Any]:
        answer = await self.control.put(f"/hidden/{container}", json={"seconds": seconds}, headers=BEARER)
        assert answer.status_code == 200
        return dict(answer.json())

    @asynccontextmanager
    async def following(self) -> AsyncIterator["Events"]:
        async with self.traefik.stream("GET", "/v1.24/events") as response:
            assert response.status_code == 200
            yield Events(response.aiter_lines())


@dataclass
class Events:
    """The events that Traefik gets."""

    lines: AsyncIterator[str]

    async def next(self) -> tuple[str, str]:
        event = json.loads(await asyncio.wait_for(anext(self.lines), 30))
        return event["Action"], event["Actor"]["ID"]


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.01)


@asynccontextmanager
async def site(
    directory: Path,
    *,
    secret: str | None = SECRET,
    projects: frozenset[str] = frozenset(),
    start_seconds: float = START_SECONDS,
) -> AsyncIterator[Site]:
    logged: list[tuple[str, dict[str, object]]] = []
    async with small_engine(directory) as engine:
        engine.run(A)
        engine.run(B)
        view = View(
            Engine(f"unix://{engine.path}"),
            projects=projects,
            start_seconds=start_seconds,
            log=lambda event, **facts: logged.append((event, facts)),
        )
        servers = Server(view.answer), Server(Control(view, secret).answer)
        ports = [await server.listen("127.0.0.1", 0) for server in servers]
        following = asyncio.ensure_future(view.run())
        clients = [httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30, verify=False) for port in ports]
        try:
            await until(lambda: bool(view.state.running))
            yield Site(engine, view, clients[0], clients[1], ports[0], logged)
        finally:
            following.cancel()
            for client in clients:
                await client.aclose()
            for server in servers:
                await server.close()


def run(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, 120))


def test_traefik_gets_what_it_asks_without_secrets(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            ping = await it.traefik.head("/_ping")
            assert (ping.status_code, ping.headers["Api-Version"], ping.content) == (200, "1.41", b"")
            assert (await it.traefik.get("/v1.24/_ping")).text == "OK"
            answers = [
                await it.traefik.get(f"{version}{path}")
                for version in ("", "/v1.24")
                for path in ("/version", "/containers/json", "/containers/json?all=1", f"/containers/{A}/json")
            ]
            assert [answer.status_code for answer in answers] == [200] * 8
            assert not [answer for answer in answers if "secret" in answer.text or "PASSWORD" in answer.text]
            assert answers[3].json()["Id"] == A
            assert "GET /v1.24/version" in it.engine.calls

    run(work())


def test_what_is_no_call_of_traefiks_does_not_reach_the_engine(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            before = list(it.engine.calls)
            for method, path in (
                ("POST", f"/containers/{A}/stop"),
                ("GET", "/images/json"),
                ("PUT", "/containers/json"),
            ):
                answer = await it.traefik.request(method, path)
                assert (answer.status_code, "does not allow" in answer.json()["message"]) == (403, True)
            assert (await it.traefik.request("GET", "/version", content=b"x")).status_code == 403
            assert it.engine.calls == before

    run(work())


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /version HTTP/2\r\n\r\n",
        b"GET /version HTTP/1.1\r\nContent-Length: x\r\n\r\n",
        b"GET /version HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"GET /version HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n",
        b"POST /version HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"GET /version HTTP/1.1\r\nX: " + b"x" * 40_000 + b"\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_the_next_one_served(tmp_path: Path, request_bytes: bytes) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            reader, writer = await asyncio.open_connection("127.0.0.1", it.port)
            writer.write(request_bytes)
            assert (await reader.read(1000)).startswith(b"HTTP/1.1 400 ")
            writer.close()
            assert (await it.traefik.get("/version")).status_code == 200

    run(work())


def test_the_engines_refusals_are_passed_on(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            it.engine.answers["/v1.99/version"] = 400, b'{"message": "client version 1.99 is too new"}'
            answer = await it.traefik.get("/v1.99/version")
            assert (answer.status_code, answer.json()) == (400, {"message": "client version 1.99 is too new"})
            assert (await it.traefik.get("/containers/gone/json")).status_code == 404

    run(work())


@pytest.mark.parametrize("body", [b"no JSON: secret", b'{"message": "secret"}', b"null", b""])
def test_an_unreadable_answer_is_not_passed_on_and_hides_nothing(tmp_path: Path, body: bytes) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            it.engine.answers["/containers/json"] = 200, body
            answer = await it.traefik.get("/containers/json")
            assert (answer.status_code, "secret" in answer.text) == (502, False)
            it.engine.answers.clear()
            assert await it.shown() == {A, B}

    run(work())


def test_a_hidden_replica_is_gone_for_traefik_which_is_told_to_look(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            async with it.following() as events:
                await until(lambda: it.view.traefiks == 1)
                account = await it.hide(A)
                assert account == {
                    "instance": it.view.instance,
                    "traefiks": 1,
                    "known": True,
                    "hidden": True,
                    "looked_seconds": None,
                }
                assert await events.next() == ("die", A)
                assert await it.shown() == {B}
                assert await it.shown("/containers/json?all=1") == {B}
                assert (await it.traefik.get(f"/containers/{A}/json")).json()["State"]["Running"] is False
                assert 0 <= (await it.hide(A))["looked_seconds"] < 30
                assert (await it.control.delete(f"/hidden/{A}", headers=BEARER)).json()["hidden"] is False
                assert await events.next() == ("start", A)
                assert await it.shown() == {A, B}

    run(work())


def test_an_order_that_is_not_renewed_ends(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            async with it.following() as events:
                await it.hide(A, 0.3)
                assert await events.next() == ("die", A)
                assert await events.next() == ("start", A)
                assert await it.shown() == {A, B}

    run(work())


def test_looked_means_that_every_traefik_has_listed_since(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            async with it.following(), it.following():
                await until(lambda: it.view.traefiks == 2)
                await it.hide(A)
                await it.shown()
                assert (await it.hide(A))["looked_seconds"] is None
                await it.shown()
                assert 0 <= (await it.hide(A))["looked_seconds"] < 30
            await until(lambda: it.view.traefiks == 0)
            assert (await it.hide(A))["looked_seconds"] is None

    run(work())


def test_a_traefik_that_has_listed_before_a_change_looks_again_once_it_follows(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            await it.hide(A)
            async with it.following() as events:
                assert (await events.next())[0] == "start"

    run(work())


@pytest.mark.parametrize(("signal", "stops"), [("15", True), ("9", True), ("3", True), ("1", False), ("28", False)])
def test_what_is_sent_its_stop_signal_is_hidden(tmp_path: Path, signal: str, stops: bool) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            it.engine.containers[A]["Config"]["StopSignal"] = "SIGQUIT"
            async with it.following() as events:
                it.engine.say("kill", A, signal=signal)
                if stops:
                    assert await events.next() == ("die", A)
                else:
                    await until(lambda: f"GET /containers/{A}/json" in it.engine.calls)
                assert await it.shown() == ({B} if stops else {A, B})

    run(work())


def test_what_goes_on_after_its_grace_is_shown_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path, start_seconds=0.2) as it:
            it.engine.containers[A]["Config"]["StopTimeout"] = 0
            await it.shown()
            async with it.following() as events:
                it.engine.say("kill", A, signal="15")
                assert await events.next() == ("die", A)
                assert await events.next() == ("start", A)

    run(work())


def test_the_last_one_that_is_stopped_stays_shown(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            del it.engine.containers[B]
            it.engine.say("die", B)
            await until(lambda: B not in it.view.state.running)
            it.engine.say("kill", A, signal="15")
            await until(lambda: A in it.view.state.stopping)
            assert await it.shown() == {A}

    run(work())


def test_what_starts_is_shown_once_it_accepts_connections(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            reserved = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
            port = reserved.sockets[0].getsockname()[1]
            reserved.close()
            await reserved.wait_closed()
            async with it.following() as events:
                it.engine.run(C, port=port)
                it.engine.say("start", C)
                await until(lambda: C in it.view.state.running)
                assert await it.shown() == {A, B}
                server = await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", port)
                assert await events.next() == ("start", C)
                assert await it.shown() == {A, B, C}
                server.close()

    run(work())


def test_what_never_accepts_a_connection_is_shown_after_a_time(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path, start_seconds=0.5) as it:
            await it.shown()
            async with it.following() as events:
                it.engine.run(C, port=1)
                it.engine.say("start", C)
                assert await events.next() == ("start", C)
                assert await it.shown() == {A, B, C}

    run(work())


@pytest.mark.parametrize("answer", [(200, b"{}"), (500, b""), (200, b"no JSON")])
def test_what_starts_and_cannot_be_reached_is_shown_at_once(tmp_path: Path, answer: tuple[int, bytes]) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            it.engine.answers[f"/containers/{C}/json"] = answer
            async with it.following() as events:
                it.engine.run(C, port=1)
                it.engine.say("start", C)
                assert await events.next() == ("start", C)

    run(work())


def test_health_is_passed_on_when_it_changes(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            it.engine.run(C, healthy=False)
            it.engine.say("start", C)
            await until(lambda: C in it.view.state.running)
            await it.shown()
            async with it.following() as events:
                it.engine.run(C, healthy=True)
                it.engine.say("health_status: healthy", C)
                assert await events.next() == ("health_status: healthy", C)

    run(work())


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[]\n", b'{"Action": 1}\n', b'{"Action": "die", "Actor": "x"}\n', b"\n"]
)
def test_an_unreadable_event_is_skipped(tmp_path: Path, line: bytes) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            async with it.following() as events:
                it.engine.send(line)
                del it.engine.containers[A]
                it.engine.say("die", A)
                assert await events.next() == ("die", A)

    run(work())


def test_the_engine_may_restart_and_traefik_keeps_its_stream_and_looks_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            async with it.following() as events:
                await it.engine.down()
                await until(lambda: not it.view.engine_up)
                assert (await it.control.get("/healthz")).status_code == 503
                assert (await it.traefik.get("/containers/json")).status_code == 502
                it.engine.run(C)
                await it.engine.up()
                assert (await events.next())[0] == "start"
                await until(lambda: it.view.engine_up)
                assert (await it.control.get("/healthz")).status_code == 200
                await until(lambda: not it.view.state.starting and C in it.view.state.running)
                assert await it.shown() == {A, B, C}

    run(work())


def test_a_list_that_fails_after_an_event_is_asked_again(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            it.engine.answers["/containers/json"] = 500, b""
            it.engine.run(C)
            it.engine.say("start", C)
            await until(lambda: ("view_engine_failed") in [event for event, _ in it.logged])
            it.engine.answers.clear()
            await until(lambda: C in it.view.state.running)

    run(work())


def test_projects_limit_what_traefik_sees(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path, projects=frozenset({"shop"})) as it:
            it.engine.run(C, labels={"com.docker.compose.project": "bank"})
            assert await it.shown() == {A, B}
            assert (await it.traefik.get(f"/containers/{C}/json")).status_code == 404
            assert [(await it.hide(each))["known"] for each in (A, C)] == [True, False]
            assert (await it.traefik.get(f"/containers/{A}/json")).status_code == 200

    run(work())


def test_orders_need_the_secret(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {SECRET}"}):
                for answer in (
                    await it.control.put(f"/hidden/{A}", json={"seconds": 60}, headers=headers),
                    await it.control.delete(f"/hidden/{A}", headers=headers),
                    await it.control.get("/view", headers=headers),
                ):
                    assert answer.status_code == 401
            assert await it.shown() == {A, B}
            assert (await it.traefik.put(f"/hidden/{A}", json={"seconds": 60}, headers=BEARER)).status_code == 403
        async with site(tmp_path, secret=None) as it:
            assert (await it.control.get("/view", headers=BEARER)).status_code == 403

    run(work())


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"x",
        b"[]",
        b"{}",
        b'{"seconds": 0}',
        b'{"seconds": 601}',
        b'{"seconds": true}',
        b'{"seconds": "9"}',
        b'{"seconds": NaN}',
    ],
)
def test_an_unreadable_order_hides_nothing(tmp_path: Path, body: bytes) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            assert (await it.control.put(f"/hidden/{A}", content=body, headers=BEARER)).status_code == 400
            assert await it.shown() == {A, B}

    run(work())


def test_health_metrics_and_an_account_of_what_is_hidden(tmp_path: Path) -> None:
    async def work() -> None:
        async with site(tmp_path) as it:
            await it.shown()
            await it.hide(A)
            account = (await it.control.get("/view", headers=BEARER)).json()
            instance = it.view.instance
            assert account == {"instance": instance, "traefiks": 0, "engine": "ok", "hidden": {A: "leaving"}}
            metrics = (await it.control.get("/metrics")).text
            assert 'autoscaler_view_hidden_containers{why="leaving"} 1' in metrics
            assert 'autoscaler_view_requests_total{call="containers/json",code="200"} 1' in metrics
            assert (await it.control.get("/nothing")).status_code == 404
            assert (await it.control.post("/view", headers=BEARER)).status_code == 405
            assert (await it.control.post(f"/hidden/{A}", headers=BEARER)).status_code == 405

    run(work())


@pytest.mark.parametrize("url", ["", "/var/run/docker.sock", "https://x", "unix://", "tcp://"])
def test_an_address_that_is_no_engines_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="must begin with"):
        Engine(url)
