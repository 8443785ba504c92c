"""What the daemon and a scraper ask the view on a second port: orders need the secret, health and metrics do not."""

import json
import re
from http import HTTPStatus

from autoscaler.proxies.traefik_view import visibility
from autoscaler.proxies.traefik_view.exposition import text
from autoscaler.proxies.traefik_view.server import Request, Response, equal
from autoscaler.proxies.traefik_view.view import View

MOST_SECONDS = 600.0
MOST_ORDERS = 10_000
_ORDER = re.compile(r"/hidden/([0-9a-f]{64})")
_TEXT = "text/plain; version=0.0.4; charset=utf-8"


class Control:
    """Answers the requests of this port."""

    def __init__(self, view: View, secret: str | None) -> None:
        self._view = view
        self._secret = secret

    async def answer(self, request: Request) -> Response:
        path = request.target.partition("?")[0]
        if request.method in {"GET", "HEAD"} and path == "/healthz":
            status = HTTPStatus.OK if self._view.engine_up else HTTPStatus.SERVICE_UNAVAILABLE
            return _json(status, {"engine": "ok" if self._view.engine_up else "does not answer"})
        if request.method == "GET" and path == "/metrics":
            return Response(HTTPStatus.OK, text(self._view).encode(), _TEXT)
        order = _ORDER.fullmatch(path)
        if order is None and path != "/view":
            return _message(HTTPStatus.NOT_FOUND, "there is /healthz, /metrics, /view and /hidden/CONTAINER")
        if self._secret is None:
            return _message(HTTPStatus.FORBIDDEN, "orders are off: set AUTOSCALER_TRAEFIK_VIEW_SECRET_FILE")
        if not equal(request.bearer, self._secret):
            return _message(HTTPStatus.UNAUTHORIZED, "the secret is not that of this view")
        if order is None:
            return self._whole() if request.method == "GET" else _message(HTTPStatus.METHOD_NOT_ALLOWED, "only GET")
        return self._order(request, order.group(1))

    def _order(self, request: Request, container: str) -> Response:
        match request.method:
            case "PUT":
                seconds = _seconds(request.body)
                if seconds is None:
                    wanted = f'{{"seconds": more than 0, at most {MOST_SECONDS:g}}}'
                    return _message(HTTPStatus.BAD_REQUEST, f"the body must be {wanted}")
                if len(self._view.state.leaving) >= MOST_ORDERS:
                    return _message(HTTPStatus.TOO_MANY_REQUESTS, "too many containers are hidden")
                self._view.hide(container, seconds)
            case "DELETE":
                self._view.show(container)
            case "GET":
                pass
            case _:
                return _message(HTTPStatus.METHOD_NOT_ALLOWED, "only PUT, GET and DELETE")
        return _json(HTTPStatus.OK, self._account(container))

    def _account(self, container: str) -> dict[str, object]:
        """Return how far an order has come: how long ago every Traefik has listed the containers without this one."""
        why = visibility.hidden(self._view.state).get(container)
        return {
            "instance": self._view.instance,
            "traefiks": self._view.traefiks,
            "known": container in self._view.state.running,
            "hidden": why is not None,
            "looked_seconds": self._view.looked_seconds(container),
        }

    def _whole(self) -> Response:
        hidden = {container: str(why) for container, why in visibility.hidden(self._view.state).items()}
        engine = "ok" if self._view.engine_up else "does not answer"
        account = {"instance": self._view.instance, "traefiks": self._view.traefiks, "engine": engine, "hidden": hidden}
        return _json(HTTPStatus.OK, account)


def _seconds(body: bytes) -> float | None:
    try:
        seconds = json.loads(body)["seconds"]
    except (ValueError, TypeError, KeyError):
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    return float(seconds) if 0 < seconds <= MOST_SECONDS else None


def _json(status: HTTPStatus, value: object) -> Response:
    return Response(status, json.dumps(value).encode())


def _message(status: HTTPStatus, words: str) -> Response:
    return _json(status, {"message": words})
