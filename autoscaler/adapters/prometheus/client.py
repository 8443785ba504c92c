"""Sends one query to Prometheus; returns samples, or raises a fault. The only user of prometheus-api-client."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeVar

import requests
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from pydantic import SecretStr
from urllib3.exceptions import HTTPError

from autoscaler.adapters.http_access import AccessError, HttpAccess
from autoscaler.adapters.http_session import MOST_BYTES, AnswerTooLargeError, HardSession
from autoscaler.adapters.prometheus.faults import (
    MOST_CHARACTERS,
    FaultKind,
    PrometheusFault,
    TooLargeFault,
    format_fault,
    status_fault,
    transport_fault,
)
from autoscaler.adapters.prometheus.samples import Sample, parse_matrix, parse_result, parse_texts
from autoscaler.config.connection import Connection, Credentials
from autoscaler.events import PrometheusAsked
from autoscaler.formats import Address, one_line, without_user
from autoscaler.ports.metrics import Span
from autoscaler.ports.observers import Emit

T = TypeVar("T")

FEWEST_BYTES, BYTES_OF_SERVICE = 2 * 2**20, 300


def answer_bytes(services: int, instants: int = 1) -> int:
    """Return how large an answer about so many services may be, at each of so many instants."""
    return min(FEWEST_BYTES + BYTES_OF_SERVICE * services * instants, MOST_BYTES)


class PrometheusClient:
    """Queries one Prometheus. Not thread-safe: one caller at a time."""

    def __init__(self, url: str, *, timeout_seconds: float, emit: Emit, connection: Connection | None = None) -> None:
        address, self._connection = Address(url), connection or Connection()
        if address.user is not None:
            user, password = address.user
            credentials = Credentials("the user and password in the URL", SecretStr(user), SecretStr(password))
            self._connection = replace(self._connection, credentials=credentials)
        self._access = HttpAccess(self._connection)
        self._name = f"Prometheus at {address.rstrip('/')}"
        self._timeout_seconds = timeout_seconds
        self._emit = emit
        self._warnings: list[str] = []
        self._session = HardSession(on_answer=self._note_warnings)  # which never tries again: the next cycle does
        self._connect = PrometheusConnect(
            without_user(address.whole).rstrip("/"), session=self._session, timeout=timeout_seconds
        )

    def ask(
        self, promql: str, at: float, *, lookback_seconds: float | None = None, most_bytes: int = MOST_BYTES
    ) -> list[Sample]:
        """Return the samples of an instant query as of `at` (unix seconds).

        `lookback_seconds` excludes older samples on servers that support it (Prometheus 3).

        Raises:
            PrometheusFault: no answer, a faulty one, or one that the server itself calls partial.
        """
        params = {"time": f"{at:.3f}", **self._limits(lookback_seconds)}
        return self._timed(lambda: self._connect.custom_query(promql, params=params), parse_result, most_bytes)

    def ask_range(
        self, promql: str, span: Span, *, lookback_seconds: float | None = None, most_bytes: int = MOST_BYTES
    ) -> list[list[Sample]]:
        """Return the samples that `ask` would return at each instant of the span, by one range query.

        Raises:
            PrometheusFault: as `ask`; the server refuses more than 11,000 instants.
        """
        start, end = span.instants[0], span.instants[-1]
        # The library rounds its own start and end to whole seconds; these parameters override them.
        params = {"start": f"{start:.3f}", "end": f"{end:.3f}", **self._limits(lookback_seconds)}
        times = (datetime.fromtimestamp(start, UTC), datetime.fromtimestamp(end, UTC))
        step = f"{span.step_seconds:.3f}"
        return self._timed(
            lambda: self._connect.custom_query_range(promql, *times, step, params=params),
            lambda result: parse_matrix(result, span),
            most_bytes,
        )

    def label_values(self, label: str, selector: str, start: float, end: float) -> frozenset[str]:
        """Return the values that a label has on the selected series between two times (unix seconds): metadata only.

        Raises:
            PrometheusFault: as `ask`.
        """
        params = {"match[]": selector, "start": f"{start:.3f}", "end": f"{end:.3f}"}
        return self._timed(lambda: self._connect.get_label_values(label, params=params), parse_texts, MOST_BYTES)

    def _limits(self, lookback_seconds: float | None) -> dict[str, str]:
        limits = {"timeout": f"{round(self._timeout_seconds * 1000)}ms"}
        if lookback_seconds is not None:
            limits["lookback_delta"] = f"{round(lookback_seconds * 1000)}ms"
        return limits

    def _timed(self, call: Callable[[], object], parse: Callable[[object], T], most_bytes: int) -> T:
        """Send a query, and emit its duration and fault."""
        self._session.most_bytes = most_bytes
        started = time.perf_counter()
        fault: PrometheusFault | None = None
        try:
            return self._answer(call, parse)
        except PrometheusFault as error:
            fault = error
            raise
        finally:
            duration_seconds = time.perf_counter() - started
            self._emit(PrometheusAsked(duration_seconds, None if fault is None else fault.kind.value))

    def _answer(self, call: Callable[[], object], parse: Callable[[object], T]) -> T:
        """Translate every exception of the library, of requests and of the parser into a fault."""
        self._warnings.clear()
        try:
            self._access.apply(self._session)
            result = call()
            if self._warnings:
                warning = one_line(self._warnings[0], MOST_CHARACTERS)
                raise PrometheusFault(FaultKind.PARTIAL, f"{self._name} gave a partial answer: {warning}")
            return parse(result)
        except PrometheusApiClientException as error:
            raise status_fault(self._name, str(error), self._connection.credentials) from error
        except AccessError as error:
            raise PrometheusFault(FaultKind.REFUSED, f"{self._name} was not asked: {error}") from error
        except AnswerTooLargeError as error:
            problem = f"the answer of {self._name} is too large: {error}; aggregate or select fewer series in the query"
            raise TooLargeFault(FaultKind.FORMAT, problem) from error
        except (requests.Timeout, requests.ConnectionError, HTTPError) as error:
            raise transport_fault(self._name, error, self._timeout_seconds) from error
        except (requests.RequestException, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise format_fault(self._name) from error

    def _note_warnings(self, response: requests.Response) -> None:
        """Keep the warnings, which the library drops: they mean that the answer is incomplete."""
        try:
            answer = response.json() if response.ok else None
        except ValueError:
            return
        if isinstance(answer, dict) and isinstance(answer.get("warnings"), list):
            self._warnings.extend(str(warning) for warning in answer["warnings"])
