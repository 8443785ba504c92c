"""The status page, as static files."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import Response

from autoscaler.adapters.web.answer import Json

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript"}
# No external resources, nothing inline but the icon, and no frame around the page.
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
    """Serves the files, which query the API."""

    def __init__(self) -> None:
        folder = files("autoscaler.adapters") / "page"
        self._files = {
            file.name: file.read_bytes() for file in folder.iterdir() if file.name.rpartition(".")[2] in _TYPES
        }

    def index(self, _: Request) -> Response:
        return self._file("index.html")

    def asset(self, request: Request) -> Response:
        return self._file(request.path_params["file"])

    def _file(self, name: str) -> Response:
        if name not in self._files:
            return Json({"error": "no such file"}, status_code=404)
        media_type = _TYPES[name.rpartition(".")[2]]
        return Response(self._files[name], media_type=f"{media_type}; charset=utf-8", headers=_HEADERS)
