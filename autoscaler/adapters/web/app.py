"""The application: every route, and errors as JSON."""

from collections.abc import Collection
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from autoscaler.adapters.web.answer import Json
from autoscaler.adapters.web.hosts import with_own_names
from autoscaler.adapters.web.page import PageHandlers
from autoscaler.adapters.web.read import ReadHandlers
from autoscaler.adapters.web.write import WriteHandlers

_SERVICE = "/api/v1/services/{name}"


def make_app(
    reading: ReadHandlers, writing: WriteHandlers, page: PageHandlers, allowed_hosts: Collection[str] = ()
) -> ASGIApp:
    """Return the application. `%2F` in a path is part of a name, not a separator."""
    handlers = {HTTPException: _refused, ClientDisconnect: _gone}
    app = Starlette(routes=routes(reading, writing, page), exception_handlers=handlers)
    app.router.redirect_slashes = False
    return _with_raw_paths(with_own_names(app, allowed_hosts))


def routes(reading: ReadHandlers, writing: WriteHandlers, page: PageHandlers) -> list[Route]:
    """Return every route; openapi.py describes those of the API."""
    return [
        Route("/", page.index),
        Route("/page/{file}", page.asset),
        Route("/metrics", reading.metrics_page),
        Route("/healthz", reading.healthz),
        Route("/readyz", reading.readyz),
        Route("/api/v1/openapi.json", reading.openapi),
        Route("/api/v1/status", reading.daemon),
        Route("/api/v1/services", reading.services),
        Route(_SERVICE, reading.service),
        Route(f"{_SERVICE}/decisions", reading.decisions),
        Route(f"{_SERVICE}/recent", reading.recent),
        Route(f"{_SERVICE}/pause", writing.pause, methods=["POST"]),
        Route(f"{_SERVICE}/resume", writing.resume, methods=["POST"]),
        Route(f"{_SERVICE}/scale", writing.scale, methods=["POST"]),
        Route("/-/reload", writing.reload, methods=["POST"]),
    ]


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101  this handler is registered for it alone
    return Json({"error": error.detail}, status_code=error.status_code, headers=error.headers)


def _gone(_: Request, __: Exception) -> Response:
    """Return what no client reads any more: it went away, or was too slow, before its request was whole."""
    return Response(status_code=HTTPStatus.REQUEST_TIMEOUT)


def _with_raw_paths(app: ASGIApp) -> ASGIApp:
    """Route by the path as sent; the server's path is decoded, and a name may contain a slash."""

    async def routed(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope = {**scope, "path": scope["raw_path"].decode("latin-1")}
        await app(scope, receive, send)

    return routed
