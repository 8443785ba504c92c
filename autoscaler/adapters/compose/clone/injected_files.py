"""The files that Compose wrote into a replica, secrets and configs of `environment:` or `content:`, for its clones.

Compose unpacks them into the container before its start; they are no mounts, and no label lists them. They are
recognised as small files that differ from the image, with a time in whole seconds, as tar archives have, between the
container's creation and its start. Files that a program writes have fractions of a second.
"""

import io
import tarfile
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.docker.engine import Engine, Inspect
from autoscaler.adapters.docker.errors import EngineError, NotFound
from autoscaler.adapters.docker.files import Stat
from autoscaler.errors import TargetUnavailable
from autoscaler.formats import one_line

MOST_FILES = 1000  # to look at, at about a millisecond each
SECRETS = PurePosixPath("/run/secrets")
MOST_BYTES = 1 << 20
# Compose sets the time by its own machine's clock, and rounds it.
CLOCK_SKEW_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class _Found:
    replica: tuple[str, str]  # id and start: Compose writes nothing into a running container
    paths: tuple[str, ...]
    warning: str | None = None  # what may be missing


class InjectedFiles:
    """Remembers the paths of each service's files, never their content; thread-safe. `now` in unix seconds."""

    def __init__(self, engine: Engine, now: Callable[[], float] = time.time) -> None:
        self._engine = engine
        self._now = now
        self._searching: dict[tuple[str, str], threading.Lock] = {}  # one search for overlapping clones
        self._found: dict[tuple[str, str], _Found] = {}

    def copy_into(self, clone: str, template: Inspect) -> str | None:
        """Copy the template's files into a clone before its start; return what may be missing.

        Raises:
            EngineError, TargetUnavailable: files could not be copied.
        """
        try:
            found = self._look(template)
        except (EngineError, TargetUnavailable) as error:
            return f"it lacks the secrets and configs that Compose may have written into its template: {error}"
        archives = {path: archive for path in found.paths if (archive := self._read(template, path)) is not None}
        if archives:
            self._engine.files.write(clone, repacked(archives, self._now()))
        gone = [path for path in found.paths if path not in archives]
        return f"its template no longer has {one_line(', '.join(gone))}, which Compose wrote" if gone else found.warning

    def _look(self, template: Inspect) -> _Found:
        labels = template["Config"]["Labels"]
        service = (labels[label.PROJECT], labels[label.SERVICE])
        replica = (template["Id"], template["State"]["StartedAt"])
        with self._searching.setdefault(service, threading.Lock()):
            known = self._found.get(service)
            if known is None or known.replica != replica:
                known = self._found[service] = self._search(template, replica)
            return known

    def _search(self, template: Inspect, replica: tuple[str, str]) -> _Found:
        paths = candidates(self._engine.files.changed(template["Id"]), template)
        found = tuple(path for path in paths[:MOST_FILES] if self._is_injected(path, template))
        if len(paths) <= MOST_FILES:
            return _Found(replica, found)
        many = (
            f"its template has written {len(paths)} files, and only {MOST_FILES} were searched for secrets and configs"
        )
        return _Found(replica, found, many)

    def _is_injected(self, path: str, template: Inspect) -> bool:
        stat = self._engine.files.stat(template["Id"], path)
        return stat is not None and is_injected(path, stat, template)

    def _read(self, template: Inspect, path: str) -> bytes | None:
        try:
            return self._engine.files.read(template["Id"], path)
        except EngineError as error:
            if isinstance(error, NotFound):
                return None
            raise


def candidates(changed: Iterable[str], template: Mapping[str, Any]) -> list[str]:
    """Return the paths that may be such files, nearest the root first: no directories, none on a mount."""
    paths = {PurePosixPath(path) for path in changed}
    parents = {parent for path in paths for parent in path.parents}
    mounts = {PurePosixPath(mount["Destination"]) for mount in template.get("Mounts") or []}
    leaves = [path for path in paths - parents if mounts.isdisjoint({path, *path.parents})]
    return [str(path) for path in sorted(leaves, key=lambda path: (len(path.parts), path))]


def is_injected(path: str, stat: Stat, template: Mapping[str, Any]) -> bool:
    """Return whether Compose wrote this file; it wrote all files in the directory of secrets."""
    if not stat.regular or stat.size_bytes > MOST_BYTES:
        return False
    if SECRETS in PurePosixPath(path).parents:
        return True
    created, started = (_seconds(when) for when in (template["Created"], template["State"]["StartedAt"]))
    return stat.whole_second and created - CLOCK_SKEW_SECONDS <= stat.modified <= started + CLOCK_SKEW_SECONDS


def repacked(archives: Mapping[str, bytes], now: float) -> bytes:
    """Join archives of one file each, by path, into one to unpack at the root; `now` in unix seconds.

    Mode, owner and content stay. The time becomes now, as if Compose had written the files: a clone may be cloned.
    """
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as joined:
        for path, archive in archives.items():
            with tarfile.open(fileobj=io.BytesIO(archive), mode="r:") as single:
                (member,) = single.getmembers()
                content = single.extractfile(member)
                member.name, member.mtime, member.pax_headers = path.lstrip("/"), int(now), {}
                joined.addfile(member, content)
    return target.getvalue()


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()
