"""One question to Prometheus -> series or a fault with a sentence. The only user of prometheus-api-client."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

from autoscaler.adapters.prometheus.session import AnswerTooLargeError, HardSession
from autoscaler.events import PrometheusAsked
from autoscaler.ports import Tell


class FaultKind(StrEnum):
    """What went wrong; label of `prometheus_errors_total`."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    HTTP = "http"
    FORMAT = "format"
    QUERY = "query"
    PARTIAL = "partial"


# After one of these, further questions of the same cycle would only wait for the same.
TRANSPORT = frozenset({FaultKind.REFUSED, FaultKind.TIMEOUT})


class PrometheusFault(Exception):
    """There is no usable answer; the text says what was wrong and what to check."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True, slots=True)
class Sample:
    """One series of an instant vector, or a scalar (no labels): its value may be NaN or infinite."""

    labels: dict[str, str]
    at: float
    value: float


class PrometheusClient:
    """Asks one Prometheus. Not thread-safe: one caller at a time."""

    def __init__(self, url: str, *, timeout_seconds: float, tell: Tell, token: str | None = None) -> None:
        self._name = _without_credentials(url)
        self._timeout_seconds = timeout_seconds
        self._tell = tell
        self._warnings: list[str] = []
        self._connect = PrometheusConnect(
            url.rstrip("/"),
            headers=None if token is None else {"Authorization": f"Bearer {token}"},
            session=HardSession(on_answer=self._note_warnings),
            timeout=timeout_seconds,
            retry=Retry(0, read=False),  # the next cycle is the retry
        )

    def ask(self, promql: str, at: float, *, lookback_seconds: float | None = None) -> list[Sample]:
        """Return the samples of an instant query as of `at` (unix seconds).

        `lookback_seconds` keeps servers that know it (Prometheus 3) from answering with older samples.

        Raises:
            PrometheusFault: no answer, a wrong one, or one that the server itself calls partial.
        """
        started = time.perf_counter()
        fault: PrometheusFault | None = None
        try:
            return self._ask(promql, at, lookback_seconds)
        except PrometheusFault as error:
            fault = error
            raise
        finally:
            duration_seconds = time.perf_counter() - started
            self._tell(PrometheusAsked(duration_seconds, None if fault is None else fault.kind.value))

    def _ask(self, promql: str, at: float, lookback_seconds: float | None) -> list[Sample]:
        params: dict[str, object] = {"time": f"{at:.3f}", "timeout": f"{round(self._timeout_seconds * 1000)}ms"}
        if lookback_seconds is not None:
            params["lookback_delta"] = f"{round(lookback_seconds * 1000)}ms"
        self._warnings.clear()
        result = self._translated(lambda: self._connect.custom_query(promql, params=params))
        if self._warnings:
            raise PrometheusFault(FaultKind.PARTIAL, f"{self._name} gave a partial answer: {clean(self._warnings[0])}")
        try:
            return parse_result(result)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise self._no_api() from error

    def _translated(self, call: Callable[[], object]) -> object:
        """Turn everything that the library and requests may raise into a fault."""
        try:
            return call()
        except PrometheusApiClientException as error:
            raise self._status_fault(str(error)) from error
        except AnswerTooLargeError as error:
            raise PrometheusFault(FaultKind.FORMAT, f"the answer of {self._name} is too large: {error}") from error
        except requests.JSONDecodeError as error:
            raise self._no_api() from error
        except (requests.Timeout, requests.ConnectionError, HTTPError) as error:
            raise self._transport_fault(error) from error
        except (requests.RequestException, ValueError, KeyError, TypeError) as error:
            raise self._no_api() from error

    def _transport_fault(self, error: Exception) -> PrometheusFault:
        if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
            seconds = f"{self._timeout_seconds:g} s"
            return PrometheusFault(FaultKind.TIMEOUT, f"{self._name} did not answer within {seconds}")
        return PrometheusFault(
            FaultKind.REFUSED, f"cannot connect to {self._name}; check that it runs and that prometheus.url is right"
        )

    def _status_fault(self, text: str) -> PrometheusFault:
        """Read the status and the server's own words from the library's text, the only place that has them."""
        found = re.match(r"HTTP Status Code (\d+) \((.*)\)$", text, re.DOTALL)
        status, body = found.groups() if found else ("?", text)
        words = re.search(r'"error":\s*"((?:[^"\\]|\\.)*)"', body)
        if status in {"400", "422"} and words:
            return PrometheusFault(FaultKind.QUERY, f"{self._name} refused the query: {clean(words.group(1))}")
        if status == "503" and words:
            return PrometheusFault(FaultKind.TIMEOUT, f"{self._name} gave up on the query: {clean(words.group(1))}")
        return PrometheusFault(FaultKind.HTTP, f"{self._name} answered with HTTP status {status}{_hint(status)}")

    def _no_api(self) -> PrometheusFault:
        return PrometheusFault(
            FaultKind.FORMAT, f"{self._name} does not answer like Prometheus; check that prometheus.url is its address"
        )

    def _note_warnings(self, response: requests.Response) -> None:
        """Keep what the library drops: warnings mean that something is missing from the answer."""
        try:
            answer = response.json() if response.ok else None
        except ValueError:
            return
        if isinstance(answer, dict) and isinstance(answer.get("warnings"), list):
            self._warnings.extend(str(warning) for warning in answer["warnings"])


def parse_result(result: object) -> list[Sample]:
    """Return the samples of a vector or scalar result as the library hands it over.

    Raises:
        ValueError, KeyError, TypeError, IndexError: it is neither.
    """
    if not isinstance(result, list):
        raise TypeError("neither a vector nor a scalar")
    if len(result) == 2 and not isinstance(result[0], dict):  # noqa: PLR2004  a scalar: [time, "value"]
        return [Sample({}, float(result[0]), float(result[1]))]
    return [Sample(dict(series["metric"]), float(series["value"][0]), float(series["value"][1])) for series in result]


def clean(text: str) -> str:
    """Return somebody else's text fit for one of our lines: no control characters, no novels."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= 200 else f"{printable[:197]}..."  # noqa: PLR2004


def _without_credentials(url: str) -> str:
    parts = urlsplit(url)
    return f"Prometheus at {parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _hint(status: str) -> str:
    if status in {"401", "403"}:
        return "; check AUTOSCALER_PROMETHEUS_TOKEN"
    return "; check that prometheus.url is its address" if status.startswith(("3", "4")) else ""
