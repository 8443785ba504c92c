"""The real engine behind a proxy that fails: Traefik gets an error, never a wrong list, and the view goes on."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest

from autoscaler.proxies.traefik_view.engine import Engine
from autoscaler.proxies.traefik_view.server import Server
from autoscaler.proxies.traefik_view.view import View
from tests.support.compose_project import Project
from tests.support.engine_proxy import Fault, Proxy, proxying

pytestmark = pytest.mark.engine

Work = Callable[[View, httpx.AsyncClient], Coroutine[Any, Any, None]]


@pytest.fixture(scope="module")
def originals() -> int:
    return 2


def behind(proxy: Proxy, project: str, work: Work) -> None:
    async def run() -> None:
        view = View(Engine(proxy.url), projects=frozenset({project}), start_seconds=60.0, log=lambda *_, **__: None)
        server, following = Server(view.answer), asyncio.ensure_future(view.run())
        port = await server.listen("127.0.0.1", 0)
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60, verify=False) as client:
                await until(lambda: len(view.state.running) == 2)
                await work(view, client)
        finally:
            following.cancel()
            await server.close()

    asyncio.run(asyncio.wait_for(run(), 120))


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110  what is waited for sets no event
            await asyncio.sleep(0.02)


@pytest.mark.parametrize(
    "fault",
    [
        Fault("GET /containers/json", times=1),
        Fault("GET /containers/json", status=0),
        Fault("GET /containers/json", status=503, proxy=True, body=b"<html>"),
        Fault("GET /containers/json", status=200, body=b"<html>"),
        Fault("GET /containers/json", status=200, body=b"{}"),
    ],
    ids=["refused", "dropped", "no server", "no JSON", "no list"],
)
def test_a_list_that_fails_is_an_error_and_the_next_one_is_whole(plain: Project, fault: Fault) -> None:
    with proxying(plain.engine_url) as proxy:

        async def work(view: View, client: httpx.AsyncClient) -> None:
            proxy.faults.append(Fault(**vars(fault)))
            assert (await client.get("/containers/json")).status_code >= 500
            assert len((await client.get("/containers/json")).json()) == 2

        behind(proxy, plain.name, work)


def test_a_start_that_cannot_be_looked_into_is_shown(plain: Project) -> None:
    with proxying(plain.engine_url) as proxy:

        async def work(view: View, client: httpx.AsyncClient) -> None:
            two = plain.inspect(2)["Id"]
            proxy.faults.append(Fault(f"GET /containers/{two}/json", status=0, times=99))
            await asyncio.to_thread(plain.run, "restart", "--timeout", "0", "web")
            await until(lambda: len(view.state.running) == 2 and not view.state.starting)
            assert len((await client.get("/containers/json")).json()) == 2

        behind(proxy, plain.name, work)


def test_events_that_break_off_are_followed_anew(plain: Project) -> None:
    with proxying(plain.engine_url) as proxy:
        proxy.faults.append(Fault("GET /events", status=0, times=2))

        async def work(view: View, client: httpx.AsyncClient) -> None:
            assert view.engine_up
            await asyncio.to_thread(plain.run, "stop", "--timeout", "0", "web")
            await until(lambda: not view.state.running)

        behind(proxy, plain.name, work)
