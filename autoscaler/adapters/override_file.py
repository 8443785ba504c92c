"""Stores interventions in a small JSON file of the state directory, replaced as a whole."""

import contextlib
import json
import os
from collections.abc import Mapping
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
            StateUnavailable: the file cannot be read, or is damaged; it is set aside.
        """
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
        new = self._path.with_suffix(".new")
        text = json.dumps({"version": 1, "services": plain(interventions)}, indent=2)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            _write(new, text)
            new.replace(self._path)
            _sync(self._path.parent)
        except OSError as error:
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
            raise StateUnavailable(
                f"cannot write {self._path}: {error.strerror}; pauses and overrides work, but will not survive a "
                f"restart: AUTOSCALER_STATE_DIR must be a directory with room that user {os.getuid()} may write to"
            ) from error

    def _set_aside(self, problem: str) -> str:
        aside = self._path.with_suffix(".damaged")
        try:
            self._path.replace(aside)
            kept = f"kept as {aside}"
        except OSError:
            kept = "left in place"
        return f"{self._path} {problem} and is {kept}; earlier pauses and overrides are not in force: set them again"


def _write(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(directory: Path) -> None:
    """Flush the new name to the disk, too."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
