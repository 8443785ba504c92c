"""The HTTP client of the running daemon, with its errors in words."""

from http import HTTPStatus
from json import JSONDecodeError
from typing import Any
from urllib.parse import quote

import certifi
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, MaxRetryError, NewConnectionError, ReadTimeoutError

from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError, DaemonAbsent, DaemonUnavailable, TargetRefused
from autoscaler.formats import Address, is_http_url, without_credentials

TIMEOUT_SECONDS = 5.0
_ONCE = urllib3.Retry(total=None, connect=0, read=0, status=0, other=0, redirect=30)


def daemon_url(settings: Settings) -> str:
    """Return the daemon's URL: AUTOSCALER_URL, or else its listen address, on this machine if that is a wildcard."""
    if settings.url is not None:
        return settings.url
    host, port = settings.listen_address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def check_url(url: str) -> str:
    """Return the URL.

    Raises:
        ConfigError: it is no http URL.
    """
    if not is_http_url(url):
        raise ConfigError(f"--url must be a URL such as http://127.0.0.1:9595, not {without_credentials(url)!r}")
    return url


class DaemonClient:
    """Calls the API of a daemon. Every failure is an AutoscalerError that says what to do."""

    def __init__(self, url: str, token: str | None = None, *, plan: str = "autoscaler plan") -> None:
        self._url = Address(url).whole.rstrip("/")
        self.url = Address(self._url)  # as people read it
        self._plan = plan  # the command that needs no daemon
        # A pool uses no proxy of the environment, which could not reach a daemon on this machine.
        self._pool = urllib3.PoolManager(timeout=TIMEOUT_SECONDS, retries=_ONCE, ca_certs=certifi.where())
        user = None if self.url.user is None else ":".join(self.url.user)
        self._headers = urllib3.make_headers(basic_auth=user)
        self._token_header = {} if token is None else {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **parameters: float) -> Any:
        """Return the answer of a path, or None if there is no such path.

        Raises:
            DaemonUnavailable: no answer, or not one of a daemon; DaemonAbsent: the connection is refused.
        """
        answer = self._ask("GET", path, fields=parameters, headers=self._headers)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        if answer.status == HTTPStatus.MISDIRECTED_REQUEST:
            raise DaemonUnavailable(self._refusal(answer))
        if answer.status != HTTPStatus.OK:
            raise self.not_a_daemon(f"HTTP {answer.status}")
        return self._json(answer)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """Send a request of an operator; return the answer.

        Raises:
            ConfigError: the daemon refuses the request or the token; TargetRefused: not in the service's present state.
            DaemonUnavailable: as `get`.
        """
        answer = self._ask("POST", path, json=body, headers={**self._headers, **self._token_header})
        if answer.status == HTTPStatus.OK:
            return self._json(answer)
        error = self._refusal(answer)
        if answer.status == HTTPStatus.CONFLICT:
            raise TargetRefused(error)
        raise ConfigError(_refusal(answer.status, error))

    def status(self) -> dict[str, Any]:
        """Return the status of the daemon as a whole.

        Raises:
            DaemonUnavailable: as `get`.
        """
        found = self.get("/api/v1/status")
        if not isinstance(found, dict) or not {"ok", "interval_seconds"} <= found.keys():
            raise self.not_a_daemon("no status")
        return found

    def names(self) -> list[str]:
        """Return the names of the daemon's services.

        Raises:
            DaemonUnavailable: as `get`.
        """
        found = self.get("/api/v1/services")
        try:
            return [str(each["service"]) for each in found]
        except (KeyError, TypeError) as error:
            raise self.not_a_daemon("no list of services") from error

    def not_a_daemon(self, what: str) -> DaemonUnavailable:
        return DaemonUnavailable(f"no autoscaler answers at {self.url} ({what}); name the daemon's address with --url")

    def _ask(self, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
        try:
            return self._pool.request(method, f"{self._url}{path}", **more)
        except HTTPError as error:
            cause = error.reason if isinstance(error, MaxRetryError) else error
            if isinstance(cause, NewConnectionError) or not isinstance(cause, ConnectTimeoutError | ReadTimeoutError):
                kind = DaemonAbsent if "refused" in str(cause).lower() else DaemonUnavailable
                raise kind(self._without_answer("cannot be reached")) from error
            raise DaemonUnavailable(self._without_answer(f"does not answer within {TIMEOUT_SECONDS:g} s")) from error

    def _refusal(self, answer: urllib3.BaseHTTPResponse) -> str:
        found = self._json(answer)
        if not isinstance(found, dict) or "error" not in found:
            raise self.not_a_daemon(f"HTTP {answer.status}")
        return str(found["error"])

    def _json(self, answer: urllib3.BaseHTTPResponse) -> Any:
        try:
            return answer.json()
        except (JSONDecodeError, UnicodeDecodeError) as error:
            raise self.not_a_daemon("no JSON") from error

    def _without_answer(self, what: str) -> str:
        return (
            f"the daemon at {self.url} {what}; start it with `autoscaler run`, name another with --url, "
            f"or evaluate without a daemon with `{self._plan}`"
        )


def service_path(service: str, *more: str) -> str:
    return "/".join(["/api/v1/services", quote(service, safe=""), *more])


def _refusal(status: int, error: str) -> str:
    if status == HTTPStatus.UNAUTHORIZED:
        return "the daemon does not know this token; set AUTOSCALER_API_TOKEN_FILE as it is set for the daemon"
    if status == HTTPStatus.FORBIDDEN:
        return f"the daemon says: {error}"
    return error
