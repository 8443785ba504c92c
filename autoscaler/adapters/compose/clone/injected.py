"""Which files of a container Compose wrote into it: secrets and configs of `environment:` or `content:`. Pure.

They are no mounts, and no label tells of them: Compose unpacks them into the container before its start. So they are
recognised by what they are: changed against the image, small, and with a time in whole seconds, as tar archives have,
from between the container's creation and its start. What a program writes has fractions of a second.
"""

import io
import tarfile
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

from autoscaler.adapters.compose.files import Stat

SECRETS = PurePosixPath("/run/secrets")
MOST_BYTES = 1 << 20
# Compose sets the time by its own machine's clock, and rounds it.
CLOCK_SKEW_SECONDS = 60.0


def candidates(changed: Iterable[str], template: Mapping[str, Any]) -> list[str]:
    """Return the paths that may be such files, nearest the root first: no parent of another, and on no mount."""
    paths = {PurePosixPath(path) for path in changed}
    parents = {parent for path in paths for parent in path.parents}
    mounts = {PurePosixPath(mount["Destination"]) for mount in template.get("Mounts") or []}
    leaves = [path for path in paths - parents if mounts.isdisjoint({path, *path.parents})]
    return [str(path) for path in sorted(leaves, key=lambda path: (len(path.parts), path))]


def is_injected(path: str, stat: Stat, template: Mapping[str, Any]) -> bool:
    """Tell whether Compose wrote this file. Whatever is among the secrets, it did."""
    if not stat.regular or stat.size_bytes > MOST_BYTES:
        return False
    if SECRETS in PurePosixPath(path).parents:
        return True
    created, started = (_seconds(when) for when in (template["Created"], template["State"]["StartedAt"]))
    return stat.whole_second and created - CLOCK_SKEW_SECONDS <= stat.modified <= started + CLOCK_SKEW_SECONDS


def repacked(archives: Mapping[str, bytes], now: float) -> bytes:
    """Join archives of one file each, by path, into one to unpack at the root; `now` in unix seconds.

    Mode, owner and content stay. The time becomes now, as if Compose had written them: a clone may be cloned.
    """
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.GNU_FORMAT) as joined:
        for path, archive in archives.items():
            with tarfile.open(fileobj=io.BytesIO(archive)) as single:
                (member,) = single.getmembers()
                content = single.extractfile(member)
                member.name, member.mtime, member.pax_headers = path.lstrip("/"), int(now), {}
                joined.addfile(member, content)
    return target.getvalue()


def _seconds(when: str) -> float:
    return datetime.fromisoformat(when).timestamp()
