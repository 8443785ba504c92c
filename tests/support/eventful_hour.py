"""An eventful hour of Traefik's metrics: a restart, dead scrapes, a gap, idle times, strange gauges. Pure."""

import math

from tests.support.traefik_history import HOUR, SCRAPE_SECONDS, History, Point, region

BEGIN = region(20)
END = BEGIN + HOUR
TRAEFIK = {"job": "traefik", "instance": "traefik:8082"}
RESTART = 600.0  # seconds since BEGIN; counters begin anew, and with one bucket more
UNSCRAPED = (1200.0, 1260.0)  # Traefik does not answer: `up` is 0
NOBODY = (1800.0, 2520.0)  # Prometheus itself does not run
IDLE = (2700.0, 3000.0)
LATE = 2800.0  # a service appears


def add_to(history: History) -> None:
    """Add the hour to a history."""
    times = [second for second in _every_scrape() if not _within(second, NOBODY)]
    seen = [second for second in times if not _within(second, UNSCRAPED)]
    _add(history, "up", TRAEFIK, [(second, float(not _within(second, UNSCRAPED))) for second in times])
    _add(history, "traefik_config_reloads_total", TRAEFIK, [(second, 3.0) for second in seen])
    _service(history, "users@docker", seen)
    _service(history, "late@docker", [second for second in seen if second >= LATE])
    listed = [second for second in seen if 300.0 <= second < 900.0]
    _add(history, "autoscaler_traefik_service_listed", {"traefik_service": "late@docker"}, [(s, 1.0) for s in listed])
    _gauges(history, times)
    _replicas(history, seen)
    _capacities(history, seen)


def _every_scrape() -> list[float]:
    return [SCRAPE_SECONDS * index for index in range(int(HOUR / SCRAPE_SECONDS))]


def _within(second: float, span: tuple[float, float]) -> bool:
    return span[0] <= second < span[1]


def _add(history: History, metric: str, labels: dict[str, str], points: list[Point]) -> None:
    history.add(metric, labels, [(BEGIN + second + 1.0, value) for second, value in points])


def _count(second: float) -> float:
    """Requests so far: a load that swings, rests and begins anew with Traefik."""
    since = second - RESTART if second >= RESTART else second + 500.0
    idle = min(max(second - IDLE[0], 0.0), IDLE[1] - IDLE[0])
    return round(20 * (since - idle) + 900 * (1 - math.cos(since / 150)) * (second < IDLE[0]), 1)


def _service(history: History, service: str, seen: list[float]) -> None:
    labels = {**TRAEFIK, "service": service, "code": "200", "method": "GET", "protocol": "http"}
    counts = [(second, _count(second)) for second in seen]
    _add(history, "traefik_service_requests_total", labels, counts)
    failed = [(second, value * 0.05) for second, value in counts]
    _add(history, "traefik_service_requests_total", {**labels, "code": "502"}, failed)
    _add(history, "traefik_router_requests_total", {**labels, "router": service, "code": "503"}, failed)
    metric = "traefik_service_request_duration_seconds"
    for bound, share in {"0.1": 0.6, "0.3": 0.9, "5": 0.98, "+Inf": 1.0}.items():
        _add(history, f"{metric}_bucket", {**labels, "le": bound}, [(second, n * share) for second, n in counts])
    later = [(second, n * 0.7) for second, n in counts if second >= RESTART]
    _add(history, f"{metric}_bucket", {**labels, "le": "0.2"}, later)
    _add(history, f"{metric}_sum", labels, [(second, n * 0.2) for second, n in counts])
    _add(history, f"{metric}_count", labels, counts)


def _gauges(history: History, times: list[float]) -> None:
    """A queue that is a number, then none, then infinite, then two, then gone."""
    plain = [(second, 5.0 + second / 100) for second in times if second < 900]
    _add(history, "jobs", {"name": "a"}, plain)
    _add(history, "jobs", {"name": "a"}, [(second, math.nan) for second in times if 900 <= second < 1000])
    _add(history, "jobs", {"name": "a"}, [(second, math.inf) for second in times if 1000 <= second < 1100])
    _add(history, "jobs", {"name": "a"}, [(second, 1.0) for second in times if 1100 <= second < 3000])
    _add(history, "jobs", {"name": "b"}, [(second, 2.0) for second in times if 1300 <= second < 1500])


def _replicas(history: History, seen: list[float]) -> None:
    """Our own metrics for the first half of the hour, Traefik's health checks all the time."""
    ours = {"job": "autoscaler", "instance": "autoscaler:9595", "service": "users"}
    first = [second for second in seen if second < NOBODY[0]]
    _add(history, "autoscaler_replicas", {**ours, "state": "ready"}, [(second, 2 + second // 900) for second in first])
    _add(history, "autoscaler_replicas", {**ours, "state": "current"}, [(second, 4.0) for second in first])
    _add(history, "autoscaler_replicas", {**ours, "state": "desired"}, [(second, 9.0) for second in first])
    for server, up in {"http://10.0.0.1": 1.0, "http://10.0.0.2": 1.0, "http://10.0.0.3": 0.0}.items():
        labels = {**TRAEFIK, "service": "users@docker", "url": server}
        _add(history, "traefik_service_server_up", labels, [(second, up) for second in seen])


def _capacities(history: History, seen: list[float]) -> None:
    """What our own metrics say of the load per replica: learned, not learned, and said differently by two daemons."""
    said = {"learned": ((62.5, 1.0),), "stated": ((50.0, 0.0),), "contested": ((40.0, 1.0), (41.0, 1.0))}
    for service, daemons in said.items():
        for index, (target, trusted) in enumerate(daemons):
            ours = {"job": "autoscaler", "instance": f"autoscaler-{index}:9595", "service": service}
            first = [second for second in seen if second < NOBODY[0]]
            _add(history, "autoscaler_rule_target", {**ours, "rule": "rps"}, [(second, target) for second in first])
            trust = [(second, trusted) for second in first]
            _add(history, "autoscaler_sizing_trusted", {**ours, "estimate": "capacity"}, trust)
            _add(history, "autoscaler_sizing_trusted", {**ours, "estimate": "season"}, [(at, 1.0) for at, _ in trust])
