"""The queries for Traefik's signals, each for all services. Pure text."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import assert_never

from autoscaler.adapters.prometheus.buckets import Part
from autoscaler.core.policy import Signal, TraefikSignal

SERVICE_LABEL = "service"
EXPORTED = "exported_service"  # what Prometheus makes of `service` if the scrape job has a label of that name

# The autoscaler's own metrics have all replicas, by the policy's name; Traefik's have those that pass its health check.
OWN_REPLICAS = 'max by (service, state) (autoscaler_replicas{state=~"current|ready"})'
# They also have the learned load per replica; if two daemons differ, neither value is used.
OWN_CAPACITIES = (
    "last_over_time(autoscaler_rule_target[1d]) "
    'and on (service, instance, job) (last_over_time(autoscaler_sizing_trusted{estimate="capacity"}[1d]) == 1)'
)

# And the services that Traefik's API listed.
OWN_LISTED = "group by (traefik_service) (autoscaler_traefik_service_listed)"

FAMILIES = {
    Signal.REQUESTS: "requests",
    Signal.ERROR_RATIO: "requests",
    Signal.CONCURRENCY: "duration",
    Signal.LATENCY: "duration",
    Signal.SLOW_RATIO: "duration",
}


@dataclass(frozen=True)
class TraefikQueries:
    """The queries of one Prometheus: label matchers for every series of Traefik, and the label with the service."""

    select: Mapping[str, str] = field(default_factory=dict)
    label: str = SERVICE_LABEL

    def signal(self, signal: TraefikSignal, up_to_threshold: Iterable[Part] = ()) -> str:
        """Return PromQL that yields one number per service: none without two samples, NaN where idle has no value.

        A slow_ratio needs the buckets up to its threshold. It excludes requests without a server (503): they take no
        time, and say nothing of the replicas' capacity; `error_ratio` includes them.
        """
        window = _window(signal.window_seconds)
        match signal.signal:
            case Signal.REQUESTS:
                return self._demand(window)
            case Signal.CONCURRENCY:  # Little's law: seconds of service per second = requests in flight
                return self._rate(self._duration("sum"), window)
            case Signal.ERROR_RATIO:
                return self._errors(window)
            case Signal.LATENCY:
                buckets = f"sum by ({self.label}, le) (rate({self._duration('bucket')}{window}))"
                return f"histogram_quantile({signal.quantile}, {buckets})"
            case Signal.SLOW_RATIO:  # rates are extrapolated each on its own, and may exceed their total by a little
                fast = " + ".join(self._weighted(part, window) for part in up_to_threshold)
                return f"1 - clamp_max(({fast}) / {self._rate(self._duration('count'), window)}, 1)"
            case _:
                assert_never(signal.signal)

    def health(self, windows: Iterable[float]) -> str:
        """Return PromQL for facts about the scraping of Traefik itself, distinguished by the label `fact`.

        `sampled` is the time of the newest sample, `interval` the mean scrape interval, `count` a window's samples.
        This counter exists from the start; its instances of the last 10 minutes are the targets that should be `up`.
        `service` is the time of each service's newest sample, since a series that ends fades out of a window.
        `entry` is 0 when no entry point had a request in a window, whether its counter grew or appeared.
        """
        base, entry = self._series("traefik_config_reloads_total"), self._series("traefik_entrypoint_requests_total")
        times = f"timestamp({base})[5m:1s]"
        interval = f"(max_over_time({times}) - min_over_time({times})) / changes({times})"
        services = f"max by ({self.label}) (timestamp({self._reached()}) or timestamp({self._unserved()}))"
        facts = {"sampled": f"timestamp({base})", "interval": interval, "service": services}
        for seconds in sorted(set(windows)):
            window = _window(seconds)
            grown = f"(sum(rate({entry}{window})) or 0 * sum({entry}))"
            appeared = f"(sum({entry} unless {entry} offset {window[1:-1]}) or 0 * sum({entry}))"
            facts[f"count {seconds:g}"] = f"count_over_time({base}{window})"
            facts[f"entry {seconds:g}"] = f"{grown} + {appeared}"
        facts["up"] = f"up and on (job, instance) group by (job, instance) (last_over_time({base}[10m]))"
        return "\nor ".join(_named("fact", name, promql) for name, promql in facts.items())

    @property
    def known(self) -> str:
        """The services that have counters, by the label `family`: of a signal, of routers, of another label."""
        groups = {
            "requests": f"group by ({self.label}) ({self._reached()} or {self._unserved()})",
            "duration": f"group by ({self.label}) ({self._duration('count')})",
            "router": f"group by ({self.label}) ({self._series('traefik_router_requests_total')})",
        }
        if self.label != EXPORTED:
            exported = with_matcher(self._reached(), f'{EXPORTED}!=""')
            groups["exported"] = f"group by ({EXPORTED}) ({exported})"
        return "\nor ".join(_named("family", name, promql) for name, promql in groups.items())

    @property
    def named(self) -> str:
        """A selector of all series that name a service."""
        return with_matcher(self._series(""), '__name__=~"traefik_(service|router)_requests_total"')

    @property
    def names(self) -> str:
        """The services that any series names."""
        return f"group by ({self.label}) ({self.named})"

    @property
    def buckets(self) -> str:
        """The bounds of the duration buckets."""
        return f"group by (le) ({self._duration('bucket')})"

    def request_times(self, traefik_service: str) -> str:
        """Return PromQL that yields the requests of one service in the last hour, by bucket and protocol."""
        series = self._series("traefik_service_request_duration_seconds_bucket")
        own = with_matcher(series, f"{self.label}={quoted(traefik_service)}")
        return f"sum by (le, protocol) (increase({own}[1h]))"

    @property
    def servers_up(self) -> str:
        """The servers that pass Traefik's health check, by service."""
        servers = self._series("traefik_service_server_up")
        return f"max by ({self.label}) (sum by ({self.label}, job, instance) ({servers}))"

    def _demand(self, window: str) -> str:
        """Return the requests that reached a replica, and those that found none.

        What a middleware answers (a redirect, 401, 403, 429) needs no replica. Each try of a retry reaches one.
        """
        reached, found_none = self._rate(self._reached(), window), self._found_none(window)
        return f"({reached} + ({found_none} or 0 * {reached}) or {found_none})"

    def _found_none(self, window: str) -> str:
        """Return the 503s that only routers count: a service without a ready server has no series of its own."""
        answered = self._rate(with_matcher(self._reached(), 'code="503"'), window)
        routed = self._rate(self._unserved(), window)
        return f"clamp_min({routed} - ({answered} or 0 * {routed}), 0)"

    def _errors(self, window: str) -> str:
        total, found_none = self._demand(window), self._found_none(window)
        failed = self._rate(with_matcher(self._reached(), 'code=~"5.."'), window)
        return f"(({failed} + ({found_none} or 0 * {failed})) or {found_none} or 0 * {total}) / {total}"

    def _weighted(self, part: Part, window: str) -> str:
        texts = "|".join(re.escape(text) for text in part.texts)
        bucket = with_matcher(self._duration("bucket"), f"le=~`{texts}`")
        return f"{part.weight:.9g} * {self._rate(bucket, window)}"

    def _rate(self, series: str, window: str) -> str:
        return f"sum by ({self.label}) (rate({series}{window}))"

    def _reached(self) -> str:
        return self._series("traefik_service_requests_total")

    def _unserved(self) -> str:
        return with_matcher(self._series("traefik_router_requests_total"), 'code="503"')

    def _duration(self, part: str) -> str:
        """Return the durations of plain requests: those of websockets and event streams are connection lifetimes."""
        return with_matcher(self._series(f"traefik_service_request_duration_seconds_{part}"), 'protocol="http"')

    def _series(self, metric: str) -> str:
        matchers = ",".join(f"{name}={quoted(value)}" for name, value in sorted(self.select.items()))
        return f"{metric}{{{matchers}}}" if matchers or not metric else metric


def _window(seconds: float) -> str:
    return f"[{round(seconds * 1000)}ms]"


def _named(label: str, name: str, promql: str) -> str:
    return f'label_replace({promql}, "{label}", "{name}", "", "")'


def quoted(value: str) -> str:
    """Return a label's value as PromQL writes it."""
    text = value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{text}"'


def with_matcher(series: str, matcher: str) -> str:
    """Add a label matcher to a selector."""
    if not series.endswith("}"):
        return f"{series}{{{matcher}}}"
    return f"{series[:-1]}{'' if series.endswith('{}') else ','}{matcher}}}"


_SELECTOR = re.compile(r"\s*[a-zA-Z_:][a-zA-Z0-9_:]*\s*(\{[^{}]*\}\s*)?")


def is_selector(promql: str) -> bool:
    """Return whether a query is a plain selector: only for these does `timestamp()` return the age of a sample."""
    return _SELECTOR.fullmatch(promql) is not None
