"""What Compose wrote into a container is told from what the container wrote itself."""

import io
import tarfile
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from autoscaler.adapters.compose.clone.injected_files import MOST_BYTES, candidates, is_injected, repacked
from autoscaler.adapters.docker.files import Stat
from tests.support.engine_answers import inspected

CREATED, STARTED = "2026-05-01T12:00:00.238233935Z", "2026-05-01T13:00:00.731869637+01:00"
START = datetime.fromisoformat(STARTED).timestamp()
WRITTEN = Stat(regular=True, size_bytes=20, modified=START - 1.7, whole_second=True)


def template(*mounts: str) -> dict[str, Any]:
    return {
        **inspected(),
        "Created": CREATED,
        "State": {"StartedAt": STARTED},
        "Mounts": [{"Destination": mount} for mount in mounts],
    }


def test_only_leaves_outside_of_mounts_are_looked_at_the_nearest_first() -> None:
    changed = [
        "/run",
        "/run/secrets",
        "/run/secrets/token",
        "/run/secrets/mounted",
        "/etc",
        "/etc-x",
        "/etc/app",
        "/cc",
        "/data/x",
    ]
    found = candidates(changed, template("/run/secrets/mounted", "/data"))
    assert found == ["/cc", "/etc-x", "/etc/app", "/run/secrets/token"]


@pytest.mark.parametrize(
    ("stat", "injected"),
    [
        pytest.param(WRITTEN, True, id="written before the start, at a whole second"),
        pytest.param(replace(WRITTEN, modified=START + 50), True, id="by a clock that is fast"),
        pytest.param(replace(WRITTEN, modified=START - 50), True, id="by a clock that is slow"),
        pytest.param(replace(WRITTEN, whole_second=False), False, id="written by the program"),
        pytest.param(replace(WRITTEN, modified=START - 86400), False, id="unpacked from an old archive"),
        pytest.param(replace(WRITTEN, modified=START + 3600), False, id="unpacked from a new archive, later"),
        pytest.param(replace(WRITTEN, regular=False), False, id="a directory or a link"),
        pytest.param(replace(WRITTEN, size_bytes=MOST_BYTES + 1), False, id="larger than any configuration"),
    ],
)
def test_a_config_is_told_by_its_time(stat: Stat, injected: bool) -> None:
    assert is_injected("/etc/app.ini", stat, template()) is injected


def test_what_is_among_the_secrets_is_one_whenever_it_was_written() -> None:
    assert is_injected("/run/secrets/token", replace(WRITTEN, whole_second=False, modified=START + 3600), template())


def archive(name: str, content: bytes, **facts: Any) -> bytes:
    """One file as the engine sends it."""
    file, member = io.BytesIO(), tarfile.TarInfo(name)
    member.size = len(content)
    for fact, value in facts.items():
        setattr(member, fact, value)
    with tarfile.open(fileobj=file, mode="w") as tar:
        tar.addfile(member, io.BytesIO(content))
    return file.getvalue()


def test_files_are_copied_to_the_same_place_with_mode_owner_and_content_and_the_time_of_now() -> None:
    archives = {
        "/etc/app.ini": archive("app.ini", b"a = 1", mode=0o400, uid=1000, gid=1001, mtime=7),
        "/run/secrets/ünïcode": archive("ünïcode", b"s3cret", mode=0o444),
    }
    with tarfile.open(fileobj=io.BytesIO(repacked(archives, 1234.9))) as tar:
        first, second = tar.getmembers()
        content = tar.extractfile(second)
        assert content is not None
        assert content.read() == b"s3cret"
    assert (first.name, first.mode, first.uid, first.gid, first.mtime) == ("etc/app.ini", 0o400, 1000, 1001, 1234)
    assert (second.name, second.mode) == ("run/secrets/ünïcode", 0o444)
