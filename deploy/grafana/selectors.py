"""Which series the panels of the dashboard *Autoscaler* look at, by its variables; and the ids that alerts point to."""

from enum import IntEnum

UID = "traefik-autoscaler"
OWN = 'job=~"$job", instance=~"$instance"'
SERVICE = f'{OWN}, service="$service"'
TRAEFIK = 'service="$traefik_service"'  # Traefik's own name for it; Traefik is scraped by another job


class PanelId(IntEnum):
    """Never changed: alerts and annotations name panels by these."""

    VERSION = 1
    RUNNING = 2
    LAST_CYCLE = 3
    SERVICES = 4
    MODE = 5
    PAUSED = 6
    CONFIG = 7
    ERRORS = 8
    ALL_REPLICAS = 9
    REPLICAS = 20
    RATIOS = 21
    PROPOSALS = 22
    OUTCOMES = 23
    LIMITS = 24
    USABLE = 25
    REVERSALS = 26
    SCALE_SECONDS = 27
    FOREIGN = 28
    DRAINS = 29
    REQUESTS = 40
    LATENCY = 41
    FAILED = 42
    IN_FLIGHT = 43
    CYCLE_SECONDS = 60
    QUERY_SECONDS = 61
    ENGINE_SECONDS = 62
    QUERY_ERRORS = 63
    SCALE_ERRORS = 64
    RELOADS = 65
    EVALUATIONS_FAILED = 66
    ANNOTATIONS = 67
    TRAEFIK_CONFIG = 68
    MISSED = 69
    LOADED_AGO = 70
