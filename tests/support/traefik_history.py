"""Histories of Traefik's metrics with fixed timestamps, as OpenMetrics text for promtool. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, field

START = 1_700_000_000.0
SCRAPE_SECONDS = 5.0
HOUR = 3600.0
BASE = 10_000.0  # counters have run for a while

Point = tuple[float, float]


@dataclass
class History:
    """Series by metric and labels."""

    series: dict[str, dict[str, list[Point]]] = field(default_factory=dict)

    def add(self, metric: str, labels: dict[str, str], points: Iterable[Point]) -> None:
        text = ",".join(f'{name}="{value}"' for name, value in labels.items())
        self.series.setdefault(metric, {}).setdefault(text, []).extend(points)

    def text(self) -> str:
        lines = []
        for metric, by_labels in sorted(self.series.items()):
            lines.append(f"# TYPE {metric} unknown")
            for labels, points in sorted(by_labels.items()):
                lines += [f"{metric}{{{labels}}} {value} {at:.3f}" for at, value in sorted(points)]
        return "\n".join([*lines, "# EOF", ""])


def region(number: int) -> float:
    """The evaluation time of a region; regions are so far apart that none sees another."""
    return START + number * HOUR


def scrapes(at: float, *, seconds: float = 60.0, until: float = 1.0) -> list[float]:
    """The times of the scrapes of the last `seconds`, the last one `until` seconds before `at`."""
    count = int(seconds / SCRAPE_SECONDS)
    return [at - until - SCRAPE_SECONDS * step for step in range(count, -1, -1)]


def counter(at: float, per_second: float) -> list[Point]:
    """A counter that grows evenly."""
    times = scrapes(at)
    return [(time, BASE + per_second * (time - times[0])) for time in times]


def traefik(history: History, at: float, instance: str = "traefik:8082", *, up: float = 1.0, age: float = 1.0) -> None:
    """A Traefik that is scraped; `age` is the age of its last sample, `up` what Prometheus says of it now."""
    labels = {"job": "traefik", "instance": instance}
    history.add("traefik_config_reloads_total", labels, [(time, 3.0) for time in scrapes(at, until=age)])
    times = scrapes(at)
    history.add("up", labels, [(time, up if time == times[-1] else 1.0) for time in times])


def requests(
    history: History,
    kind: str,
    service: str,
    code: str,
    points: list[Point],
    *,
    instance: str = "traefik:8082",
    **more: str,
) -> None:
    """Requests counted at the router or at the service."""
    labels = {
        "job": "traefik",
        "instance": instance,
        "service": service,
        "code": code,
        "method": "GET",
        "protocol": "http",
        **more,
    }
    if kind == "router":
        labels["router"] = service
    history.add(f"traefik_{kind}_requests_total", labels, points)


def durations(history: History, at: float, service: str, per_second: dict[str, float], busy: float) -> None:
    """A duration histogram: requests per second up to each bucket, and seconds of service per second."""
    labels = {
        "job": "traefik",
        "instance": "traefik:8082",
        "service": service,
        "code": "200",
        "method": "GET",
        "protocol": "http",
    }
    metric = "traefik_service_request_duration_seconds"
    for bound, rate in per_second.items():
        history.add(f"{metric}_bucket", {**labels, "le": bound}, counter(at, rate))
    history.add(f"{metric}_sum", labels, counter(at, busy))
    history.add(f"{metric}_count", labels, counter(at, per_second["+Inf"]))


LIVE, TWO, DOWN, OLD, GONE, SINGLE = (region(number) for number in range(1, 7))
QUIET, FADED, FADING, BEGUN, OVERWRITTEN, UNLABELLED, STRIPPED, FIRST = (region(number) for number in range(7, 15))


def make() -> History:
    """Every region of the tests."""
    history = History()
    _live(history, LIVE)
    for instance in ("a:8082", "b:8082"):
        traefik(history, TWO, instance)
        requests(history, "service", "users@docker", "200", counter(TWO, 10.0), instance=instance)
    traefik(history, DOWN, up=0.0, age=6.0)
    requests(history, "service", "users@docker", "200", counter(DOWN, 10.0))
    traefik(history, OLD, age=50.0)
    requests(history, "service", "users@docker", "200", counter(OLD, 10.0))
    traefik(history, SINGLE)
    requests(history, "service", "users@docker", "200", [(SINGLE - 1.0, 22.0)])
    durations_of_one_scrape(history)
    _unseen(history)
    _partial(history)
    return history


def entry_point(history: History, points: list[Point]) -> None:
    """Requests counted at an entry point."""
    labels = {"job": "traefik", "instance": "traefik:8082", "code": "200", "method": "GET", "protocol": "http"}
    history.add("traefik_entrypoint_requests_total", {**labels, "entrypoint": "web"}, points)


def _unseen(history: History) -> None:
    """Loads of 60 requests per second that no series counts under the service's name, and none at all."""
    for at in (QUIET, OVERWRITTEN, UNLABELLED, STRIPPED, FIRST):
        traefik(history, at)
    entry_point(history, counter(QUIET, 0.0))
    for at in (OVERWRITTEN, UNLABELLED, STRIPPED):
        entry_point(history, counter(at, 60.0))
    entry_point(history, [(FIRST - 1.0, 300.0)])  # it appears within the window, at its first request
    requests(history, "service", "traefik", "200", counter(OVERWRITTEN, 60.0), exported_service="users@docker")
    requests(history, "service", "users", "200", counter(STRIPPED, 60.0))


