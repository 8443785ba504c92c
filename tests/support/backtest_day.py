"""A day of Traefik's metrics with a known load, as OpenMetrics text: `python -m tests.support.backtest_day > day.txt`.

From 30 requests per second at midnight to 210 at noon and back, with a rush of 300 more from 12:00 to 12:15; six
servers all day. Prometheus does not run from 03:00 to 03:10. A second service begins at 18:00, with 60 per second.
"""

import math
import sys
from collections.abc import Callable

from tests.support.traefik_history import History

MIDNIGHT = 1_700_006_400.0  # 2023-11-15 00:00 UTC
HOUR, DAY = 3600.0, 86400.0
SCRAPE_SECONDS = 15.0
RUSH = (12 * HOUR, 12.25 * HOUR)
RUSH_LOAD = 300.0
GAP = (3 * HOUR, 3 * HOUR + 600.0)
LATE = 18 * HOUR
SERVERS = 6
TRAEFIK = {"job": "traefik", "instance": "traefik:8082"}

Count = Callable[[float], float]


def load(second: float) -> float:
    """Requests per second of `web` at that second of the day."""
    rush = RUSH_LOAD if RUSH[0] <= second < RUSH[1] else 0.0
    return 120.0 - 90.0 * math.cos(2 * math.pi * second / DAY) + rush


def requests(second: float) -> float:
    """Requests of `web` since midnight: the integral of `load`."""
    in_rush = min(max(second - RUSH[0], 0.0), RUSH[1] - RUSH[0])
    return 120.0 * second - 90.0 * DAY / (2 * math.pi) * math.sin(2 * math.pi * second / DAY) + RUSH_LOAD * in_rush


def scrapes(begin: float = 0.0) -> list[float]:
    """The seconds of the day at which Prometheus scraped."""
    every = (index * SCRAPE_SECONDS for index in range(int(DAY / SCRAPE_SECONDS) + 1))
    return [second for second in every if second >= begin and not GAP[0] <= second < GAP[1]]


def day() -> History:
    history = History()
    for metric in ("up", "traefik_config_reloads_total"):
        _add(history, metric, {}, scrapes(), lambda _: 1.0)
    _service(history, "web@docker", scrapes(), requests)
    _service(history, "late@docker", scrapes(LATE), lambda second: 60.0 * (second - LATE))
    for server in range(SERVERS):
        labels = {"service": "web@docker", "url": f"http://10.0.0.{server + 1}"}
        _add(history, "traefik_service_server_up", labels, scrapes(), lambda _: 1.0)
    return history


def _service(history: History, service: str, seconds: list[float], count: Count) -> None:
    labels = {"service": service, "code": "200", "method": "GET", "protocol": "http"}
    _add(history, "traefik_service_requests_total", labels, seconds, count)
    metric = "traefik_service_request_duration_seconds"
    for bound, share in {"0.1": 0.96, "0.3": 0.99, "1.2": 0.998, "+Inf": 1.0}.items():
        _add(history, f"{metric}_bucket", {**labels, "le": bound}, seconds, _times(share, count))
    _add(history, f"{metric}_sum", labels, seconds, _times(0.05, count))
    _add(history, f"{metric}_count", labels, seconds, count)


def _times(factor: float, count: Count) -> Count:
    return lambda second: factor * count(second)


def _add(history: History, metric: str, labels: dict[str, str], seconds: list[float], value: Count) -> None:
    history.add(metric, {**TRAEFIK, **labels}, [(MIDNIGHT + second, round(value(second), 3)) for second in seconds])


if __name__ == "__main__":
    sys.stdout.write(day().text())
