"""The alerts, once: Prometheus' rules and Grafana's are made of these."""

from dataclasses import dataclass
from enum import StrEnum

from deploy.grafana.selectors import PanelId

RUNBOOKS = "https://github.com/traefik-autoscaler/traefik-autoscaler/blob/main/docs/runbooks"


class Severity(StrEnum):
    CRITICAL = "critical"  # look now
    WARNING = "warning"  # look today


@dataclass(frozen=True, slots=True)
class Alert:
    """It fires for each series of `expr` that lasts for `pending`.

    `measure` has a value also when all is well; `fires` makes the expression of it. The texts are Go templates; those
    without a `$` are the same for Prometheus and for Grafana, which takes `$` for its own variables in a file.
    """

    name: str
    severity: Severity
    pending: str
    measure: str
    fires: str
    panel: PanelId
    summary: str
    description: str

    @property
    def expr(self) -> str:
        return self.fires % self.measure

    @property
    def runbook_url(self) -> str:
        return f"{RUNBOOKS}/{self.name}.md"


def _count(state: str) -> str:
    return f'max by (service) (autoscaler_replicas{{state="{state}"}})'


def _in(*conditions: str) -> str:
    return f'max by (service) (autoscaler_service_condition{{condition=~"{"|".join(conditions)}"}})'


ALERTS = (
    Alert(
        "AutoscalerDown",
        Severity.CRITICAL,
        "2m",
        "autoscaler_build_info",
        "absent(%s)",
        PanelId.CYCLE_SECONDS,
        "The autoscaler is not running, or not scraped",
        "No metrics of the autoscaler have come in. Replica counts stay as they are, whatever the load does.",
    ),
    Alert(
        "AutoscalerStalled",
        Severity.CRITICAL,
        "1m",
        "time() - max by (job, instance) (autoscaler_last_cycle_timestamp_seconds)"
        " - 3 * max by (job, instance) (autoscaler_interval_seconds)",
        "%s > 60",
        PanelId.CYCLE_SECONDS,
        "The autoscaler runs, but evaluates nothing",
        "The autoscaler at {{ .Labels.instance }} has evaluated nothing for over a minute and three intervals.",
    ),
    Alert(
        "AutoscalerBadConfig",
        Severity.WARNING,
        "1m",
        "min by (job, instance) (autoscaler_config_last_reload_successful)",
        "%s == 0",
        PanelId.RELOADS,
        "The policy file was refused",
        "The autoscaler at {{ .Labels.instance }} refused the changed policy file and goes on with the one before.",
    ),
    Alert(
        "AutoscalerBlind",
        Severity.CRITICAL,
        "2m",
        _in("blind"),
        "%s == 1",
        PanelId.USABLE,
        "No rule of a service has a usable reading",
        "The autoscaler cannot see the load of {{ .Labels.service }}, and does what its when_blind says.",
    ),
    Alert(
        "AutoscalerQueryErrors",
        Severity.WARNING,
        "5m",
        "sum(rate(autoscaler_prometheus_errors_total[5m]))"
        " / sum(rate(autoscaler_prometheus_request_duration_seconds_count[5m]))",
        "%s > 0.1",
        PanelId.QUERY_ERRORS,
        "Many queries to Prometheus fail",
        "More than a tenth of the autoscaler's queries have had no usable answer for five minutes.",
    ),
    Alert(
        "AutoscalerEvaluationsFailing",
        Severity.CRITICAL,
        "5m",
        _in("failing", "refused"),
        "%s == 1",
        PanelId.EVALUATIONS_FAILED,
        "A service cannot be observed, decided or scaled",
        "{{ .Labels.service }} has been failing or refused for five minutes: it is not scaled.",
    ),
    Alert(
        "AutoscalerScaleErrors",
        Severity.CRITICAL,
        "0m",
        "sum by (service) (increase(autoscaler_scale_errors_total[15m]))",
        "%s > 2",
        PanelId.SCALE_ERRORS,
        "Changes of a replica count fail again and again",
        "The replicas of {{ .Labels.service }} could not be changed several times within 15 minutes.",
    ),
    Alert(
        "AutoscalerAtMaxReplicas",
        Severity.WARNING,
        "15m",
        f"{_count('desired')} - {_count('max')}",
        f"%s >= 0 and on (service) {_count('max')} > {_count('min')}",
        PanelId.REPLICAS,
        "A service has been at its maximum for 15 minutes",
        "{{ .Labels.service }} has as many replicas as replicas.max allows; it may need more than it may have.",
    ),
    Alert(
        "AutoscalerFlapping",
        Severity.WARNING,
        "0m",
        "sum by (service) (increase(autoscaler_reversals_total[1h]))",
        "%s > 6",
        PanelId.REVERSALS,
        "A service goes up and down again and again",
        "The replicas of {{ .Labels.service }} have changed direction more than six times within an hour.",
    ),
    Alert(
        "AutoscalerReplicasMismatch",
        Severity.WARNING,
        "5m",
        f"{_count('desired')} - {_count('ready')}",
        "%s != 0 unless on (service) (max by (service) (autoscaler_paused) == 1)"
        " unless on () (max(autoscaler_dry_run) == 1)",
        PanelId.REPLICAS,
        "A service does not come to the replicas that were decided",
        "{{ .Labels.service }} has had more or fewer ready replicas than decided for five minutes.",
    ),
    Alert(
        "TraefikMetricsMissing",
        Severity.CRITICAL,
        "2m",
        "traefik_config_last_reload_success",
        "absent(%s)",
        PanelId.TRAEFIK_CONFIG,
        "Traefik is not running, or not scraped",
        "No metrics of Traefik have come in. The autoscaler is blind for its load, latency and errors.",
    ),
)
