"""The faults of a query to Prometheus, with messages that say what to check."""

import ast
import json
import re
from enum import StrEnum

import requests

from autoscaler.adapters.http_access import tls_problem
from autoscaler.config.connection import Credentials
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
    if (problem := tls_problem(error)) is not None:
        return PrometheusFault(FaultKind.REFUSED, f"{name} {problem}; {_TLS_HINTS[problem.split()[0]]}")
    return PrometheusFault(
        FaultKind.REFUSED, f"cannot connect to {name}; check that it runs and that prometheus.url is right"
    )


_TLS_HINTS = {
    "has": "name its authority as prometheus.ca_file, and it by a name of the certificate in prometheus.url",
    "refuses": "check prometheus.cert_file and prometheus.key_file",
    "does": "check whether prometheus.url should begin with http://",
    "ended": "it may want a client's certificate: check prometheus.cert_file and prometheus.key_file",
}


def status_fault(name: str, text: str, credentials: Credentials) -> PrometheusFault:
    """Read the status and the server's message from the library's text, the only place that has them."""
    found = re.match(r"HTTP Status Code (\d+) \((.*)\)$", text, re.DOTALL)
    status, body = found.groups() if found else ("?", "")
    message = _message(body)
    if status in {"400", "422"} and message:
        return PrometheusFault(FaultKind.QUERY, f"{name} refused the query: {one_line(message, MOST_CHARACTERS)}")
    if status == "503" and message:
        return PrometheusFault(FaultKind.TIMEOUT, f"{name} aborted the query: {one_line(message, MOST_CHARACTERS)}")
    hint = _hint(status, body, credentials)
    return PrometheusFault(FaultKind.HTTP, f"{name} answered with HTTP status {status}{hint}")


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


def _hint(status: str, body: str, credentials: Credentials) -> str:
    if "org id" in body.lower():  # Mimir, Cortex
        return "; it serves tenants: name yours as prometheus.headers, such as {X-Scope-OrgID: team}"
    if status == "401":
        wanted = "it wants credentials: set prometheus.basic_auth or prometheus.bearer_token_file"
        return f"; check {credentials.source}" if credentials.source else f"; {wanted}"
    if status == "403":
        rights = f"{credentials.source} may not query" if credentials.source else "it may not be queried without rights"
        return f"; {rights}: check prometheus.basic_auth, prometheus.bearer_token_file and prometheus.headers"
    if "to an HTTPS server" in body:
        return "; it speaks TLS: prometheus.url must begin with https://"
    return "; check that prometheus.url is its address" if status.startswith(("3", "4")) else ""