def _partial(history: History) -> None:
    """A steady load, whose samples stopped to come some time ago, or have just begun."""
    for at, age in ((FADED, 16.0), (FADING, 9.0)):
        traefik(history, at, age=age)
        times = [time for time in scrapes(at, until=age) if time >= at - 60.0]
        requests(history, "service", "users@docker", "200", [(time, 36.0 * (time - at + 100.0)) for time in times])
    labels = {"job": "traefik", "instance": "traefik:8082"}
    times = scrapes(BEGUN, seconds=10.0)
    history.add("traefik_config_reloads_total", labels, [(time, 1.0) for time in times])
    requests(history, "service", "users@docker", "200", [(time, 36.0 * (time - BEGUN + 100.0)) for time in times])


def durations_of_one_scrape(history: History) -> None:
    """A histogram that was seen once."""
    labels = {"job": "traefik", "instance": "traefik:8082", "service": "users@docker", "protocol": "http"}
    for part, extra in (("bucket", {"le": "+Inf"}), ("sum", {}), ("count", {})):
        history.add(f"traefik_service_request_duration_seconds_{part}", {**labels, **extra}, [(SINGLE - 1.0, 22.0)])


def _live(history: History, at: float) -> None:
    """One Traefik with services of every kind."""
    traefik(history, at)
    requests(history, "router", "users@docker", "200", counter(at, 10.0))
    for code in ("302", "401", "403", "429"):  # answered by middlewares
        requests(history, "router", "users@docker", code, counter(at, 50.0))
    requests(history, "service", "users@docker", "200", counter(at, 10.0))
    requests(history, "router", "retried@docker", "200", counter(at, 10.0))
    requests(history, "service", "retried@docker", "200", counter(at, 30.0))  # retries count each time here
    requests(history, "router", "partly@docker", "503", counter(at, 5.0))
    requests(history, "service", "partly@docker", "503", counter(at, 2.0))  # 3 of them found no server
    requests(history, "service", "partly@docker", "200", counter(at, 6.0))
    requests(history, "router", "guarded@docker", "401", counter(at, 50.0))
    requests(history, "service", "guarded@docker", "200", counter(at, 0.0))
    durations(history, at, "users@docker", {"0.1": 8.0, "0.3": 10.0, "5.0": 10.0, "+Inf": 10.0}, busy=1.5)
    requests(history, "service", "plain@docker", "200", counter(at, 4.0))
    requests(history, "router", "dead@docker", "503", counter(at, 3.0))
    requests(history, "service", "idle@docker", "200", counter(at, 0.0))
    durations(history, at, "idle@docker", {"0.1": 0.0, "0.3": 0.0, "5.0": 0.0, "+Inf": 0.0}, busy=0.0)
    requests(history, "service", "shaky@docker", "200", counter(at, 9.0))
    requests(history, "service", "shaky@docker", "500", counter(at, 1.0))
    durations(history, at, "slow@docker", {"0.1": 0.0, "0.3": 0.0, "5.0": 0.0, "+Inf": 2.0}, busy=20.0)
    times = scrapes(at)
    half = [(time, BASE + 6.0 * (time - times[0])) for time in times[:-2]]
    requests(history, "service", "reset@docker", "200", [*half, (times[-2], 0.0), (times[-1], 30.0)])
    history.add("queue", {"name": "mail"}, [(at - 1.0, 120.0)])
    history.add("queue", {"name": "sms"}, [(at - 1.0, 30.0)])
    history.add("stuck", {}, [(at - 120.0, 7.0)])
