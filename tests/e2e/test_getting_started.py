"""docs/getting-started.md is followed word by word: its files, its commands, and a service that is scaled."""

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from deploy.lab import images
from deploy.lab.ports import free_ports
from tests.support.documents import commands, files
from tests.support.paths import ROOT

pytestmark = pytest.mark.engine

PAGE = "docs/getting-started.md"


@dataclass
class Reader:
    """Somebody with an empty folder, on a machine where ports are taken and other projects run."""

    compose: list[str]
    folder: Path
    project: str = field(default_factory=lambda: f"autoscaler-start-{secrets.token_hex(3)}")

    def save_the_files(self) -> None:
        for name, text in files(PAGE).items():
            (self.folder / name).write_text(text, encoding="utf-8")
        (self.folder / "elsewhere.yaml").write_text(self._elsewhere(), encoding="utf-8")

    def _elsewhere(self) -> str:
        """Other host ports, and a Traefik that sees this project only."""
        traefik = YAML(typ="safe", pure=True).load(files(PAGE)["compose.yaml"])["services"]["traefik"]
        only = f"--providers.docker.constraints=Label(`com.docker.compose.project`,`{self.project}`)"
        web, page = free_ports(2)
        return (
            f"services:\n  traefik: {{command: {json.dumps([*traefik['command'], only])},"
            f' ports: !override ["127.0.0.1:{web}:80"]}}\n'
            f'  autoscaler: {{ports: !override ["127.0.0.1:{page}:9595"]}}\n'
        )

    def does(self, command: str) -> str:
        """Do what the page says; what only asks is asked again for a minute, as readers do while things start."""
        if command.startswith("git clone "):
            (self.folder / command.rsplit("/", 1)[1].removesuffix(".git")).symlink_to(ROOT)
            return ""
        if command.startswith("echo COMPOSE_FILE="):
            command = command.replace(" >>", ":elsewhere.yaml >>")
        deadline = time.monotonic() + (0 if "load-test" in command else 60)
        while True:
            done = self._shell(command)
            if done.returncode == 0:
                return done.stdout
            assert time.monotonic() < deadline, f"{command}\n{done.stdout}{done.stderr}"
            time.sleep(1)

    def _shell(self, command: str) -> subprocess.CompletedProcess[str]:
        words = command.replace("docker compose exec", "docker compose exec --no-tty")
        words = words.replace("docker compose", " ".join(self.compose))
        environment = {**os.environ, "COMPOSE_PROJECT_NAME": self.project, "COLUMNS": "200"}
        return subprocess.run(
            words,
            shell=True,
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    def replicas(self) -> int:
        return len(self.does("docker compose ps --quiet shop").split())


@pytest.fixture
def reader(compose_command: list[str], tmp_path: Path) -> Iterator[Reader]:
    images.ensure(images.STACK)
    reader = Reader(compose_command, tmp_path)
    yield reader
    reader.does("docker compose down --volumes --remove-orphans --timeout 3")


def test_whoever_follows_the_page_sees_a_service_scaled_by_its_labels(reader: Reader) -> None:
    reader.save_the_files()
    said = {command: reader.does(command) for command in commands(PAGE)}
    assert reader.replicas() == 4
    (load_test,) = (text for command, text in said.items() if "load-test" in command)
    assert "3000/3000 ok" in load_test
    (check,) = (text for command, text in said.items() if command.endswith("autoscaler check"))
    assert "load: requests, 20 req/s per replica" in check
    (up,) = (command for command in said if " up " in command)
    left_alone = reader.does(f"{up.removesuffix(' --build --wait')} --no-build --dry-run --scale shop=4 2>&1")
    assert "Creat" not in left_alone, "Compose does not own what was made"
