"""The queries for Traefik's signals, each for all services. Pure text."""

import re
from collections.abc import Iterable
from typing import assert_never

from autoscaler.adapters.prometheus.buckets import Part
from autoscaler.core.policy import Signal, TraefikSignal

# A request refused by a rate limit (429) needs no replica. One without a server (503) does, and only routers count it:
# a service without a ready server has no series of its own. Retries count once here, and each time at the service.
_ROUTER = 'traefik_router_requests_total{code!="429"}'
_SERVICE = "traefik_service_requests_total"
# The durations of websockets and event streams are connection lifetimes, not latencies.
_DURATION = 'traefik_service_request_duration_seconds_{part}{{protocol="http"}}'

# Facts about the scraping of Traefik itself, distinguished by the label `fact`. This counter exists from the start and
# has no labels of its own; its instances of the last 10 minutes are the targets that should be up.
HEALTH = """
label_replace(timestamp(traefik_config_reloads_total), "fact", "sampled", "", "")
or label_replace(
  up and on (job, instance) group by (job, instance) (last_over_time(traefik_config_reloads_total[10m])),
  "fact", "up", "", "")
""".strip()

# The services that have counters, by the metric family of a signal.
KNOWN = f"""
label_replace(group by (service) ({_ROUTER} or {_SERVICE}), "family", "requests", "", "")
or label_replace(group by (service) ({_DURATION.format(part="count")}), "family", "duration", "", "")
""".strip()

BUCKETS = f"group by (le) ({_DURATION.format(part='bucket')})"

FAMILIES = {
    Signal.REQUESTS: "requests",
    Signal.ERROR_RATIO: "requests",
    Signal.CONCURRENCY: "duration",
    Signal.LATENCY: "duration",
    Signal.SLOW_RATIO: "duration",
}

# The autoscaler's own metrics have all replicas, by the policy's name; Traefik's have those that pass its health check.
OWN_REPLICAS = 'max by (service, state) (autoscaler_replicas{state=~"current|ready"})'
# They also have the learned load per replica; if two daemons differ, neither value is used.
OWN_CAPACITIES = (
    "last_over_time(autoscaler_rule_target[1d]) "
    'and on (service, instance, job) (last_over_time(autoscaler_sizing_trusted{estimate="capacity"}[1d]) == 1)'
)
SERVERS_UP = "max by (service) (sum by (service, job, instance) (traefik_service_server_up))"


def signal_query(signal: TraefikSignal, up_to_threshold: Iterable[Part] = ()) -> str:
    """Return PromQL that yields one number per `service`: none without two samples, NaN where idle has no value.

    A slow_ratio needs the buckets up to its threshold. It excludes requests without a server (503): they take no time,
    and say nothing of the replicas' capacity; `error_ratio` includes them.
    """
    window = f"[{round(signal.window_seconds * 1000)}ms]"
    match signal.signal:
        case Signal.REQUESTS:
            return f"{_rate(_ROUTER, window)} or {_rate(_SERVICE, window)}"
        case Signal.CONCURRENCY:  # Little's law: seconds of service per second = requests in flight
            return _rate(_DURATION.format(part="sum"), window)
        case Signal.ERROR_RATIO:
            return f"{_errors(_ROUTER, window)} or {_errors(_SERVICE, window)}"
        case Signal.LATENCY:
            buckets = f"sum by (service, le) (rate({_DURATION.format(part='bucket')}{window}))"
            return f"histogram_quantile({signal.quantile}, {buckets})"
        case Signal.SLOW_RATIO:  # rates are extrapolated each on its own, and may exceed their total by a little
            fast = " + ".join(_weighted(part, window) for part in up_to_threshold)
            return f"1 - clamp_max(({fast}) / {_rate(_DURATION.format(part='count'), window)}, 1)"
        case _:
            assert_never(signal.signal)


def _weighted(part: Part, window: str) -> str:
    texts = "|".join(re.escape(text) for text in part.texts)
    bucket = with_matcher(_DURATION.format(part="bucket"), f"le=~`{texts}`")
    return f"{part.weight:.9g} * {_rate(bucket, window)}"


def _rate(series: str, window: str) -> str:
    return f"sum by (service) (rate({series}{window}))"


def _errors(series: str, window: str) -> str:
    total = _rate(series, window)
    failed = _rate(with_matcher(series, 'code=~"5.."'), window)
    return f"(({failed} or 0 * {total}) / {total})"


def with_matcher(series: str, matcher: str) -> str:
    """Add a label matcher to a selector."""
    return f"{series[:-1]},{matcher}}}" if series.endswith("}") else f"{series}{{{matcher}}}"


_SELECTOR = re.compile(r"\s*[a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{[^{}]*\}\s*)?")


def is_selector(promql: str) -> bool:
    """Return whether a query is a plain selector: only for these does `timestamp()` return the age of a sample."""
    return _SELECTOR.fullmatch(promql) is not None
