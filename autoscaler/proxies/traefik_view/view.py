"""The view at work: follows the engine, answers Traefik, and makes it look again whenever it would see a change."""

import asyncio
import json
import secrets
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Coroutine
from typing import Any

from autoscaler.errors import TargetUnavailable
from autoscaler.proxies.traefik_view import containers as engine_answers
from autoscaler.proxies.traefik_view import visibility
from autoscaler.proxies.traefik_view.calls import Call, Kind, permitted
from autoscaler.proxies.traefik_view.engine import Answer, Engine
from autoscaler.proxies.traefik_view.probe import Reached, reached
from autoscaler.proxies.traefik_view.server import Lines, Request, Response, Streaming
from autoscaler.proxies.traefik_view.visibility import State

RECONNECT_SECONDS, MOST_RECONNECT_SECONDS = 0.2, 2.0
PROBE_SECONDS, MOST_PROBE_SECONDS = 0.03, 0.5
MOST_LOOKS = 16
GRACE_MARGIN_SECONDS = 2.0  # from the end of the grace to the container's end
OK, NOT_FOUND, FORBIDDEN, UNAVAILABLE = 200, 404, 403, 502
_VERSION_FIELDS = ("Version", "ApiVersion", "MinAPIVersion", "Os", "Arch")
_PING_HEADERS = {"api-version": "Api-Version", "ostype": "Ostype", "docker-experimental": "Docker-Experimental"}

Log = Callable[..., None]


