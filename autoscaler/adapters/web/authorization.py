"""Authorizes write requests: a bearer token, and a small JSON body. Refuses a request before reading its body."""

import hmac
import time
from collections.abc import Callable

from starlette.exceptions import HTTPException
from starlette.requests import Request

from autoscaler.adapters.web.rare_line import RareLine
from autoscaler.formats import one_line

LONGEST_BODY_BYTES = 4096
_OFF = (
    "writing is off: put a token into a file, name it as AUTOSCALER_API_TOKEN_FILE, and restart the daemon; "
    "a token can be made by: openssl rand -hex 32"
)
_DENIED = "this needs the daemon's token, as the header Authorization: Bearer TOKEN"


class Authorization:
    """Accepts requests with the token; without a configured token, none. Thread-safe."""

    def __init__(self, token: str | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._token = None if token is None else token.encode()
        self._line = RareLine("api.denied", monotonic=monotonic)

    def check(self, request: Request) -> None:
        """Accept a request.

        Raises:
            HTTPException: 403 writing is off, 401 not the token, 415 no JSON.
        """
        if self._token is None:
            raise HTTPException(403, _OFF)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), self._token):
            client = request.client.host if request.client else "unknown"
            self._line.log(client=client, path=one_line(request.url.path, 200), hint="a missing or a wrong token")
            raise HTTPException(401, _DENIED, headers={"WWW-Authenticate": "Bearer"})
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            raise HTTPException(415, "the body must be JSON, with the header Content-Type: application/json")


async def read_body(request: Request) -> bytes:
    """Read a body.

    Raises:
        HTTPException: 413, the body is too long.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_BODY_BYTES:
            raise HTTPException(413, f"the body may have at most {LONGEST_BODY_BYTES} bytes")
    return body
