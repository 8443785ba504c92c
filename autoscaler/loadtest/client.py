"""Sends the requests (urllib3): concurrent clients, each with its own connection and cookies."""

import itertools
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from urllib.parse import urlsplit

import urllib3
from urllib3.exceptions import HTTPError, InsecureRequestWarning, SSLError
from urllib3.exceptions import TimeoutError as Late

from autoscaler.loadtest.answers import Answer
from autoscaler.loadtest.replicas import HEADERS, Recogniser

CONNECT_SECONDS, READ_SECONDS = 5.0, 30.0
READ_BYTES = 65_536  # of each body, searched for the replica's name


@dataclass(frozen=True, slots=True)
class Load:
    """The requests to send. `url` has the gateway and the path; `host` replaces the URL's host as name of the site."""

    url: str
    requests: int
    delay_seconds: float
    concurrency: int
    host: str | None = None
    cookies: bool = True  # clients keep received cookies
    verified: bool = True  # the certificate must be valid


def send(load: Load, recogniser: Recogniser, progress: Callable[[], None] = lambda: None) -> list[Answer]:
    """Send the load; return the answers in order of arrival. Ctrl-C ends it at once."""
    numbers, answers, stop = itertools.count(), list[Answer](), threading.Event()

    def client(number: int) -> None:
        with _connection(load) as connection:
            browser = _Client(number, load, connection, recogniser)
            while not stop.is_set() and next(numbers) < load.requests:
                answers.append(browser.ask())
                progress()
                stop.wait(load.delay_seconds)

    with ThreadPoolExecutor(load.concurrency) as pool:
        try:
            list(pool.map(client, range(min(load.concurrency, load.requests))))
        finally:
            stop.set()
    return answers


class _Client:
    """One user, who sends requests in turn and may keep cookies."""

    def __init__(self, number: int, load: Load, connection: urllib3.HTTPConnectionPool, recogniser: Recogniser) -> None:
        self._number = number
        self._load = load
        self._connection = connection
        self._recogniser = recogniser
        self._jar: dict[str, str] = {}
        parts = urlsplit(load.url)
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def ask(self) -> Answer:
        sent = dict(self._jar) if self._load.cookies else {}
        started = time.perf_counter()
        try:
            response = self._connection.request(
                "GET", self._path, headers=self._headers(sent), redirect=False, retries=False, preload_content=False
            )
            body = response.read(READ_BYTES, decode_content=True)
            seconds = time.perf_counter() - started
            response.drain_conn()
        except (HTTPError, OSError) as error:
            return Answer(self._number, time.perf_counter() - started, error=_describe(error))
        return self._answer(response, body, seconds, sent)

    def _headers(self, cookies: dict[str, str]) -> dict[str, str]:
        headers = {"User-Agent": "autoscaler load-test"}
        if self._load.host is not None:
            headers["Host"] = self._load.host
        if cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return headers

    def _answer(self, response: urllib3.BaseHTTPResponse, body: bytes, seconds: float, sent: dict[str, str]) -> Answer:
        received = _cookies(response.headers.getlist("set-cookie"), secure=self._load.url.startswith("https"))
        self._jar |= received
        given, kept = self._recogniser.sticky(received), self._recogniser.sticky(sent)
        headers = {name: response.headers[name] for name in HEADERS if name in response.headers}
        texts = [value for name, value in response.headers.items() if name.lower() != "set-cookie"]
        return Answer(
            client=self._number,
            seconds=seconds,
            status=response.status,
            marked=self._recogniser.by_mark([*texts, body.decode("utf-8", "replace")]),
            headers=headers,
            cookie=given or kept,
            cookie_sent=kept is not None,
        )


def _cookies(headers: list[str], *, secure: bool) -> dict[str, str]:
    """Return the cookies that a browser would keep: without TLS no secure ones."""
    found: dict[str, str] = {}
    for header in headers:
        try:
            parsed = SimpleCookie(header).items()
        except CookieError:
            continue
        found |= {name: morsel.value for name, morsel in parsed if secure or not morsel["secure"]}
    return found


def _connection(load: Load) -> urllib3.HTTPConnectionPool:
    """Return a pool of one connection, whose TLS requests the host's name rather than the gateway's."""
    parts = urlsplit(load.url)
    timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS)
    host = parts.hostname or ""
    if parts.scheme != "https":
        return urllib3.HTTPConnectionPool(host, parts.port or 80, timeout=timeout)
    return urllib3.HTTPSConnectionPool(
        host, parts.port or 443, timeout=timeout, ssl_context=_tls(load), server_hostname=load.host
    )


def _tls(load: Load) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not load.verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)  # requested by the user
    return context


def _describe(error: Exception) -> str:
    if isinstance(error, SSLError) or isinstance(error.__cause__, ssl.SSLError):
        return "the gateway's certificate is not trusted; --insecure takes any"
    if "refused" in str(error).lower():
        return "refused"
    return "timed out" if isinstance(error, Late) else f"broken off ({type(error).__name__})"
