"""The SDK's client with hard deadlines and bounded answers, over a unix socket, TCP or TLS."""

from typing import Any

import docker
import requests
from docker.utils import parse_host
from requests.adapters import HTTPAdapter

from autoscaler.adapters.http_access import make_context, read_pem
from autoscaler.adapters.http_deadline import HardAdapter, UnixAdapter
from autoscaler.adapters.http_session import HardSession
from autoscaler.config.connection import TlsFiles
from autoscaler.config.engine_address import EngineAddress

MOST_BYTES = 32 * 2**20  # a list of 3,000 containers, with 10 KiB of labels, ports and mounts each
_UNIX = "http+unix://"


class EngineClient(HardSession, docker.APIClient):
    """Ends every call within its timeout: the given one, or what the call itself asks for (`stop`: plus the grace)."""

    most_bytes = MOST_BYTES
    timeout: Any  # seconds, which need not be whole as the SDK's types have it

    def __init__(self, address: EngineAddress, timeout_seconds: float) -> None:
        host = str(parse_host(address.url, tls=address.tls is not None))
        super().__init__(host, version="auto", timeout=timeout_seconds, adapter=_adapter(host, address.tls))

    def request(self, *args: Any, **more: Any) -> requests.Response:
        response = super().request(*args, **more)
        if response.is_redirect:
            response.close()
            raise requests.TooManyRedirects(f"answers with a redirect (HTTP {response.status_code})")
        return response


def _adapter(host: str, tls: TlsFiles | None) -> HTTPAdapter:
    if host.startswith(_UNIX):
        return UnixAdapter(f"/{host.removeprefix(_UNIX).lstrip('/')}")
    return HardAdapter(None if tls is None else make_context(tls, read_pem(tls)[0]))
