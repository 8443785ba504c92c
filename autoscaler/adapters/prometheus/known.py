"""Which services Prometheus knows, and whether that proves that one of them is idle. Pure."""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from difflib import SequenceMatcher

from autoscaler.adapters.prometheus.faults import MOST_CHARACTERS
from autoscaler.adapters.prometheus.promql import EXPORTED
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.formats import one_line

_INTERNAL = "@internal"  # Traefik's own services
_MOST_NAMES = 5  # in a note


@dataclass(frozen=True, slots=True)
class Known:
    """The services with counters, and those that had some within a day."""

    families: frozenset[tuple[str, str]] = frozenset()  # (service, family)
    exported: frozenset[str] = frozenset()  # values of `exported_service`
    seen: frozenset[str] = frozenset()  # named by any series of Traefik within a day
    accounted: frozenset[str] = frozenset()  # services that a policy scales
    listed: frozenset[str] = frozenset()  # by Traefik's API

    def why_unseen(self, service: str, loaded: AbstractSet[str], entry: float | None) -> str | None:
        """Return why a service without series is not proved idle, or None if it is.

        `loaded` are the services that carry load, `entry` what all entry points count; None if it is not known.
        """
        if entry == 0.0:
            return None
        unaccounted = {name for name in loaded - self.accounted - self.listed if not name.endswith(_INTERNAL)}
        if entry and not loaded:
            cause = "requests come in, but no series says to which service: addServicesLabels may be off in Traefik"
        elif unaccounted:
            cause = f"its load may be counted as {_listed(nearest(service, unaccounted))}"
        elif service in self.seen | self.listed | {name for name, _ in self.families}:
            return None
        else:
            cause = "nor had it any within a day"
        names = nearest(service, self.seen | self.listed | {name for name, _ in self.families})
        known = f"it knows {_listed(names)}" if names else "it knows no other"
        return "; ".join([f"Prometheus has no series of {service}", cause, known, *self._exported()])

    def _exported(self) -> Iterable[str]:
        if self.exported:
            yield (
                f"the scrape job overwrites Traefik's label, {EXPORTED} has {_listed(sorted(self.exported))}: "
                f"set honor_labels: true in the job, or prometheus.service_label: {EXPORTED}"
            )


NOTHING_KNOWN = Known()


def known_services(samples: Iterable[Sample], label: str) -> Known:
    """Return the services of the answer about what is known."""
    named = [(sample.labels.get("family", ""), sample.labels) for sample in samples]
    return Known(
        families=frozenset((labels.get(label, ""), family) for family, labels in named if family != "exported"),
        exported=frozenset(labels.get(EXPORTED, "") for family, labels in named if family == "exported"),
    )


def nearest(service: str, names: Iterable[str]) -> Sequence[str]:
    """Return the names, the one that is most like the service first."""
    others = {name for name in names if name != service and not name.endswith(_INTERNAL)}
    return sorted(others, key=lambda name: (-_likeness(service, name), name))


def _likeness(one: str, other: str) -> float:
    """Return how much alike two names are; what stands behind the @ counts less."""
    names = SequenceMatcher(None, one.partition("@")[0], other.partition("@")[0])
    return 2 * names.ratio() + SequenceMatcher(None, one, other).ratio()


def _listed(names: Sequence[str]) -> str:
    shown = [one_line(name, MOST_CHARACTERS) or "(no name)" for name in names[:_MOST_NAMES]]
    more = len(names) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")
