"""The SDK's client with hard deadlines and bounded answers, over a unix socket or TCP."""

from typing import Any

import docker
import requests
from docker.utils import parse_host

from autoscaler.adapters.http_deadline import HardAdapter, UnixAdapter
from autoscaler.adapters.http_session import HardSession

MOST_BYTES = 32 * 2**20  # a list of 3,000 containers, with 10 KiB of labels, ports and mounts each
_UNIX = "http+unix://"


class EngineClient(HardSession, docker.APIClient):
    """Ends every call within its timeout: the given one, or what the call itself asks for (`stop`: plus the grace)."""

    most_bytes = MOST_BYTES
    timeout: Any  # seconds, which need not be whole as the SDK's types have it

    def __init__(self, base_url: str, timeout_seconds: float) -> None:
        host = str(parse_host(base_url))
        adapter = UnixAdapter(f"/{host.removeprefix(_UNIX).lstrip('/')}") if host.startswith(_UNIX) else HardAdapter()
        super().__init__(base_url, version="auto", timeout=timeout_seconds, adapter=adapter)

    def request(self, *args: Any, **more: Any) -> requests.Response:
        response = super().request(*args, **more)
        if response.is_redirect:
            response.close()
            raise requests.TooManyRedirects(f"answers with a redirect (HTTP {response.status_code})")
        return response
