"""Installs Debian packages without starting the services that they bring."""

import contextlib
import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from deploy.lab.once import alone
from deploy.lab.shell import LabError, run

_POLICY = Path("/usr/sbin/policy-rc.d")
_FORBID = "#!/bin/sh\nexit 101\n"


def can_install() -> bool:
    """Tell whether packages can be installed: as root, on Debian or Ubuntu."""
    return os.geteuid() == 0 and shutil.which("apt-get") is not None


def ensure_commands(packages: dict[str, str]) -> None:
    """Make sure that commands exist; `packages` maps each command to the package that has it.

    Raises:
        LabError: something is missing and cannot be installed.
    """
    with alone("packages"):
        missing = [package for command, package in packages.items() if shutil.which(command) is None]
        if not missing:
            return
        if not can_install():
            raise LabError(f"missing: {', '.join(missing)}; install them, or run as root on Debian or Ubuntu")
        install(missing)


def install(packages: Sequence[str]) -> None:
    """Install packages, with their services kept from starting."""
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    with _no_services():
        run(["apt-get", "update", "-q"], "update the package lists", environment=environment)
        run(
            ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages],
            f"install {', '.join(packages)}",
            environment=environment,
        )


@contextlib.contextmanager
def _no_services() -> Iterator[None]:
    """Forbid service starts by Debian's own means, and leave what was there before."""
    if _POLICY.exists():
        yield
        return
    _POLICY.write_text(_FORBID, encoding="ascii")
    _POLICY.chmod(0o755)
    try:
        yield
    finally:
        _POLICY.unlink(missing_ok=True)
