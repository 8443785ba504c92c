"""What `status` and the shell's completion ask of a daemon, answered from memory."""

import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation, Reading, Replicas
from autoscaler.core.policy import Policy
from autoscaler.events import Action, ServiceOutcome, evaluation, plain_evaluation

DAEMON = {"ok": True, "message": "ready", "version": "0", "interval_seconds": 5.0, "dry_run": False}


@contextmanager
def answering(policies: Iterable[Policy]) -> Iterator[str]:
    """Answer for these services; yield the URL."""
    answers = {"/api/v1/status": DAEMON, "/api/v1/services": [_service(policy, time.time()) for policy in policies]}
    bodies = {path: json.dumps(answer).encode() for path, answer in answers.items()}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(bodies[self.path])

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def _service(policy: Policy, now: float) -> dict[str, Any]:
    count = policy.max_replicas
    readings = {name: Reading.of(1.0, age_seconds=2.0) for name in policy.sources}
    decision, _ = decide(policy, Observation(Replicas(count, count), readings), Memory(), now)
    told = evaluation(ServiceOutcome(policy.service, Action.UNCHANGED, decision), policy, now)
    return {**plain_evaluation(told), "min": policy.min_replicas, "max": count, "operation": None}
