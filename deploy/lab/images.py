"""The public images of the stack: there already, pulled, or stand-ins built from packages under the same tags."""

import functools
import os
import shutil
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from deploy.lab import packages
from deploy.lab.once import alone
from deploy.lab.report import console, step
from deploy.lab.shell import LabError, run, works

HERE = Path(__file__).parent
PULL_SECONDS = 600.0

PYTHON = "python:3.13-slim"
TRAEFIK = "traefik:v3.7"
PROMETHEUS = "prom/prometheus:v3.5.3"
PROMETHEUS_OLD = "prom/prometheus:v2.42.0"
HAPROXY = "haproxy:3.0"
ALERTMANAGER = "prom/alertmanager:v0.28.1"
GRAFANA = "grafana/grafana:13.2.3"

STACK = (PYTHON, TRAEFIK, PROMETHEUS, HAPROXY, GRAFANA)


@dataclass(frozen=True, slots=True)
class StandIn:
    """How to build an image where it cannot be pulled; all are built on the Python image's stand-in."""

    dockerfile: str
    build_args: Mapping[str, str] = field(default_factory=dict)


STAND_INS = {
    TRAEFIK: StandIn("traefik.Dockerfile"),
    PROMETHEUS: StandIn("prometheus.Dockerfile"),
    PROMETHEUS_OLD: StandIn("prometheus.Dockerfile", {"SUITE": "bookworm"}),
    HAPROXY: StandIn("haproxy.Dockerfile"),
    ALERTMANAGER: StandIn("alertmanager.Dockerfile"),
}


def exists(image: str) -> bool:
    """Tell whether the engine has an image of that name."""
    return works(["docker", "image", "inspect", image])


def ensure(names: Iterable[str]) -> set[str]:
    """Make sure that the images exist; return those that can neither be pulled nor built here.

    Raises:
        LabError: an image should have come, and did not.
    """
    missing = [name for name in names if not exists(name)]
    if not missing:
        return set()
    with alone("images"):
        return {name for name in missing if not (exists(name) or _pull(name) or _build(name))}


def _pull(name: str) -> bool:
    if not registry_answers():
        return False
    try:
        with step(f"pull {name}"):
            run(["docker", "pull", "--quiet", name], f"pull {name}", timeout_seconds=PULL_SECONDS)
    except LabError as error:
        console.print(str(error), style="yellow")
        return False
    return True


@functools.cache
def registry_answers() -> bool:
    """Tell whether the registry of the public images answers; asked once."""
    if works(["docker", "pull", "--quiet", PYTHON], timeout_seconds=PULL_SECONDS):
        return True
    console.print("no container registry answers: stand-ins are built from packages")
    return False


def _build(name: str) -> bool:
    if name == PYTHON:
        _build_python()
        return True
    if name not in STAND_INS:
        return False
    if not exists(PYTHON):
        _build_python()
    stand_in = STAND_INS[name]
    arguments = [word for key, value in stand_in.build_args.items() for word in ("--build-arg", f"{key}={value}")]
    with step(f"build a stand-in for {name}"):
        file = HERE / stand_in.dockerfile
        run(["docker", "build", "--quiet", "--tag", name, *arguments, "--file", file, HERE], f"build {name}")
    return True


def _build_python() -> None:
    """Debian trixie has the same Python as the public image; debootstrap makes a small root of it."""
    if not packages.can_install():
        raise LabError(f"{PYTHON} can neither be pulled nor built: building needs root on Debian or Ubuntu")
    with step(f"build a stand-in for {PYTHON}"):
        packages.ensure_commands({"debootstrap": "debootstrap"})
        root = Path(tempfile.mkdtemp(prefix="python-root-"))
        try:
            include = "--include=python3,python3-pip,python3-venv,ca-certificates"
            run(["debootstrap", "--variant=minbase", include, "trixie", root], "make a Debian root")
            _trust_what_the_host_trusts(root)
            (root / "usr/bin/python").symlink_to("python3")
            changes = ["--change", 'CMD ["python3"]', "--change", "LABEL stand-in=true"]
            archive = root.with_suffix(".tar")
            run(["tar", "-C", root, "-c", "-f", archive, "."], "pack the root")
            run(["docker", "import", *changes, archive, PYTHON], "import the root")
        finally:
            shutil.rmtree(root, ignore_errors=True)
            root.with_suffix(".tar").unlink(missing_ok=True)


def _trust_what_the_host_trusts(root: Path) -> None:
    """Behind a proxy that inspects TLS, pip inside a build needs the host's certificates."""
    bundle = Path(os.environ.get("SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"))
    if bundle.is_file():
        shutil.copyfile(bundle, root / "etc/ssl/certs/ca-certificates.crt")
