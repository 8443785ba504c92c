"""Stores interventions in a small JSON file of the state directory, replaced as a whole.

Whoever may write to the directory could lead a write to another file: one of all users is not used, and no link is
followed.
"""

import contextlib
import errno
import json
import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError

from autoscaler.config.regular_file import read_regular
from autoscaler.core.intervention import Intervention
from autoscaler.core.model import Override
from autoscaler.core.rules import MOST_REPLICAS
from autoscaler.errors import StateUnavailable
from autoscaler.formats import plain

FILE = "overrides.json"
MOST_BYTES = 2**20  # thousands of services
_LATEST = 253_402_300_799  # the end of the year 9999, the latest representable

_Until = Annotated[float, Field(gt=0, lt=_LATEST, allow_inf_nan=False)]


class _Override(BaseModel, strict=True, extra="forbid"):
    replicas: int = Field(ge=1, le=MOST_REPLICAS)
    until: _Until


class _Intervention(BaseModel, strict=True, extra="forbid"):
    paused_until: _Until | None = None
    override: _Override | None = None

    def value(self) -> Intervention:
        override = None if self.override is None else Override(self.override.replicas, self.override.until)
        return Intervention(self.paused_until, override)


class _State(BaseModel, strict=True, extra="forbid"):
    version: Literal[1]
    services: dict[str, _Intervention]


class OverrideFile:
    """Fulfils overrides.OverrideStore; one daemon at a time writes to a directory."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / FILE

    def load(self) -> Mapping[str, Intervention]:
        """Return the saved interventions; none if there is no file.

        Raises:
            StateUnavailable: the file cannot be read, or is damaged; it is set aside. Or the directory is not used.
        """
        try:
            with _opened(self._path.parent):
                pass
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise self._unusable(error) from error
        try:
            state = _State.model_validate_json(read_regular(self._path, MOST_BYTES))
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise StateUnavailable(self._set_aside(f"cannot be read ({error.strerror})")) from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"])) or "the file"
            raise StateUnavailable(self._set_aside(f"is damaged ({place}: {first['msg']})")) from error
        return {name: each.value() for name, each in state.services.items()}

    def save(self, interventions: Mapping[str, Intervention]) -> None:
        """Write a new file, flush it to the disk, and replace the old one by it.

        Raises:
            StateUnavailable: the disk is full, or the directory cannot be written; the old file is unchanged.
        """
        text = json.dumps({"version": 1, "services": plain(interventions)}, indent=2)
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _opened(self._path.parent) as directory:
                _replace(directory, self._path.with_suffix(".new").name, self._path.name, text.encode())
        except OSError as error:
            raise self._unusable(error) from error

    def _unusable(self, error: OSError) -> StateUnavailable:
        return StateUnavailable(
            f"cannot write {self._path}: {error.strerror}; pauses and overrides work, but will not survive a "
            f"restart: AUTOSCALER_STATE_DIR must be a directory with room that user {os.getuid()} may write to"
        )

    def _set_aside(self, problem: str) -> str:
        aside = self._path.with_suffix(".damaged")
        try:
            self._path.replace(aside)
            kept = f"kept as {aside}"
        except OSError:
            kept = "left in place"
        return f"{self._path} {problem} and is {kept}; earlier pauses and overrides are not in force: set them again"


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Open a directory that is no link and that not every user may write to."""
    try:
        directory = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except NotADirectoryError as error:
        if path.is_symlink():
            raise PermissionError(errno.EPERM, f"{path} is a symbolic link; name the directory itself") from error
        raise
    try:
        if os.fstat(directory).st_mode & stat.S_IWOTH:
            raise PermissionError(errno.EPERM, f"every user may write to {path}; take that right away (chmod o-w)")
        yield directory
    finally:
        os.close(directory)


def _replace(directory: int, new: str, name: str, content: bytes) -> None:
    """Write a new file beside the old one, on the disk, and put it in its place; no link is followed."""
    with contextlib.suppress(FileNotFoundError):  # left by a crash
        os.unlink(new, dir_fd=directory)
    created = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(new, created, 0o600, dir_fd=directory)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123  a descriptor
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, name, src_dir_fd=directory, dst_dir_fd=directory)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(new, dir_fd=directory)
        raise
    os.fsync(directory)  # the new name, too
