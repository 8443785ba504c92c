"""The whole stack in a project of its own, and what daemon, Prometheus and engine tell about it."""

import json
import secrets
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from benchmarks.reaction.plan import PATHS, Mode
from benchmarks.reaction.timeline import AT_REST
from deploy.lab.gateway import kept_to
from deploy.lab.shell import LabError
from deploy.lab.stack import Stack, services_not_to_be_had

HERE = Path(__file__).parent
READY_SECONDS = 120.0
IMAGE_TAG = "bench"  # nobody else's build of the daemon comes in between


class Site:
    """One running copy of the stack."""

    def __init__(self, compose: list[str], mode: Mode, directory: Path) -> None:
        folder = HERE / mode.name
        overrides = [folder / "compose.yaml"] if (folder / "compose.yaml").exists() else []
        environment = {"AUTOSCALER_POLICY_FILE": str(folder / "policy.yaml"), "AUTOSCALER_VERSION": IMAGE_TAG}
        project, without = f"bench-reaction-{secrets.token_hex(3)}", services_not_to_be_had()
        overrides.append(kept_to(project, directory))
        self.stack = Stack(compose, project, environment, without=without, overrides=overrides)
        self._events: subprocess.Popen[str] | None = None

    def up(self) -> None:
        """Build, start, and wait until the daemon sees Traefik and all is at rest.

        Raises:
            LabError: it does not come to rest.
        """
        self.stack.build()
        self.stack.up()
        deadline = time.monotonic() + READY_SECONDS
        while not all(self._at_rest(name) for name in PATHS):
            if time.monotonic() > deadline:
                raise LabError(f"the stack was not at rest within {READY_SECONDS:g} s: {self._last_words()}")
            time.sleep(0.5)

    def down(self) -> None:
        if self._events is not None:
            self._events.terminate()
            self._events.wait(10)
        self.stack.down()

    def listen(self, file: Path) -> None:
        """Note the engine's events from now on."""
        wanted = ["label=com.docker.compose.project=" + self.stack.project]
        wanted += [f"event={name}" for name in ("create", "start", "health_status")]
        words = [word for each in wanted for word in ("--filter", each)]
        with file.open("w") as out:
            self._events = subprocess.Popen(
                ["docker", "events", "--format", "{{json .}}", *words], stdout=out, text=True
            )

    def decisions(self, service: str) -> list[Mapping[str, Any]]:
        """Return the daemon's journal."""
        found: list[Mapping[str, Any]] = self._ask(
            self.stack.ports.autoscaler, f"/api/v1/services/{service}/decisions", limit="2000"
        )
        return found

    def scrapes(self) -> list[float]:
        """Return when Traefik was scraped, in unix seconds."""
        told = self._ask(
            self.stack.ports.prometheus, "/api/v1/query", query='traefik_config_reloads_total{job="traefik"}[30m]'
        )
        return [float(at) for at, _ in told["data"]["result"][0]["values"]]

    def _at_rest(self, name: str) -> bool:
        try:
            decision = self._ask(self.stack.ports.autoscaler, f"/api/v1/services/{name}")["decision"]
        except (httpx.HTTPError, ValueError, KeyError):
            return False
        sees = decision and (decision["winner"] or decision["reason"] == "unseen")  # before the first request
        return bool(sees and decision["replicas"] == AT_REST)

    def _ask(self, port: int, path: str, **parameters: str) -> Any:
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()

    def _last_words(self) -> str:
        return self.stack.run("logs", "--tail", "10", "--no-log-prefix", "autoscaler")


def events(file: Path) -> list[dict[str, Any]]:
    """Return the engine's events that were noted."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.endswith("}")]
