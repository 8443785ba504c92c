"""The write requests, with the token: pauses, overrides, and a reload of the policy file."""

import time
from collections.abc import Callable
from typing import TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.adapters.web.answer import Json
from autoscaler.adapters.web.authorization import Authorization, read_body
from autoscaler.adapters.web.read import known, service_name
from autoscaler.adapters.web.request_bodies import parse_pause, parse_resume, parse_scale
from autoscaler.control.overrides import Overrides
from autoscaler.core.explain import format_until
from autoscaler.core.limits import beyond_bounds
from autoscaler.core.model import Override
from autoscaler.core.policy import Policy
from autoscaler.formats import plain

T = TypeVar("T")
Reload = Callable[[], str | None]  # returns all mistakes, one a line; then the old configuration stays


class WriteHandlers:
    """Applies operators' interventions. Saves each one, or warns in the answer, before it answers."""

    def __init__(
        self,
        guard: Authorization,
        status: StatusObserver,
        overrides: Overrides,
        reload: Reload,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._guard = guard
        self._status = status
        self._overrides = overrides
        self._reload = reload
        self._clock = clock

    async def pause(self, request: Request) -> Response:
        policy, seconds = await self._parse(request, parse_pause)
        await run_in_threadpool(self._overrides.pause, policy.service, self._clock() + seconds)
        return self._in_force(policy.service)

    async def scale(self, request: Request) -> Response:
        policy, order = await self._parse(request, parse_scale)
        now = self._clock()
        if (beyond := beyond_bounds(policy, order.replicas, now)) is not None:
            raise HTTPException(422, beyond)
        paused = self._overrides.of(policy.service, now).paused_until
        if paused is not None:
            raise HTTPException(409, f"{policy.service} is paused until {format_until(paused)}: resume it first")
        override = Override(order.replicas, now + order.seconds)
        await run_in_threadpool(self._overrides.override, policy.service, override)
        return self._in_force(policy.service)

    async def resume(self, request: Request) -> Response:
        policy, _ = await self._parse(request, parse_resume)
        before = await run_in_threadpool(self._overrides.resume, policy.service)
        return self._in_force(policy.service, before=plain(before.at(self._clock())))

    async def reload(self, request: Request) -> Response:
        self._guard.check(request)
        _parsed(parse_resume, await read_body(request))
        problem = await run_in_threadpool(self._reload)
        if problem is not None:
            raise HTTPException(422, problem)
        return Json({"reloaded": True})

    async def _parse(self, request: Request, parse: Callable[[bytes], T]) -> tuple[Policy, T]:
        """Return the policy of the service in the path, and the parsed body."""
        self._guard.check(request)
        policy = known(self._status.policy(service_name(request)))
        return policy, _parsed(parse, await read_body(request))

    def _in_force(self, service: str, **more: object) -> Response:
        intervention = self._overrides.of(service, self._clock())
        answer = {"service": service, "intervention": plain(intervention), "warning": self._overrides.warning(service)}
        return Json({**answer, **more})


def _parsed(parse: Callable[[bytes], T], body: bytes) -> T:
    try:
        return parse(body)
    except ValueError as error:
        raise HTTPException(400, str(error)) from error
