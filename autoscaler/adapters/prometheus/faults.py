"""The faults of a query to Prometheus, with messages that say what to check."""

import ast
import json
import re
from enum import StrEnum

import requests

from autoscaler.formats import one_line

MOST_CHARACTERS = 200  # of what Prometheus says


class FaultKind(StrEnum):
    """The kind of a fault; label of `prometheus_errors_total`."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    HTTP = "http"
    FORMAT = "format"
    QUERY = "query"
    PARTIAL = "partial"


# After one of these, further queries of the same cycle would fail alike.
TRANSPORT = frozenset({FaultKind.REFUSED, FaultKind.TIMEOUT})


class PrometheusFault(Exception):
    """There is no usable answer; the text says why and what to check."""

    def __init__(self, kind: FaultKind, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class TooLargeFault(PrometheusFault):
    """The answer exceeds the limit; one of fewer instants may not."""


def transport_fault(name: str, error: Exception, timeout_seconds: float) -> PrometheusFault:
    """Return the fault of a connection that failed, broke or timed out."""
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return PrometheusFault(FaultKind.TIMEOUT, f"{name} did not answer within {timeout_seconds:g} s")
    return PrometheusFault(
        FaultKind.REFUSED, f"cannot connect to {name}; check that it runs and that prometheus.url is right"
    )


def status_fault(name: str, text: str) -> PrometheusFault:
    """Read the status and the server's message from the library's text, the only place that has them."""
    found = re.match(r"HTTP Status Code (\d+) \((.*)\)$", text, re.DOTALL)
    status, body = found.groups() if found else ("?", "")
    message = _message(body)
    if status in {"400", "422"} and message:
        return PrometheusFault(FaultKind.QUERY, f"{name} refused the query: {one_line(message, MOST_CHARACTERS)}")
    if status == "503" and message:
        return PrometheusFault(FaultKind.TIMEOUT, f"{name} aborted the query: {one_line(message, MOST_CHARACTERS)}")
    return PrometheusFault(FaultKind.HTTP, f"{name} answered with HTTP status {status}{_hint(status)}")


def _message(body: str) -> str:
    """Return the server's error message; `body` is its answer in Python's notation of bytes."""
    try:
        message = json.loads(ast.literal_eval(body))["error"]
    except (ValueError, SyntaxError, LookupError, TypeError, RecursionError):
        return ""
    return message if isinstance(message, str) else ""


def format_fault(name: str) -> PrometheusFault:
    """Return the fault of an answer in another format."""
    return PrometheusFault(
        FaultKind.FORMAT, f"{name} does not answer like Prometheus; check that prometheus.url is its address"
    )


def _hint(status: str) -> str:
    if status in {"401", "403"}:
        return "; check AUTOSCALER_PROMETHEUS_TOKEN"
    return "; check that prometheus.url is its address" if status.startswith(("3", "4")) else ""
