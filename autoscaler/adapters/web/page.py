"""The status page: a few files that the browser gets as they are, and what they ask for beyond the public API."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autoscaler import __version__
from autoscaler.adapters.status.daemon import OverviewObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.adapters.status.recent import RecentObserver
from autoscaler.adapters.web.openapi import document
from autoscaler.adapters.web.read import no_such_service, service_name

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# Nothing from elsewhere, nothing inline but the icon, and in nobody else's frame.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


class PageHandlers:
    """Answers what a browser asks."""

    def __init__(self, status: StatusObserver, overview: OverviewObserver, recent: RecentObserver) -> None:
        self._status = status
        self._overview = overview
        self._recent = recent
        folder = files("autoscaler.adapters") / "page"
        self._files = {
            file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES
        }
        self._document = document()

    def index(self, _: Request) -> Response:
        return self._file("index.html")

    def asset(self, request: Request) -> Response:
        return self._file(request.path_params["file"])

    def openapi(self, _: Request) -> Response:
        return JSONResponse(self._document)

    def daemon(self, _: Request) -> Response:
        """Tell of the daemon as a whole."""
        alive, alive_message = self._status.alive()
        ready, ready_message = self._status.ready()
        return JSONResponse(
            {
                "version": __version__,
                "interval_seconds": self._overview.interval_seconds,
                "dry_run": self._overview.dry_run,
                "ok": alive and ready,
                "message": alive_message if not alive else ready_message,
                "notes": list(self._overview.notes()),
            }
        )

    def recent(self, request: Request) -> Response:
        found = self._recent.points(service_name(request))
        return no_such_service() if found is None else JSONResponse(found)

    def _file(self, name: str) -> Response:
        if name not in self._files:
            return JSONResponse({"error": "no such file"}, status_code=404)
        media_type = _TYPES[name.rpartition(".")[2]]
        return Response(self._files[name], media_type=f"{media_type}; charset=utf-8", headers=_HEADERS)
