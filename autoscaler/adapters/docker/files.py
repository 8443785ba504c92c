"""Files in containers, running or not, by the engine's archive calls: they run no program in the container."""

import base64
import io
import json
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from autoscaler.adapters.docker.answers import ChangedPath, MalformedShape, PathStat, checked
from autoscaler.adapters.docker.errors import NotFound

Asking = Callable[[str], AbstractContextManager[Any]]

_DELETED = 2  # of the kinds of changes: 0 modified, 1 added, 2 deleted
_PLAIN_MODE = 0o777  # the bits above say that it is a directory, a link, a device, ...


@dataclass(frozen=True, slots=True)
class Stat:
    """A path in a container. `whole_second`: its time was set, since the time of a written file has fractions."""

    regular: bool
    size_bytes: int
    modified: float  # unix seconds
    whole_second: bool


class Files:
    """Part of the engine; thread-safe, and raises what the engine raises."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking

    def changed(self, container: str) -> list[str]:
        """Return the paths outside of mounts that differ from the image, directories included."""
        with self._asking("changes") as client:
            changes = checked(list[ChangedPath] | None, client.diff(container)) or []
            return [change["Path"] for change in changes if change["Kind"] != _DELETED]

    def stat(self, container: str, path: str) -> Stat | None:
        """Return the file at a path, or None if there is none."""
        try:
            with self._asking("stat") as client:
                url = client._url("/containers/{0}/archive", container)  # noqa: SLF001  the SDK's own reads the content
                response = client.head(url, params={"path": path}, timeout=client.timeout)
                client._raise_for_status(response)  # noqa: SLF001
                return _stat(response.headers["X-Docker-Container-Path-Stat"])
        except NotFound:
            return None

    def read(self, container: str, path: str) -> bytes:
        """Return the file at a path as a tar archive of one member, with mode and owner."""
        with self._asking("read") as client:
            url = client._url("/containers/{0}/archive", container)  # noqa: SLF001  the SDK's own has no end
            response = client._get(url, params={"path": path}, headers={"Accept-Encoding": "identity"})  # noqa: SLF001
            client._raise_for_status(response)  # noqa: SLF001
            archive = bytes(response.content)
            _check_single(archive)
            return archive

    def write(self, container: str, tar: bytes) -> None:
        """Unpack a tar archive at the root, with its modes and owners."""
        with self._asking("write") as client:
            client.put_archive(container, "/", tar)


def _check_single(archive: bytes) -> None:
    try:
        with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as single:
            members = single.getmembers()
    except (tarfile.TarError, EOFError) as error:
        raise MalformedShape(f"no archive: {error}") from error
    if len(members) != 1 or not members[0].isfile():
        raise MalformedShape(f"an archive of {len(members)} members instead of one file")


def _stat(header: str) -> Stat:
    stat = checked(PathStat, json.loads(base64.b64decode(header)))
    return Stat(
        regular=stat["mode"] <= _PLAIN_MODE,
        size_bytes=stat["size"],
        modified=datetime.fromisoformat(stat["mtime"]).timestamp(),
        whole_second="." not in stat["mtime"],
    )
