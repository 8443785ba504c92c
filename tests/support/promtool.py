"""The real promtool, of the image of Prometheus that the stack has."""

import subprocess

from deploy.lab import images
from tests.support.paths import ROOT


def promtool(*arguments: str, image: str = images.PROMETHEUS) -> str:
    """Run it in the repository, and return what it says; an assertion fails with that if it finds a fault."""
    assert not images.ensure([image]), f"{image} is not to be had here"
    mount = ["--volume", f"{ROOT}:/repository:ro", "--workdir", "/repository"]
    command = ["docker", "run", "--rm", *mount, "--entrypoint", "promtool", image, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
