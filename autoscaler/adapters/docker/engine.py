"""The engine calls that targets need, timed, with every error of docker and requests translated. Thread-safe."""

import contextlib
import copy
import json
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests
from docker.errors import APIError, DockerException
from urllib3.exceptions import HTTPError

from autoscaler.adapters.docker import answers
from autoscaler.adapters.docker.answers import Containers, Json, MalformedShape
from autoscaler.adapters.docker.client import EngineClient
from autoscaler.adapters.docker.errors import GATEWAY_ERRORS, Conflict, EngineError, Forbidden, NotFound, engine_error
from autoscaler.adapters.docker.event_stream import EventStream
from autoscaler.adapters.docker.exec import Exec
from autoscaler.adapters.docker.files import Files
from autoscaler.adapters.docker.own_actions import OwnActions
from autoscaler.adapters.http_access import AccessError, tls_problem
from autoscaler.adapters.http_session import AnswerTooLargeError
from autoscaler.config.engine_address import EngineAddress
from autoscaler.errors import MalformedAnswer, TargetUnavailable
from autoscaler.events import EngineAsked
from autoscaler.formats import one_line
from autoscaler.ports.observers import Emit

MOST_CHARACTERS = 1000  # of an error: the runtime's end with the reason
Inspect = Json  # a container as the engine inspects it
# What the SDK raises where it reads an answer of another shape than it expects.
_MALFORMED = (MalformedShape, LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
# What changes a container.
_CHANGES = frozenset({"create", "connect", "start", "rename", "stop", "remove", "exec", "signal", "write"})


class Engine:
    """One client for each thread, made when needed and again after a broken connection."""

    def __init__(
        self, address: EngineAddress | str, *, timeout_seconds: float, emit: Emit, own_actions: OwnActions | None = None
    ) -> None:
        self.own_actions = own_actions or OwnActions()
        self.files = Files(self._asking)
        self.exec = Exec(self._asking)
        self._address = address if isinstance(address, EngineAddress) else EngineAddress(address)
        self._base_url = self._address.url
        self._timeout_seconds = timeout_seconds
        self._emit = emit
        self._local = threading.local()
        self._may_change: Callable[[], bool] = lambda: True

    def fenced(self, may_change: Callable[[], bool]) -> "Engine":
        """Return this engine with another face: once `may_change` returns False, it refuses to change a container."""
        fenced = copy.copy(self)
        fenced._may_change = may_change  # noqa: SLF001  a copy of this one
        fenced.files, fenced.exec = Files(fenced._asking), Exec(fenced._asking)  # noqa: SLF001
        return fenced

    @property
    def api_version(self) -> tuple[int, ...]:
        """The negotiated API version, e.g. (1, 41)."""
        with self._asking("version") as client:
            return tuple(int(part) for part in str(client.api_version).split("."))

    def containers(self, labels: Mapping[str, str | None]) -> Containers:
        """List the containers of all states with these labels, in the list call's sparse form."""
        wanted = [name if value is None else f"{name}={value}" for name, value in labels.items()]
        with self._asking("list") as client:
            return answers.containers(client.containers(all=True, filters={"label": wanted}))

    def inspect(self, container: str) -> Inspect:
        with self._asking("inspect") as client:
            return dict(answers.checked(answers.Container, client.inspect_container(container)))

    def image(self, name: str) -> Inspect | None:
        """Inspect an image; return None if there is no such image."""
        try:
            with self._asking("image") as client:
                return dict(answers.checked(answers.WithId, client.inspect_image(name)))
        except NotFound:
            return None

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        """Create a container from a raw body, and return its id."""
        with self._asking("create") as client:
            created = client.create_container_from_config(dict(body), name=name)
            container = str(answers.checked(answers.WithId, created)["Id"])
        self.own_actions.starts(container)
        return container

    def connect(self, network: str, container: str, endpoint: Mapping[str, Any]) -> None:
        """Connect a container to a further network, with every field of the endpoint that the API knows."""
        with self._asking("connect") as client:
            url = client._url("/networks/{0}/connect", network)  # noqa: SLF001  the SDK's own method drops fields
            body = {"Container": container, "EndpointConfig": dict(endpoint)}
            client._raise_for_status(client._post_json(url, data=body))  # noqa: SLF001

    def start(self, container: str) -> None:
        with self._asking("start") as client:
            client.start(container)

    def rename(self, container: str, name: str) -> None:
        self.own_actions.ends(container)
        with self._asking("rename") as client:
            client.rename(container, name)

    def stop(self, container: str, grace_seconds: int) -> None:
        """Stop a container by its own signal, and kill it after the grace."""
        self.own_actions.ends(container)
        with self._asking("stop") as client:
            client.stop(container, timeout=grace_seconds)

    def remove(self, container: str, *, force: bool = False) -> None:
        """Remove a container with its anonymous volumes; one that is gone or being removed is no error."""
        self.own_actions.ends(container)
        try:
            with self._asking("remove") as client:
                client.remove_container(container, v=True, force=force)
        except NotFound:
            return
        except Conflict as error:
            if "already in progress" not in str(error):
                raise

    def volume_labels(self, name: str) -> Mapping[str, str] | None:
        """Return a volume's labels, or None if there is no such volume."""
        try:
            with self._asking("lease") as client:
                volume = answers.checked(answers.Volume, client.inspect_volume(name))
                if volume["Name"] != name:
                    raise MalformedShape(f"Name: {answers.shown_key(volume['Name'])} instead of {name}")
                return dict(volume["Labels"])
        except NotFound:
            return None

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        """Create a volume; one that exists keeps its labels."""
        with self._asking("lease") as client:
            client.create_volume(name, labels=dict(labels))

    def remove_volume(self, name: str) -> None:
        """Remove a volume; one that is gone is no error."""
        with contextlib.suppress(NotFound), self._asking("lease") as client:
            client.remove_volume(name)

    def last_lines(self, container: str, lines: int) -> str:
        with self._asking("logs") as client:
            return str(client.logs(container, tail=lines).decode("utf-8", "replace"))

    def events(
        self, actions: Sequence[str], labels: Sequence[str], since: str | None, *, quiet_seconds: float
    ) -> EventStream:
        """Follow the events of containers with these labels, from the engine's time `since` on or from now.

        The stream ends after `quiet_seconds` without an event.
        """
        filters = {"type": ["container"], "event": list(actions), "label": list(labels)}
        asked = {"filters": json.dumps(filters), **({} if since is None else {"since": since})}
        with self._asking("events") as client:
            url = client._url("/events")  # noqa: SLF001  the SDK's own method waits for ever on a dead connection
            response = client._get(url, params=asked, stream=True, timeout=(self._timeout_seconds, quiet_seconds))  # noqa: SLF001
            client._raise_for_status(response)  # noqa: SLF001
            return EventStream(response)

    @contextlib.contextmanager
    def _asking(self, operation: str) -> Iterator[Any]:
        if operation in _CHANGES and not self._may_change():
            raise TargetUnavailable(f"no `{operation}` any more: another daemon may act by now, and goes on from here")
        started, failed = time.perf_counter(), True
        try:
            yield self._client()
            failed = False
        except APIError as error:
            translated = self._translated(error)
            failed = not isinstance(translated, NotFound)  # that is an answer
            raise translated from error
        except AccessError as error:
            raise TargetUnavailable(
                f"the Docker engine at {self._base_url} was not asked: {error}; check DOCKER_CERT_PATH"
            ) from error
        except (DockerException, requests.RequestException, HTTPError, OSError) as error:
            self._local.client = None
            no_json = isinstance(error, requests.exceptions.JSONDecodeError)
            raise (MalformedAnswer if no_json else TargetUnavailable)(self._unreachable(error)) from error
        except _MALFORMED as error:
            what = str(error) if isinstance(error, MalformedShape) else f"{type(error).__name__}: {error}"
            raise MalformedAnswer(
                f"the Docker engine at {self._base_url} answers the call `{operation}` in another shape than an engine "
                f"does: {what}; check what stands between it and the autoscaler"
            ) from error
        finally:
            self._emit(EngineAsked(operation, time.perf_counter() - started, failed))

    def _client(self) -> EngineClient:
        client: EngineClient | None = getattr(self._local, "client", None)
        if client is None:
            began = time.monotonic()
            client = self._local.client = EngineClient(self._address, self._timeout_seconds)
            # The question for the version, and the first call, have one timeout.
            client.timeout = max(0.001, self._timeout_seconds - (time.monotonic() - began))
        else:
            client.timeout = self._timeout_seconds
        return client

    def _translated(self, error: APIError) -> EngineError | TargetUnavailable:
        status = int(error.status_code or 0)
        text = one_line(str(error.explanation or error), MOST_CHARACTERS)
        found = engine_error(status, text)
        if _says_engine(error):
            return Forbidden(f"the Docker engine refuses this call: {text}") if isinstance(found, Forbidden) else found
        if status in GATEWAY_ERRORS:
            return TargetUnavailable(f"the Docker engine behind {self._base_url} does not answer (HTTP {status})")
        if isinstance(found, Forbidden):
            return Forbidden(f"the socket proxy at {self._base_url} forbids this call: {text}")
        return found

    def _unreachable(self, error: BaseException) -> str:
        if isinstance(error, DockerException) and error.__cause__ is not None:
            error = error.__cause__  # the SDK has asked for the version
        if isinstance(error, requests.exceptions.JSONDecodeError):
            return f"the Docker engine at {self._base_url} answers with what is no JSON: {error}"
        if isinstance(error, AnswerTooLargeError):
            return f"the answer of the Docker engine at {self._base_url} is too large: {error}"
        if isinstance(error, requests.TooManyRedirects):
            return f"the Docker engine at {self._base_url} {error}; set AUTOSCALER_DOCKER_URL to its own address"
        if (problem := tls_problem(error)) is not None:
            where = f"the Docker engine at {self._base_url}"
            return f"{where} {problem}; check its port, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH"
        if "Permission denied" in str(error):
            user = f"user {os.geteuid()} may not open it"
            return (
                f"the Docker engine at {self._base_url} cannot be reached: {user}; add the socket's group (group_add)"
            )
        slow = isinstance(error, requests.Timeout) or "timed out" in str(error)
        what = f"did not answer within {self._timeout_seconds:g} s" if slow else "cannot be reached"
        return f"the Docker engine at {self._base_url} {what}; check AUTOSCALER_DOCKER_URL and that the engine runs"


def _says_engine(error: APIError) -> bool:
    """Return whether the engine itself has answered: in JSON, as no proxy in front of it does."""
    return error.response is not None and "json" in str(error.response.headers.get("Content-Type"))
