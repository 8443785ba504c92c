"""Makes what is missing, brings the stack up, drives load, watches, takes everything down, and judges."""

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from rich.live import Live

from deploy.demo.load import Load, Shape
from deploy.demo.ownership import is_owned
from deploy.demo.probe import Probe
from deploy.demo.verdict import Verdict
from deploy.demo.watch import Watch
from deploy.lab import compose, engine
from deploy.lab.gateway import kept_to
from deploy.lab.report import console, step
from deploy.lab.shell import LabError, NoEngineError
from deploy.lab.stack import Stack, services_not_to_be_had

PROJECT = "musicshare-demo"
SERVICE = "userservice"
READY_SECONDS = 90.0
RESULT = Path("build/demo.json")
GATEWAY = Path("build/demo")  # Traefik's configuration, mounted as long as the stack runs
POLICY = Path(__file__).with_name("policy.yaml")


def main() -> int:
    """Return the exit code: 0 shown, 1 not shown, 2 no engine, 130 interrupted (and taken down all the same)."""
    try:
        return demo(keep=os.environ.get("KEEP", "") not in {"", "0"})
    except NoEngineError as error:
        console.print(f"error: {error}", style="red")
        return 2
    except LabError as error:
        console.print(f"error: {error}", style="red")
        return 1
    except KeyboardInterrupt:
        return 130


def demo(*, keep: bool) -> int:
    """Run the whole demo.

    Raises:
        LabError: something could not be made or started.
    """
    engine.ensure()
    environment, without = {"AUTOSCALER_POLICY_FILE": str(POLICY)}, services_not_to_be_had()
    GATEWAY.mkdir(parents=True, exist_ok=True)
    stack = Stack(compose.ensure(), PROJECT, environment, without=without, overrides=[kept_to(PROJECT, GATEWAY)])
    with step("build our images"):
        stack.build()
    try:
        with step("start the stack"):
            stack.down()
            stack.up()
        verdict = show(stack)
    finally:
        _end(stack, keep=keep)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(verdict.as_json(), indent=2) + "\n", encoding="utf-8")
    print(verdict.line())  # noqa: T201  the result belongs on stdout
    return 0 if verdict.ok else 1


def show(stack: Stack) -> Verdict:
    """Drive load through the running stack, and watch."""
    watch = Watch(f"http://127.0.0.1:{stack.ports.autoscaler}", f"http://127.0.0.1:{stack.ports.prometheus}", SERVICE)
    with step("wait until the autoscaler sees Traefik"):
        _wait_until_seeing(watch)
    url = f"{stack.gateway}/api/users"
    probe = Probe(url)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    shape = Shape()
    console.print(
        f"{shape.quiet_rate} → {shape.loud_rate} → {shape.quiet_rate} requests/s at {url}, {shape.total_seconds} s"
    )
    load = Load(url, shape, RESULT.parent.resolve())
    try:
        step_at = load.step_at()
        probe.start()
        owned = _follow(stack, watch, load, step_at + shape.during_seconds)
        requests, failed = load.result()
    finally:
        load.stop()
        probe.stop()
    return _verdict(watch, probe, step_at, requests, failed, owned=owned and is_owned(stack, SERVICE))


def _wait_until_seeing(watch: Watch) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        services = watch.look()
        if services and all(_sees(service["decision"]) for service in services):
            return
        time.sleep(1)
    raise LabError(
        f"the autoscaler had no readings of Traefik within {READY_SECONDS:g} s: docker compose logs autoscaler"
    )


def _sees(decision: dict[str, Any] | None) -> bool:
    """Return whether the daemon has readings of Traefik; before its first request a service is unseen."""
    return decision is not None and (bool(decision["winner"]) or decision["reason"] == "unseen")


def _follow(stack: Stack, watch: Watch, load: Load, peak_at: float) -> bool:
    """Watch until the load ends; at the end of the step ask Compose whether it owns all replicas."""
    owned = False
    asked = False
    with Live(console=console, transient=True, refresh_per_second=1) as live:
        while load.running:
            watch.show(watch.look(), live if console.is_terminal else None, console)
            if not asked and time.time() >= peak_at - 5:
                owned, asked = is_owned(stack, SERVICE), True
            time.sleep(1)
    return owned


def _verdict(watch: Watch, probe: Probe, step_at: float, requests: int, failed: int, *, owned: bool) -> Verdict:
    counts = [count for _, count in watch.counts]
    serving_at = probe.first_new_since(step_at)
    return Verdict(
        service=SERVICE,
        replicas_min=counts[0],
        replicas_peak=max(counts),
        replicas_end=counts[-1],
        requests=requests + probe.requests,
        failed=failed + probe.failed,
        seconds_to_decision=None if watch.first_up_at is None else round(watch.first_up_at - step_at, 1),
        seconds_to_serving=None if serving_at is None else round(serving_at - step_at, 1),
        owned=owned,
    )


def _end(stack: Stack, *, keep: bool) -> None:
    if keep:
        console.print(f"still running: {stack.gateway}/api/users, Prometheus on port {stack.ports.prometheus},")
        console.print(
            f"autoscaler on port {stack.ports.autoscaler}; end it with: docker compose -p {stack.project} down -v"
        )
        return
    with step("take the stack down"):
        stack.down()


if __name__ == "__main__":
    sys.exit(main())
