"""The HTTP face (starlette on uvicorn): metrics, health, the services' decisions."""

import socket
import threading
from collections.abc import Callable

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from autoscaler import __version__
from autoscaler.account import plain_account
from autoscaler.adapters.instruments import CONTENT_TYPE
from autoscaler.adapters.journal import JournalObserver
from autoscaler.adapters.journal_query import parse_query
from autoscaler.adapters.metrics import MetricsObserver
from autoscaler.adapters.status import StatusObserver
from autoscaler.errors import ConfigError

_LANDING = f"""<!doctype html><html lang="en"><title>traefik-autoscaler</title>
<h1>traefik-autoscaler {__version__}</h1>
<ul><li><a href="/metrics">metrics</a><li><a href="/healthz">healthz</a><li><a href="/readyz">readyz</a>
<li><a href="/api/v1/services">services</a></ul></html>"""


def make_app(status: StatusObserver, metrics: MetricsObserver, journal: JournalObserver) -> Starlette:
    """Return the application; it only reads."""

    def landing(_: Request) -> Response:
        return HTMLResponse(_LANDING)

    def metrics_page(_: Request) -> Response:
        return Response(metrics.render(), media_type=CONTENT_TYPE)

    def healthz(_: Request) -> Response:
        return _health(status.alive())

    def readyz(_: Request) -> Response:
        return _health(status.ready())

    def services(_: Request) -> Response:
        return JSONResponse(status.services())

    def service(request: Request) -> Response:
        found = status.service(request.path_params["name"])
        return _no_such_service() if found is None else JSONResponse(found)

    def decisions(request: Request) -> Response:
        try:
            query = parse_query(request.query_params)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        found = journal.entries(request.path_params["name"], since=query.since, until=query.until, limit=query.limit)
        return _no_such_service() if found is None else JSONResponse([plain_account(entry) for entry in found])

    return Starlette(
        routes=[
            Route("/", landing),
            Route("/metrics", metrics_page),
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/api/v1/services", services),
            Route("/api/v1/services/{name:path}/decisions", decisions),
            Route("/api/v1/services/{name:path}", service),
        ]
    )


def _no_such_service() -> Response:
    return JSONResponse({"error": "no such service"}, status_code=404)


def _health(state: tuple[bool, str]) -> Response:
    good, message = state
    return JSONResponse({"ok": good, "message": message}, status_code=200 if good else 503)


class WebServer:
    """Serves the application in a thread; `on_exit` is called when the server ends, for whatever reason."""

    def __init__(self, app: Starlette, host: str, port: int, on_exit: Callable[[], None]) -> None:
        config = uvicorn.Config(
            app, host, port, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1
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
            self._server.run(sockets=self._sockets)
        finally:
            self._on_exit()


def _bind(config: uvicorn.Config) -> socket.socket:
    """Bind here and now: a port that is taken must stop the start, with a clear message."""
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((config.host, config.port))
        sock.listen(config.backlog)
    except OSError as error:
        sock.close()
        raise ConfigError(
            f"AUTOSCALER_LISTEN: cannot listen on {config.host}:{config.port}: {error.strerror or error}; "
            "choose an address and port of this machine that are free"
        ) from error
    return sock
