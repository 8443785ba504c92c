"""The stack of deploy/compose.yaml under a project name and on ports of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from deploy.lab.compose import remove_project
from deploy.lab.images import GRAFANA, STACK, ensure
from deploy.lab.once import alone
from deploy.lab.ports import free_ports
from deploy.lab.shell import run

FILE = Path(__file__).parent.parent / "compose.yaml"
OUR_IMAGES = ("traefik-autoscaler:dev", "traefik-autoscaler-demo:dev")


@dataclass(frozen=True, slots=True)
class Ports:
    web: int
    websecure: int
    dashboard: int
    prometheus: int
    grafana: int
    autoscaler: int
    alertmanager: int

    @classmethod
    def free(cls) -> "Ports":
        return cls(*free_ports(7))


@dataclass(frozen=True, slots=True)
class Stack:
    """One running copy of the stack; all its ports are on 127.0.0.1."""

    compose: Sequence[str]
    project: str
    environment: Mapping[str, str] = field(default_factory=dict)
    ports: Ports = field(default_factory=Ports.free)
    without: frozenset[str] = frozenset()  # services that cannot run here
    overrides: Sequence[Path] = ()  # further Compose files

    @property
    def gateway(self) -> str:
        return f"https://127.0.0.1:{self.ports.websecure}"

    def services(self) -> list[str]:
        """Return the services that can run here."""
        names = self.run("config", "--services").split()
        return sorted(name for name in names if name not in self.without)

    def build(self) -> None:
        """Build our own images."""
        with alone("build"):
            self.run("build", "--quiet", "autoscaler", "userservice")

    def up(self, *arguments: str) -> str:
        """Create and start what is not there yet; return what Compose says."""
        return self.run("up", "--detach", "--no-build", *arguments, *self.services())

    def down(self) -> None:
        """Remove everything, volumes and all."""
        remove_project(self.run, timeout_seconds=3)

    def replicas(self, service: str) -> list[str]:
        """Return the names of the service's containers, as Compose itself lists them."""
        lines = self.run("ps", "--format", "json", service).strip().splitlines()
        return sorted(str(json.loads(line)["Name"]) for line in lines)

    def run(self, *arguments: str) -> str:
        """Run a Compose command on this copy."""
        files = [word for file in (FILE, *self.overrides) for word in ("--file", str(file))]
        command = [*self.compose, "--project-name", self.project, *files, "--progress", "plain", *arguments]
        what = f"docker compose {arguments[0]}"
        return run(command, what, environment={**self._port_variables(), **self.environment})

    def _port_variables(self) -> dict[str, str]:
        return {
            "COMPOSE_PROJECT_NAME": self.project,
            "GATEWAY_ADDRESS": "127.0.0.1",
            "ADMIN_ADDRESS": "127.0.0.1",
            "WEB_PORT": str(self.ports.web),
            "WEBSECURE_PORT": str(self.ports.websecure),
            "DASHBOARD_PORT": str(self.ports.dashboard),
            "PROMETHEUS_PORT": str(self.ports.prometheus),
            "GRAFANA_PORT": str(self.ports.grafana),
            "AUTOSCALER_PORT": str(self.ports.autoscaler),
            "ALERTMANAGER_PORT": str(self.ports.alertmanager),
        }


def services_not_to_be_had() -> frozenset[str]:
    """Make sure of the stack's images; return the services whose image is not to be had here."""
    return frozenset({"grafana"} if GRAFANA in ensure(STACK) else ())
