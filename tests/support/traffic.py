"""Bounded traffic through the stack's Traefik at 127.0.0.1."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import httpx

PAUSE_SECONDS, LONGEST_SECONDS = 0.2, 120


@dataclass(frozen=True, slots=True)
class Answer:
    """One request, in unix seconds, and what came of it; `replica` is `?` where the answer names none."""

    client: int
    began: float
    ended: float
    status: int | str
    replica: str = "?"


class Traffic:
    """So many users, each with a connection of its own; they keep no cookies unless they are told to."""

    def __init__(self, url: str, *, clients: int = 10, cookies: bool = False) -> None:
        self._url = url
        self._clients = clients
        self._cookies = cookies
        self._stop = threading.Event()
        self.answers: list[Answer] = []

    @property
    def statuses(self) -> list[int | str]:
        return [answer.status for answer in self.answers]

    @property
    def replicas(self) -> set[str]:
        """Those that have answered well."""
        return {answer.replica for answer in self.answers if answer.status == 200}

    @property
    def failed(self) -> list[Answer]:
        return [answer for answer in self.answers if answer.status != 200]

    @contextmanager
    def flowing(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._user, args=(number,)) for number in range(self._clients)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join(60)

    def _user(self, number: int) -> None:
        end = time.monotonic() + LONGEST_SECONDS
        with httpx.Client(verify=False, timeout=30, trust_env=False) as client:  # the stack's own certificate
            while not self._stop.wait(PAUSE_SECONDS) and time.monotonic() < end:
                self.answers.append(self._ask(client, number))

    def _ask(self, client: httpx.Client, number: int) -> Answer:
        if not self._cookies:
            client.cookies.clear()
        began = time.time()
        try:
            answer = client.get(self._url)
        except httpx.TransportError as error:
            return Answer(number, began, time.time(), type(error).__name__)
        return Answer(number, began, time.time(), answer.status_code, answer.headers.get("x-replica", "?"))
