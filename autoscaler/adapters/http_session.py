"""An HTTP session with a hard timeout and bounded answers; the library's own has neither."""

import io
import time
from collections.abc import Callable
from typing import Any

import requests

MOST_BYTES = 16 * 2**20
_CHUNK_BYTES = 65536


class AnswerTooLargeError(requests.RequestException):
    """The answer is larger than any valid one."""


class HardSession(requests.Session):
    """Reads the whole answer within the request's timeout, follows no redirect, uses no proxy of the environment.

    `on_answer` receives each complete answer; the hooks of requests run earlier, and would read it unbounded.
    """

    def __init__(
        self, on_answer: Callable[[requests.Response], None], monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        super().__init__()
        self.trust_env = False
        self._on_answer = on_answer
        self._monotonic = monotonic

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request.

        Raises:
            requests.RequestException: refused, too slow as a whole, or too large.
        """
        timeout_seconds = float(kwargs["timeout"])
        deadline = self._monotonic() + timeout_seconds
        response = super().request(method, url, *args, **{**kwargs, "stream": True, "allow_redirects": False})
        with response:
            response.raw = io.BytesIO(self._body(response, deadline))
            _ = response.content
        self._on_answer(response)
        return response

    def _body(self, response: requests.Response, deadline: float) -> bytes:
        body = bytearray()
        try:
            while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise AnswerTooLargeError(f"more than {MOST_BYTES // 2**20} MiB")
                if self._monotonic() > deadline:
                    raise requests.ReadTimeout("the answer came too slowly")
        except OSError as error:
            if isinstance(error, requests.RequestException):
                raise
            raise requests.ReadTimeout(str(error)) from error
        return bytes(body)
