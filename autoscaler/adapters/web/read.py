"""What can be read: pages, metrics, health, the services and their journal."""

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from autoscaler.adapters.journal.observer import JournalObserver
from autoscaler.adapters.journal.query import parse_query
from autoscaler.adapters.metrics.instruments import CONTENT_TYPE
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.events import plain_evaluation


class ReadHandlers:
    """Answers from what the observers hold."""

    def __init__(self, status: StatusObserver, metrics: MetricsObserver, journal: JournalObserver) -> None:
        self._status = status
        self._metrics = metrics
        self._journal = journal

    def metrics_page(self, _: Request) -> Response:
        return Response(self._metrics.render(), media_type=CONTENT_TYPE)

    def healthz(self, _: Request) -> Response:
        return _health(self._status.alive())

    def readyz(self, _: Request) -> Response:
        return _health(self._status.ready())

    def services(self, _: Request) -> Response:
        return JSONResponse(self._status.services())

    def service(self, request: Request) -> Response:
        found = self._status.service(service_name(request))
        return no_such_service() if found is None else JSONResponse(found)

    def decisions(self, request: Request) -> Response:
        try:
            query = parse_query(request.query_params)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        found = self._journal.entries(service_name(request), since=query.since, until=query.until, limit=query.limit)
        return no_such_service() if found is None else JSONResponse([plain_evaluation(entry) for entry in found])


def service_name(request: Request) -> str:
    """Return the name in the path; what is no UTF-8 becomes a name that no service has."""
    return unquote(request.path_params["name"])


def no_such_service() -> Response:
    return JSONResponse({"error": "no such service"}, status_code=404)


def _health(state: tuple[bool, str]) -> Response:
    good, message = state
    return JSONResponse({"ok": good, "message": message}, status_code=200 if good else 503)
