"""What may go wrong with a question to Prometheus, as sentences that say what to check."""

import ast
import json
import re
from enum import StrEnum

import requests


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


class TooLargeFault(PrometheusFault):
    """The answer is larger than we read; one about fewer instants may not be."""


def transport_fault(name: str, error: Exception, timeout_seconds: float) -> PrometheusFault:
    """Return the fault of a connection that was not made, or broke, or took too long."""
    if isinstance(error, requests.Timeout) or "timed out" in str(error).lower():
        return PrometheusFault(FaultKind.TIMEOUT, f"{name} did not answer within {timeout_seconds:g} s")
    return PrometheusFault(
        FaultKind.REFUSED, f"cannot connect to {name}; check that it runs and that prometheus.url is right"
    )


def status_fault(name: str, text: str) -> PrometheusFault:
    """Read the status and the server's own words from the library's text, the only place that has them."""
    found = re.match(r"HTTP Status Code (\d+) \((.*)\)$", text, re.DOTALL)
    status, body = found.groups() if found else ("?", "")
    words = _words(body)
    if status in {"400", "422"} and words:
        return PrometheusFault(FaultKind.QUERY, f"{name} refused the query: {clean(words)}")
    if status == "503" and words:
        return PrometheusFault(FaultKind.TIMEOUT, f"{name} gave up on the query: {clean(words)}")
    return PrometheusFault(FaultKind.HTTP, f"{name} answered with HTTP status {status}{_hint(status)}")


def _words(body: str) -> str:
    """Return what the server says is wrong; `body` is its answer as Python writes bytes."""
    try:
        words = json.loads(ast.literal_eval(body))["error"]
    except (ValueError, SyntaxError, LookupError, TypeError, RecursionError):
        return ""
    return words if isinstance(words, str) else ""


def format_fault(name: str) -> PrometheusFault:
    """Return the fault of a server that talks of something else."""
    return PrometheusFault(
        FaultKind.FORMAT, f"{name} does not answer like Prometheus; check that prometheus.url is its address"
    )


def clean(text: str) -> str:
    """Return somebody else's text fit for one of our lines: no control characters, no novels."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable if len(printable) <= 200 else f"{printable[:197]}..."  # noqa: PLR2004


def _hint(status: str) -> str:
    if status in {"401", "403"}:
        return "; check AUTOSCALER_PROMETHEUS_TOKEN"
    return "; check that prometheus.url is its address" if status.startswith(("3", "4")) else ""
