"""The running daemon, asked over HTTP."""

import shlex
from typing import Any
from urllib.parse import quote

import requests
from pydantic import TypeAdapter, ValidationError

from autoscaler import __version__
from autoscaler.account import Account
from autoscaler.cli.times import format_at
from autoscaler.errors import ConfigError, DaemonUnavailable
from autoscaler.settings import Settings
from autoscaler.urls import is_http_url

TIMEOUT_SECONDS = 5.0
_ACCOUNT = TypeAdapter(Account)
_ENTRIES = 20  # enough to hold the one in force at a time, however many reasons alternated then


def daemon_url(settings: Settings) -> str:
    """Return where the daemon of these settings listens; of one that listens everywhere, on this machine."""
    host, port = settings.listen_address
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://{f'[{host}]' if ':' in host else host}:{port}"


def check_url(url: str) -> str:
    """Return the URL of a daemon, if it can be asked.

    Raises:
        ConfigError: it is no such URL.
    """
    if not is_http_url(url):
        raise ConfigError(f"--url must be a URL such as http://127.0.0.1:9595, not {url!r}")
    return url


class Daemon:
    """The API of a daemon, for one service."""

    def __init__(self, url: str, service: str) -> None:
        self._url = url.rstrip("/")
        self._service = service
        self._session = requests.Session()
        self._session.trust_env = False  # a proxy of the environment knows nothing of a daemon on this machine

    def last(self) -> dict[str, Any]:
        """Return the account of the last evaluation as JSON.

        Raises:
            ConfigError: the daemon has no such service.
            DaemonUnavailable: it does not answer, not as a daemon does, or the service has not been evaluated yet.
        """
        found = self._get(f"/{quote(self._service, safe='')}")
        if not isinstance(found, dict) or found.get("service") != self._service:
            raise ConfigError(f"the daemon at {self._url} has no service {self._service}; it has: {self._names()}")
        if found.get("action") is None:
            raise DaemonUnavailable(f"{self._service} has not been evaluated yet; ask again after the first cycle")
        return found

    def _names(self) -> str:
        services = self._get("")
        try:
            return ", ".join([services[0]["service"], *(each["service"] for each in services[1:])])
        except (IndexError, KeyError, TypeError) as error:
            raise self._strange("no list of services") from error

    def at(self, at: float) -> dict[str, Any]:
        """Return the account in force at a time (unix seconds) as JSON.

        Raises:
            ConfigError, DaemonUnavailable: as `last`; and when the journal does not reach back so far.
        """
        self.last()
        entries = self._get(f"/{quote(self._service, safe='')}/decisions", until=at, limit=_ENTRIES)
        if not entries:
            raise DaemonUnavailable(
                f"nothing is known of {self._service} at {format_at(at)}: the journal is in memory, "
                "and begins with the daemon's start"
            )
        found: dict[str, Any] = max(entries, key=lambda entry: (min(entry["last_at"], at), entry["at"]))
        return found

    def _get(self, path: str, **parameters: float) -> Any:
        url = f"{self._url}/api/v1/services{path}"
        try:
            answer = self._session.get(url, params=parameters, timeout=TIMEOUT_SECONDS)
        except requests.RequestException as error:
            raise self._silent(error) from error
        if answer.status_code == requests.codes.not_found:
            return None
        if answer.status_code != requests.codes.ok:
            raise self._strange(f"HTTP {answer.status_code}")
        try:
            return answer.json()
        except requests.JSONDecodeError as error:
            raise self._strange("no JSON") from error

    def _silent(self, error: requests.RequestException) -> DaemonUnavailable:
        late = isinstance(error, requests.Timeout)
        what = f"does not answer within {TIMEOUT_SECONDS:g} s" if late else "cannot be reached"
        return DaemonUnavailable(
            f"the daemon at {self._url} {what}; start it with `autoscaler run`, name another with --url, "
            f"or see what would be done now with `autoscaler plan {shlex.quote(self._service)}`"
        )

    def _strange(self, what: str) -> DaemonUnavailable:
        return DaemonUnavailable(
            f"what answers at {self._url} is no autoscaler ({what}); name the daemon's address with --url"
        )


def read_account(found: dict[str, Any]) -> Account:
    """Return the account of what the daemon told.

    Raises:
        DaemonUnavailable: the daemon is of another version, and says what this one does not know.
    """
    try:
        return _ACCOUNT.validate_python(found)
    except ValidationError as error:
        raise DaemonUnavailable(
            f"the daemon says what version {__version__} of this command does not know; "
            "run the command of the daemon's version, or add --json"
        ) from error
