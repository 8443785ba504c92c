"""Docker Compose v2 or later: the plugin that is there, or the binary of the virtual environment's wheel."""

import shutil
import sys
from pathlib import Path

from deploy.lab.shell import LabError, works


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
