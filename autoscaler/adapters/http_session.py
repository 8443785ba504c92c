"""An HTTP session with a hard timeout and bounded answers; the library's own has neither."""

import io
import time
from collections.abc import Callable
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import DecodeError, HTTPError

from autoscaler.adapters.http_deadline import HardAdapter

MOST_BYTES = 16 * 2**20
_CHUNK_BYTES = 65536


class AnswerTooLargeError(requests.RequestException):
    """The answer is larger than any valid one."""


class HardSession(requests.Session):
    """Ends each request within its timeout, to the answer's last byte; follows no redirect; uses no proxy or netrc.

    With `stream=True` the headers alone are read, and a timeout (whole, quiet) limits each later read to `quiet`; an
    error is read whole nevertheless.
    `on_answer` receives each complete answer; the hooks of requests run earlier, and would read it unbounded.
    """

    most_bytes = MOST_BYTES

    def __init__(
        self,
        *args: Any,
        on_answer: Callable[[requests.Response], None] = lambda _: None,
        adapter: HTTPAdapter | None = None,
        **more: Any,
    ) -> None:
        self._on_answer = on_answer
        self._adapter = adapter or HardAdapter()
        super().__init__(*args, **more)

    def use(self, adapter: HTTPAdapter) -> None:
        """Send the next requests by another adapter, over new connections."""
        self._adapter.close()
        self._adapter = adapter

    def get_adapter(self, url: str | bytes) -> HTTPAdapter:  # noqa: ARG002  instead of what a library has mounted
        return self._adapter

    def get_redirect_target(self, resp: requests.Response) -> None:
        """Follow no redirect, and do not read its body."""

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **more: Any) -> requests.Response:
        """Send a request.

        Raises:
            requests.RequestException: refused, broken off, too slow as a whole (requests.Timeout), or too large.
        """
        self.trust_env = False
        timeout = more["timeout"]
        seconds, quiet_seconds = timeout if isinstance(timeout, tuple) else (timeout, None)
        whole = not more.get("stream")
        over = time.monotonic() + seconds
        more |= {"timeout": Timeout(total=seconds), "stream": True}
        try:
            response = super().request(method, url, *args, **more)
            whole |= quiet_seconds is not None and not response.ok
            if whole:
                with response:
                    response.raw = io.BytesIO(self._body(response))
                    _ = response.content
            elif quiet_seconds is not None:
                connection: Any = response.raw.connection
                connection.deadline.limit_each_read(quiet_seconds)
        except (requests.Timeout, AnswerTooLargeError):
            raise
        except (requests.RequestException, HTTPError, OSError) as error:
            raise _translated(error, seconds, over=time.monotonic() >= over) from error
        if whole:
            self._on_answer(response)
        return response

    def close(self) -> None:
        super().close()
        self._adapter.close()

    def _body(self, response: requests.Response) -> bytes:
        body = bytearray()
        while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
            body += chunk
            if len(body) > self.most_bytes:
                raise AnswerTooLargeError(f"more than {self.most_bytes / 2**20:.3g} MiB")
        return bytes(body)


def _translated(error: Exception, seconds: float, *, over: bool) -> requests.RequestException:
    """Return the error of requests for one of its parts; whatever breaks off at the deadline is too slow."""
    if over:
        return requests.Timeout(f"timed out after {seconds:g} s")
    if isinstance(error, requests.RequestException):
        return error
    if isinstance(error, DecodeError):
        return requests.exceptions.ContentDecodingError(str(error))
    return requests.ConnectionError(error)
