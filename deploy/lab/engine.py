"""A Docker engine that answers: the one that runs, or one that is installed and started here."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from deploy.lab import packages
from deploy.lab.once import alone
from deploy.lab.report import step
from deploy.lab.shell import NoEngineError, run, works

START_SECONDS = 60.0
_LOG = Path("/var/log/dockerd.log")
_PID_FILE = Path("/var/run/docker.pid")
_ADVICE = (
    "install Docker (https://docs.docker.com/engine/install/) and start it, or run this as root on Debian or Ubuntu"
)


def answers() -> bool:
    """Tell whether an engine answers now."""
    return works(["docker", "info"], timeout_seconds=20)


def url() -> str:
    """Return the address of the engine that the docker command uses."""
    if os.environ.get("DOCKER_HOST"):
        return os.environ["DOCKER_HOST"]
    found = run(["docker", "context", "inspect", "--format", "{{.Endpoints.docker.Host}}"], "find the engine")
    return found.strip().splitlines()[0]


def ensure(*, assume_yes: bool = False) -> str:
    """Return the address of an engine that answers, after installing and starting one if need be.

    Raises:
        NoEngineError: none answers, and none may be installed here.
    """
    if answers():
        return url()
    if os.environ.get("DOCKER_HOST"):
        raise NoEngineError(
            f"no Docker engine answers at DOCKER_HOST={os.environ['DOCKER_HOST']}; start it, or unset it"
        )
    with alone("engine"):
        if not answers():
            _make(assume_yes=assume_yes)
    return url()


def _make(*, assume_yes: bool) -> None:
    if shutil.which("dockerd") is None:
        _install(assume_yes=assume_yes)
    if os.geteuid() != 0:
        raise NoEngineError(f"no Docker engine answers, and only root could start one; {_ADVICE}")
    with step("start the Docker engine"):
        _start()


def _install(*, assume_yes: bool) -> None:
    if not packages.can_install():
        raise NoEngineError(f"no Docker engine answers, and none can be installed here; {_ADVICE}")
    if sys.stdin.isatty() and not assume_yes:
        answer = input("No Docker engine answers. Install the package docker.io and start it? [y/N] ")
        if answer.strip().lower() not in {"y", "yes"}:
            raise NoEngineError(f"no Docker engine answers; {_ADVICE}")
    with step("install a Docker engine (packages docker.io and iptables)"):
        packages.install(["docker.io", "iptables"])


def _start() -> None:
    """Start dockerd in a session of its own, so that it outlives this command."""
    _forget_a_dead_one()
    with _LOG.open("ab") as log:
        subprocess.Popen(["dockerd"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if answers():
            return
        time.sleep(0.5)
    raise NoEngineError(f"dockerd did not answer within {START_SECONDS:g} s; its log is {_LOG}")


def _forget_a_dead_one() -> None:
    """Remove the pid file of an engine that was killed: its number may belong to another process by now."""
    try:
        number = int(_PID_FILE.read_text(encoding="ascii"))
        alive = Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip() == "dockerd"
    except (OSError, ValueError):
        alive = False
    if not alive:
        _PID_FILE.unlink(missing_ok=True)
