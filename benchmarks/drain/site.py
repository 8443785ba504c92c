"""The Compose project: two gateways, and services whose replicas are removed; all ports on 127.0.0.1."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.drain.streams import GATEWAYS, App, Stream, apps
from deploy.lab.images import PYTHON, TRAEFIK
from deploy.lab.ports import free_ports
from deploy.lab.shell import run

APP = Path(__file__).with_name("app.py").resolve()
ASK = (
    "exec 3<>/dev/tcp/127.0.0.1/8000; printf 'GET /health HTTP/1.0\\r\\n\\r\\n' >&3; "
    'read -r _ status _ <&3; [ "$$status" = 200 ]'
)
# As config/traefik/traefik.yaml has it; the other gateway keeps Traefik's defaults of 2 s and 30 s.
OURS = ["--providers.providersThrottleDuration=200ms", "--serversTransport.forwardingTimeouts.dialTimeout=1s"]
WEB = ("--entryPoints.web.address=:8000", "--ping=true", "--ping.entryPoint=web")
PING = {"test": ["CMD", "traefik", "healthcheck", *WEB], "interval": "2s"}
KEPT_QUIET = ("--global.checkNewVersion=false", "--log.level=INFO", "--log.format=json")


@dataclass(frozen=True, slots=True)
class Site:
    """One copy of the project."""

    compose: Sequence[str]
    directory: Path
    socket: str
    name: str = field(default_factory=lambda: f"bench-drain-{secrets.token_hex(3)}")
    ports: Mapping[str, int] = field(
        default_factory=lambda: dict(zip(GATEWAYS, free_ports(len(GATEWAYS)), strict=True))
    )

    def up(self, replicas: int) -> None:
        """Create everything, each service with so many replicas, and wait until it is healthy."""
        services = {app.name: service(app, replicas) for app in apps()}
        gateways = {f"gateway-{name}": self._gateway(name) for name in GATEWAYS}
        document = {"name": self.name, "services": {**gateways, **services}}
        self.directory.mkdir(parents=True, exist_ok=True)
        self._file.write_text(json.dumps(document, indent=1), encoding="utf-8")
        self.run("up", "--detach", "--wait")

    def down(self) -> None:
        self.run("down", "--volumes", "--remove-orphans", "--timeout", "1")

    def url(self, stream: Stream) -> str:
        return f"http://127.0.0.1:{self.ports[stream.gateway]}{stream.path}"

    def access_log(self, gateway: str) -> list[str]:
        """Return the gateway's access log, a line of JSON for each request."""
        said = self.run("logs", "--no-log-prefix", "--no-color", f"gateway-{gateway}")
        return [line for line in said.splitlines() if line.startswith('{"Client')]

    def run(self, *arguments: str) -> str:
        """Run a Compose command."""
        return run([*self.compose, "--file", self._file, "--progress", "plain", *arguments], f"compose {arguments[0]}")

    @property
    def _file(self) -> Path:
        return self.directory / "compose.json"

    def _gateway(self, name: str) -> dict[str, Any]:
        command = [*WEB, *KEPT_QUIET, *only(self.name), "--accessLog=true", "--accessLog.format=json"]
        return {
            "image": TRAEFIK,
            "command": [*command, *(OURS if name == "ours" else [])],
            "volumes": [f"{self.socket}:/var/run/docker.sock:ro"],
            "ports": [f"127.0.0.1:{self.ports[name]}:8000"],
            "healthcheck": PING,
        }


def only(project: str) -> tuple[str, str]:
    """Return the flags of a Traefik that sees the containers of one project alone."""
    constraint = f"--providers.docker.constraints=Label(`com.docker.compose.project`,`{project}`)"
    return "--providers.docker.exposedByDefault=false", constraint


def service(app: App, replicas: int) -> dict[str, Any]:
    """Return a service of replicas that answer at two paths, at one of them with Traefik's retry."""
    router, balancer = f"traefik.http.routers.{app.name}", f"traefik.http.services.{app.name}"
    return {
        "image": PYTHON,
        "command": ["python3", "-u", "/app.py"],
        "environment": {
            "WORK_SECONDS": str(app.work_seconds),
            "ON_SIGTERM": "finish" if app.finishes else "die",
            "KEEP_ALIVE": "yes" if app.keep_alive else "no",
        },
        "volumes": [f"{APP}:/app.py:ro"],
        "deploy": {"replicas": replicas},
        "stop_grace_period": "15s",
        "healthcheck": {"test": ["CMD", "bash", "-c", ASK], "interval": "5s", "timeout": "2s", "retries": 3},
        "labels": {
            "traefik.enable": "true",
            f"{balancer}.loadbalancer.server.port": "8000",
            f"{router}.rule": f"PathPrefix(`/once/{app.name}`)",
            f"{router}.service": app.name,
            f"{router}-retry.rule": f"PathPrefix(`/retry/{app.name}`)",
            f"{router}-retry.service": app.name,
            f"{router}-retry.middlewares": f"{app.name}-retry",
            f"traefik.http.middlewares.{app.name}-retry.retry.attempts": "4",
            f"traefik.http.middlewares.{app.name}-retry.retry.initialinterval": "50ms",
        },
    }