class View:
    """All of it runs in one event loop."""

    def __init__(self, engine: Engine, *, projects: frozenset[str], start_seconds: float, log: Log) -> None:
        self.instance = secrets.token_hex(8)
        self.state = State()
        self.engine_up = False
        self.events_sent = 0
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, float] = defaultdict(float)
        self._engine = engine
        self._projects = projects
        self._start_seconds = start_seconds
        self._log = log
        self._traefiks: dict[Lines, str] = {}  # the address of each that reads events
        self._looks: dict[str, deque[float]] = {}  # when each address began its last lists
        self._changed_at = 0.0  # when Traefik had to look again
        self._hidden_at: dict[str, float] = {}
        self._changed = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._tasks: dict[str, asyncio.Task[None]] = {}

    # What the daemon asks

    def hide(self, container: str, seconds: float) -> None:
        """Hide a container for so long, or as long again."""
        self._apply(visibility.hide(self.state, container, _now() + seconds))

    def show(self, container: str) -> None:
        """End the order to hide it."""
        self._apply(visibility.show(self.state, container))

    @property
    def traefiks(self) -> int:
        """How many Traefiks follow the events."""
        return len(self._traefiks)

    def looked_seconds(self, container: str) -> float | None:
        """Return how long ago every Traefik has listed the containers without this one; None: not yet."""
        since, traefiks = self._hidden_at.get(container), Counter(self._traefiks.values())
        if since is None or not traefiks:
            return None
        last = 0.0
        for peer, count in traefiks.items():  # several may share an address
            looks = [at for at in self._looks.get(peer, ()) if at >= since]
            if len(looks) < count:
                return None
            last = max(last, looks[count - 1])
        return _now() - last

    # What Traefik asks

    async def answer(self, request: Request) -> Response | Streaming:
        """Answer a request of Traefik's provider, and refuse all others."""
        began = time.perf_counter()
        call = permitted(request.method, request.target, has_body=bool(request.body))
        name = "refused" if call is None else call.kind.value
        try:
            answer = await self._answer(call, request)
        except (TargetUnavailable, ValueError) as error:
            self._log("view_engine_failed", call=name, error=str(error))
            answer = _message(UNAVAILABLE, str(error))
        self.requests[name, answer.status if isinstance(answer, Response) else OK] += 1
        self.seconds[name] += time.perf_counter() - began
        return answer

    async def _answer(self, call: Call | None, request: Request) -> Response | Streaming:
        if call is None:
            self._log("view_refused", method=request.method, target=request.target[:200], peer=request.peer)
            return _message(FORBIDDEN, f"traefik-view does not allow {request.method} {request.target[:200]}")
        match call.kind:
            case Kind.EVENTS:
                return self._follow(request.peer)
            case Kind.PING:
                answer = await self._engine.get(f"{call.version}/_ping", request.method)
                headers = {
                    shown: answer.headers[name] for name, shown in _PING_HEADERS.items() if name in answer.headers
                }
                return Response(
                    answer.status, b"OK" if answer.status == OK else b"", "text/plain; charset=utf-8", headers
                )
            case Kind.VERSION:
                return await self._passed(f"{call.version}/version", _version)
            case Kind.LIST:
                return await self._list(call, request.peer)
            case Kind.INSPECT:
                return await self._passed(f"{call.version}/containers/{call.container}/json", self._inspected)

    async def _list(self, call: Call, peer: str) -> Response:
        began = _now()

        def shown(answer: Any) -> Any:
            entries = engine_answers.visible(answer, self._projects)
            self._listed(answer)
            self._looks.setdefault(peer, deque(maxlen=MOST_LOOKS)).append(began)
            return engine_answers.hidden_entries(entries, visibility.hidden(self.state), stopped_too=call.stopped_too)

        return await self._passed(f"{call.version}/containers/json?all={int(call.stopped_too)}", shown)

    async def _passed(self, path: str, shown: Callable[[Any], Any]) -> Response:
        """Pass on the part of a good answer that Traefik reads; of a bad one, its status and message."""
        answer = await self._engine.get(path)
        if answer.status != OK:
            return _message(answer.status, _error_text(answer))
        part = shown(json.loads(answer.body))
        if part is None:
            return _message(NOT_FOUND, "no such container in this view")
        headers = {"Api-Version": version} if (version := answer.headers.get("api-version")) else {}
        return Response(OK, json.dumps(part, separators=(",", ":")).encode(), headers=headers)

    def _inspected(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            raise ValueError("the engine's answer is no container")  # noqa: TRY004  as for what is no JSON
        if self._projects and engine_answers.project(answer) not in self._projects:
            return None
        return engine_answers.inspected_for_traefik(answer, hidden=answer.get("Id") in visibility.hidden(self.state))

    def _follow(self, peer: str) -> Streaming:
        lines = Lines()
        self._traefiks[lines] = peer
        self._log("view_traefik_connected", peer=peer)
        if max(self._looks.get(peer, ()), default=0.0) <= self._changed_at:
            lines.send(_event("", "start"))  # it has listed before the last change, and begins to follow after it

        def closed() -> None:
            self._traefiks.pop(lines, None)
            self._log("view_traefik_gone", peer=peer)

        return Streaming(lines, closed)

    # What the engine says

    async def run(self) -> None:
        """Follow the engine for ever, through its restarts."""
        refreshing = asyncio.ensure_future(self._refresh_when_changed())
        try:
            await self._follow_engine()
        finally:
            refreshing.cancel()
            for task in self._tasks.values():
                task.cancel()

    async def _follow_engine(self) -> None:
        pause_seconds = RECONNECT_SECONDS
        while True:
            try:
                async with self._engine.events() as events:
                    self.engine_up, pause_seconds = True, RECONNECT_SECONDS
                    self._log("view_follows_engine")
                    self._apply(visibility.followed_anew(self.state))
                    self._changed.set()
                    self._send("", "start")  # something may have happened meanwhile
                    async for event in events:
                        self._heard(event)
            except TargetUnavailable as error:
                self._log("view_engine_failed", call="events", error=str(error))
            self.engine_up = False
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, MOST_RECONNECT_SECONDS)

    def _heard(self, event: dict[str, Any]) -> None:
        action, actor = event.get("Action"), event.get("Actor")
        container = actor.get("ID") if isinstance(actor, dict) else None
        if not isinstance(action, str) or not isinstance(container, str) or not isinstance(actor, dict):
            return
        attributes = actor.get("Attributes")
        attributes = attributes if isinstance(attributes, dict) else {}
        if self._projects and attributes.get(engine_answers.PROJECT) not in self._projects:
            return
        if action == "start":
            self._apply(visibility.started(self.state, container, _now(), self._start_seconds))
        elif action == "die":
            self._cancel(f"start {container}")
            self._apply(visibility.ended(self.state, container))
        elif action == "kill":
            self._killed(container, engine_answers.signal_number(attributes.get("signal")))
            return
        self._changed.set()

    async def _refresh_when_changed(self) -> None:
        """List the containers after events; many of them at once need but one list."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                self._listed(await self._engine.json("/containers/json"))
            except (TargetUnavailable, ValueError) as error:
                self._log("view_engine_failed", call="list", error=str(error))
                await asyncio.sleep(RECONNECT_SECONDS)
                self._changed.set()

    def _listed(self, answer: Any) -> None:
        running = engine_answers.containers(answer, self._projects)
        self._apply(visibility.listed(self.state, running, _now(), self._start_seconds))

    # What starts and what stops

    def _killed(self, container: str, signal: int | None) -> None:
        if container not in self.state.running:
            return
        if signal in {engine_answers.TERM, engine_answers.KILL}:  # before the engine is asked for more
            grace_seconds = engine_answers.DEFAULT_GRACE_SECONDS + GRACE_MARGIN_SECONDS
            self._apply(visibility.stop_asked(self.state, container, _now(), grace_seconds))
        self._spawn(f"stop {container}", self._learn_stop(container, signal))

    async def _learn_stop(self, container: str, signal: int | None) -> None:
        """Ask how long the container's grace is, and whether this is the signal that stops it."""
        inspected = await self._engine.json(f"/containers/{container}/json")
        settings = engine_answers.stop_settings(inspected) if isinstance(inspected, dict) else None
        if settings is None or signal not in settings.signals or container not in self.state.running:
            return
        if signal in {engine_answers.TERM, engine_answers.KILL} and container not in self.state.stopping:
            return  # it has ended, and may have been started again
        grace_seconds = settings.grace_seconds + GRACE_MARGIN_SECONDS
        self._apply(visibility.stop_asked(self.state, container, _now(), grace_seconds))

    async def _watch_start(self, container: str) -> None:
        """Wait until it accepts a connection, or until that cannot be found out."""
        try:
            inspected = await self._engine.json(f"/containers/{container}/json")
        except TargetUnavailable:
            inspected = None
        addresses = engine_answers.server_addresses(inspected) if isinstance(inspected, dict) else []
        pause_seconds = PROBE_SECONDS
        while container in self.state.starting and await reached(addresses) is Reached.REFUSED:
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(1.5 * pause_seconds, MOST_PROBE_SECONDS)
        self._apply(visibility.accepts(self.state, container))

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        async def guarded() -> None:
            try:
                await work
            except TargetUnavailable as error:
                self._log("view_engine_failed", call="inspect", error=str(error))
            finally:
                if self._tasks.get(name) is asyncio.current_task():
                    del self._tasks[name]

        self._cancel(name)
        self._tasks[name] = asyncio.ensure_future(guarded())

    def _cancel(self, name: str) -> None:
        if (task := self._tasks.pop(name, None)) is not None:
            task.cancel()

    # What follows from it

    def _apply(self, state: State) -> None:
        """Take on the state, make Traefik look if it would see a change, and come back when a reason ends."""
        before, self.state = self.state, visibility.elapsed(state, _now(), self._start_seconds)
        hidden = visibility.hidden(self.state)
        for container in self._hidden_at.keys() - hidden.keys():
            del self._hidden_at[container]
            self._log("view_shows", container=container[:12], runs=container in self.state.running)
        for container in hidden.keys() - self._hidden_at.keys():
            self._hidden_at[container] = _now()
            self._log("view_hides", container=container[:12], why=hidden[container])
        for change in visibility.changes(before, self.state)[:1]:  # Traefik looks at everything
            self._send(change.container, change.action)
        for container in self.state.starting:
            if f"start {container}" not in self._tasks:
                self._spawn(f"start {container}", self._watch_start(container))
        self._set_timer()

    def _set_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        end = visibility.next_end(self.state)
        loop = asyncio.get_running_loop()
        self._timer = None if end is None else loop.call_at(loop.time() + end - _now(), self._time_is_up)

    def _time_is_up(self) -> None:
        self._apply(self.state)

    def _send(self, container: str, action: str) -> None:
        line = _event(container, action)
        self._changed_at = _now()
        self.events_sent += 1
        for lines in list(self._traefiks):
            lines.send(line)


def _event(container: str, action: str) -> bytes:
    event = {
        "status": action,
        "id": container,
        "Type": "container",
        "Action": action,
        "Actor": {"ID": container, "Attributes": {}},
        "scope": "local",
        "time": int(time.time()),
        "timeNano": time.time_ns(),
    }
    return json.dumps(event, separators=(",", ":")).encode() + b"\n"


def _now() -> float:
    return time.monotonic()


def _ping(answer: Answer) -> Response:
    headers = {shown: answer.headers[name] for name, shown in _PING_HEADERS.items() if name in answer.headers}
    return Response(answer.status, b"OK" if answer.status == OK else b"", "text/plain; charset=utf-8", headers)


def _version(answer: Any) -> Any:
    if not isinstance(answer, dict):
        raise ValueError("the engine's version is no mapping")  # noqa: TRY004  as for what is no JSON
    return {name: str(answer[name]) for name in _VERSION_FIELDS if name in answer}


def _error_text(answer: Answer) -> str:
    try:
        return str(json.loads(answer.body)["message"])[:500]
    except (ValueError, TypeError, KeyError):
        return f"the engine answers with status {answer.status}"


def _message(status: int, text: str) -> Response:
    return Response(status, json.dumps({"message": text}).encode())
