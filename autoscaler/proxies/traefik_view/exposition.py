"""The view's metrics as Prometheus reads them. Written by hand: the client library costs 10 MB."""

from collections import Counter
from collections.abc import Iterable

from autoscaler import __version__
from autoscaler.proxies.traefik_view import visibility
from autoscaler.proxies.traefik_view.view import View

_Series = Iterable[tuple[dict[str, str], float]]


def text(view: View) -> str:
    """Return every series."""
    hidden = Counter(visibility.hidden(view.state).values())
    requests = [({"call": call, "code": str(code)}, count) for (call, code), count in sorted(view.requests.items())]
    seconds = [({"call": call}, total) for call, total in sorted(view.seconds.items())]
    lines = [
        *_metric("autoscaler_view_info", "gauge", "The view's version.", [({"version": __version__}, 1)]),
        *_metric("autoscaler_view_engine_up", "gauge", "Whether it follows the engine.", [({}, view.engine_up)]),
        *_metric("autoscaler_view_traefiks", "gauge", "Traefiks that follow the events.", [({}, view.traefiks)]),
        *_metric(
            "autoscaler_view_hidden_containers",
            "gauge",
            "Running containers that Traefik does not see now.",
            [({"why": why}, hidden[why]) for why in visibility.Why],
        ),
        *_metric("autoscaler_view_events_total", "counter", "Events that made Traefik look.", [({}, view.events_sent)]),
        *_metric("autoscaler_view_requests_total", "counter", "Traefik's requests.", requests),
        *_metric("autoscaler_view_request_seconds_total", "counter", "Time spent on them.", seconds),
    ]
    return "\n".join(lines) + "\n"


def _metric(name: str, kind: str, words: str, series: _Series) -> Iterable[str]:
    yield f"# HELP {name} {words}"
    yield f"# TYPE {name} {kind}"
    for labels, value in series:
        written = ",".join(f'{label}="{text_}"' for label, text_ in labels.items())
        yield f"{name}{{{written}}} {float(value):g}" if written else f"{name} {float(value):g}"
