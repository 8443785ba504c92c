"""The request that begins the drain of a replica."""

from collections.abc import Mapping
from typing import Any

import requests

from autoscaler.adapters.http_session import HardSession
from autoscaler.config.compose_options import HttpCall

TIMEOUT_SECONDS = 5.0
_ERRORS = 400


def call(container: Mapping[str, Any], wanted: HttpCall, *, timeout_seconds: float = TIMEOUT_SECONDS) -> str | None:
    """Send the request to the first address of an inspected container that answers; return the problem, if any."""
    addresses = [network.get("IPAddress") for network in container["NetworkSettings"]["Networks"].values()]
    problem = "it has no address of its own"
    for address in filter(None, addresses):
        url = f"http://{address}:{wanted.port}{wanted.path}"
        try:
            status = _status(wanted.method, url, timeout_seconds)
        except requests.RequestException as error:
            problem = f"{wanted.method} {url} failed ({type(error).__name__}); share a network with the service"
            continue
        return None if status < _ERRORS else f"{wanted.method} {url} was answered with {status}"
    return problem


def _status(method: str, url: str, timeout_seconds: float) -> int:
    with HardSession() as session, session.request(method, url, timeout=timeout_seconds, stream=True) as answer:
        return answer.status_code  # whatever the body says
