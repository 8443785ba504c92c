"""Runs commands; a failure is one sentence with the last lines of the output."""

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


class LabError(Exception):
    """Something of the lab could not be made; the text says what and what to do."""


class NoEngineError(LabError):
    """There is no Docker engine, and none can be installed here."""


def run(
    command: Sequence[str | Path],
    what: str,
    *,
    timeout_seconds: float = 600.0,
    environment: Mapping[str, str] | None = None,
    stdin: str | None = None,
) -> str:
    """Run a command and return its output.

    Raises:
        LabError: it failed or took too long.
    """
    try:
        done = subprocess.run(
            [str(part) for part in command],
            input=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=timeout_seconds,
            env={**os.environ, **(environment or {})},
            check=False,
        )
    except FileNotFoundError as error:
        raise LabError(f"{what}: there is no command {command[0]}") from error
    except subprocess.TimeoutExpired as error:
        raise LabError(f"{what}: {command[0]} took longer than {timeout_seconds:g} s") from error
    if done.returncode != 0:
        tail = "\n  ".join(done.stdout.strip().splitlines()[-12:])
        raise LabError(f"{what}: {Path(command[0]).name} failed with exit code {done.returncode}:\n  {tail}")
    return done.stdout


def works(command: Sequence[str | Path], *, timeout_seconds: float = 20.0) -> bool:
    """Tell whether a command exists and succeeds."""
    try:
        run(command, "probe", timeout_seconds=timeout_seconds)
    except LabError:
        return False
    return True
