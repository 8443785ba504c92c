"""The read requests: metrics, health, the daemon, the services, their journal, and the API document."""

from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from autoscaler import __version__
from autoscaler.adapters.journal.observer import JournalObserver
from autoscaler.adapters.journal.query import parse_query
from autoscaler.adapters.metrics.instruments import CONTENT_TYPE
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.adapters.status.daemon import DaemonObserver
from autoscaler.adapters.status.observer import StatusObserver
from autoscaler.adapters.status.recent import RecentObserver
from autoscaler.adapters.web.answer import Json
from autoscaler.adapters.web.openapi import document
from autoscaler.events import plain_evaluation

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ReadHandlers:
    """Answers from the state of the observers."""

    _status: StatusObserver
    _metrics: MetricsObserver
    _journal: JournalObserver
    _overview: DaemonObserver
    _recent: RecentObserver

    def metrics_page(self, _: Request) -> Response:
        return Response(self._metrics.render(), media_type=CONTENT_TYPE)

    def healthz(self, _: Request) -> Response:
        return _health(self._status.alive())

    def readyz(self, _: Request) -> Response:
        return _health(self._status.ready())

    def openapi(self, _: Request) -> Response:
        return Json(document())

    def daemon(self, _: Request) -> Response:
        """Return the state of the daemon as a whole."""
        alive, alive_message = self._status.alive()
        ready, ready_message = self._status.ready()
        return Json(
            {
                "version": __version__,
                **self._overview.settings(),
                "ok": alive and ready,
                "message": alive_message if not alive else ready_message,
                "notes": self._overview.notes(),
                "services": self._status.conditions(),
            }
        )

    def recent(self, request: Request) -> Response:
        return Json(known(self._recent.points(service_name(request))))

    def services(self, _: Request) -> Response:
        return Json(self._status.services())

    def service(self, request: Request) -> Response:
        return Json(known(self._status.service(service_name(request))))

    def decisions(self, request: Request) -> Response:
        try:
            query = parse_query(request.query_params)
        except ValueError as error:
            raise HTTPException(400, str(error)) from error
        found = self._journal.entries(service_name(request), since=query.since, until=query.until, limit=query.limit)
        return Json([plain_evaluation(entry) for entry in known(found)])


def service_name(request: Request) -> str:
    """Return the name in the path; invalid UTF-8 becomes a name that no service has."""
    return unquote(request.path_params["name"])


def known(found: T | None) -> T:
    """Return what was found about a service.

    Raises:
        HTTPException: 404, there is no such service.
    """
    if found is None:
        raise HTTPException(404, "no such service")
    return found


def _health(state: tuple[bool, str]) -> Response:
    good, message = state
    return Json({"ok": good, "message": message}, status_code=200 if good else 503)
