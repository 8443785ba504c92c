"""The instruments of the autoscaler's own metrics (prometheus_client), in a separate registry."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

CONTENT_TYPE = CONTENT_TYPE_LATEST
CYCLE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
REQUEST_BUCKETS = (*CYCLE_BUCKETS, 60.0, 120.0)  # a stop lasts as long as the container's grace
OPERATION_BUCKETS = (0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 600.0)

disable_created_metrics()  # type: ignore[no-untyped-call]


class Registry:
    """Creates instruments with the autoscaler's prefix, and renders them."""

    def __init__(self) -> None:
        self.collector = CollectorRegistry()
        ProcessCollector(registry=self.collector)
        GCCollector(registry=self.collector)

    def render(self) -> bytes:
        """Return the text exposition."""
        return generate_latest(self.collector)

    def gauge(self, name: str, text: str, *labels: str) -> Gauge:
        return Gauge(name, text, labels, namespace="autoscaler", registry=self.collector)

    def counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(name, text, labels, namespace="autoscaler", registry=self.collector)

    def histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(name, text, labels, namespace="autoscaler", registry=self.collector, buckets=buckets)


class DaemonInstruments:
    """The instruments of the daemon as a whole."""

    def __init__(self, made: Registry) -> None:
        self.build_info = made.gauge("build_info", "Version of the running autoscaler, as a label.", "version")
        self.dry_run = made.gauge("dry_run", "1 when decisions are made but not carried out.")
        self.leader = made.gauge("leader", "1 when this daemon acts on the Compose project, 0 on standby.", "project")
        self.recovered = made.counter("recovered", "Leftovers of interrupted operations that were cleaned up.")
        self.config_successful = made.gauge("config_last_reload_successful", "1 when the last load was successful.")
        self.config_loaded_at = made.gauge(
            "config_last_reload_success_timestamp_seconds", "When the configuration was last loaded successfully."
        )
        self.interval = made.gauge("interval_seconds", "Time from one cycle to the next.")
        self.last_cycle = made.gauge("last_cycle_timestamp_seconds", "When the last cycle was evaluated.")
        self.missed_cycles = made.counter("missed_cycles", "Cycles skipped because the previous one still ran.")
        self.cycle_seconds = made.histogram("cycle_duration_seconds", "Duration of one cycle.", CYCLE_BUCKETS)
        self.prometheus_seconds = made.histogram(
            "prometheus_request_duration_seconds", "Duration of requests to Prometheus.", REQUEST_BUCKETS
        )
        self.prometheus_errors = made.counter("prometheus_errors", "Failed requests to Prometheus.", "kind")
        self.engine_seconds = made.histogram(
            "docker_request_duration_seconds",
            "Duration of requests to the Docker engine.",
            REQUEST_BUCKETS,
            "operation",
        )
        self.engine_errors = made.counter(
            "docker_errors", "Requests to the Docker engine without an answer, or refused.", "operation"
        )
        self.view_used = made.gauge("traefik_view_used", "1 when replicas are drained by Traefik's view.")
        self.watching = made.gauge("docker_events_followed", "1 when the events of the Docker engine are followed.")
        self.traefik_services = made.gauge(
            "traefik_service_listed", "1 for each service that Traefik's API lists.", "traefik_service"
        )
        self.state_failed = made.gauge("state_failed", "1 when pauses and overrides would not survive a restart.")
        self.annotations = made.counter("annotations", "Annotations for Grafana, by outcome.", "outcome")


class ServiceInstruments:
    """The instruments of each service's decisions."""

    def __init__(self, made: Registry) -> None:
        self.info = made.gauge(
            "service_info", "The service's name in Traefik, as a label.", "service", "traefik_service"
        )
        self.replicas = made.gauge("replicas", "Replicas: current, ready, desired, min, max.", "service", "state")
        self.rule_value = made.gauge("rule_value", "The rule's measured value, in base units.", "service", "rule")
        self.rule_target = made.gauge("rule_target", "The rule's target, in base units.", "service", "rule")
        self.rule_ratio = made.gauge(
            "rule_ratio", "The rule's value over its target; 1 is on target.", "service", "rule"
        )
        self.rule_proposal = made.gauge("rule_proposal", "Replicas that the rule wants.", "service", "rule")
        self.rule_usable = made.gauge("rule_usable", "1 when the rule has a usable reading.", "service", "rule")
        self.foreign_changes = made.counter(
            "foreign_changes", "Foreign changes of the service, by kind.", "service", "kind"
        )
        self.paused = made.gauge("paused", "1 while an operator has paused the service.", "service")
        self.override = made.gauge(
            "override_replicas", "The count of an operator's override; 0 without one.", "service"
        )
        self.condition = made.gauge(
            "service_condition", "1 for the one condition that the service is in.", "service", "condition"
        )
        self.evaluations = made.counter("evaluations", "Evaluations, by how they were handled.", "service", "outcome")
        self.limited = made.counter("limited", "Changed proposals, by limit.", "service", "limit")
        self.reversals = made.counter("reversals", "Changes of the direction of scaling.", "service")
        self.capacity_factor = made.gauge(
            "sizing_capacity_factor", "Learned load per replica, over the stated one.", "service"
        )
        self.reserve = made.gauge("sizing_reserve", "Learned load to be ready for.", "service")
        self.trusted = made.gauge(
            "sizing_trusted", "1 when that learned estimate is trusted and used.", "service", "estimate"
        )


class OperationInstruments:
    """The instruments of operations."""

    def __init__(self, made: Registry) -> None:
        self.operations = made.counter(
            "scale_operations", "Finished changes of the replica count.", "service", "direction", "reason"
        )
        self.errors = made.counter("scale_errors", "Failed changes of the replica count.", "service", "stage")
        self.replica_seconds = made.histogram(
            "scale_duration_seconds",
            "Time from the start of a replica until it is ready, or from its stop until it is gone.",
            OPERATION_BUCKETS,
            "service",
            "direction",
        )
        self.drains = made.counter("drains", "Finished drains, by outcome.", "service", "outcome")
        self.drain_seconds = made.histogram(
            "drain_duration_seconds",
            "Time from the start of a replica's drain until its stop.",
            OPERATION_BUCKETS,
            "service",
        )
        self.last_scale = made.gauge(
            "last_scale_timestamp_seconds", "When the replica count was last changed.", "service", "direction"
        )
