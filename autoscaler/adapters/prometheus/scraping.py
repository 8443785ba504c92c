"""Whether Prometheus has complete and fresh samples of Traefik. Pure."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from autoscaler.adapters.prometheus.coverage import Coverage, oldest_seconds
from autoscaler.adapters.prometheus.faults import MOST_CHARACTERS
from autoscaler.adapters.prometheus.promql import SERVICE_LABEL
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.formats import format_duration, one_line

_MOST_TRAEFIKS = 4  # in a note
_EXACT_SECONDS = 5.0  # longer times are written in whole seconds
_Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Scraping:
    """Whether Traefik's metrics are complete and fresh; if not, `problem` is the reading of every signal."""

    age_seconds: float | None = None
    problem: Reading | None = None
    coverages: Mapping[float, tuple[Coverage, ...]] = field(default_factory=dict)  # of each Traefik, by window
    several: str = ""  # the labels that distinguish the Traefiks, if there are several
    entries: Mapping[float, float] = field(default_factory=dict)  # what all entry points count in a window
    alive: frozenset[str] | None = None  # the services whose series go on; None: not known

    def goes_on(self, service: str) -> bool:
        """Return whether the series of a service still get samples, as far as it is known."""
        return self.alive is None or service in self.alive

    def partial_note(self, service: str, window_seconds: float) -> str:
        """Return why samples cover too little of the window to believe a low value; nothing if they cover it."""
        if not self.goes_on(service):
            return f"the series of {service} have ended: the value fades out of the window"
        return self.sparse_note(window_seconds)

    def sparse_note(self, window_seconds: float) -> str:
        """Return how much of the window has samples of Traefik, if it is too little; else nothing."""
        coverages = self.coverages.get(window_seconds, ())
        if not any(each.is_partial(window_seconds) for each in coverages):
            return ""
        covered, window = min(each.covered_seconds(window_seconds) for each in coverages), window_seconds
        return f"samples cover {_seconds(covered)} of the last {_seconds(window)}: the value may be too low"


def scraping(samples: list[Sample], at: float, max_age_seconds: float, label: str = SERVICE_LABEL) -> Scraping:
    """Return whether every recently scraped Traefik still is, and how well its samples cover each window.

    `label` has the name of a service.
    """
    facts = _facts(samples)
    down = [sample for sample in samples if sample.labels.get("fact") == "up" and sample.value != 1]
    if down:
        names = one_line(", ".join(sorted(sample.labels.get("instance", "?") for sample in down)), MOST_CHARACTERS)
        note = f"Prometheus cannot scrape Traefik at {names}: its load is known in part only"
        return Scraping(problem=Reading(ReadingKind.STALE, note=note))
    ages = {labels: max(0.0, at - value) for labels, value in facts.get("sampled", {}).items()}
    if not ages:
        note = "Prometheus has no metrics of Traefik; check that Traefik serves them and that Prometheus scrapes it"
        return Scraping(problem=Reading(ReadingKind.EMPTY, note=note))
    intervals = {labels: value for labels, value in facts.get("interval", {}).items() if 0.0 < value < math.inf}
    for labels, age_seconds in sorted(ages.items(), key=lambda each: -each[1]):
        note = _stale_note(age_seconds, max_age_seconds, intervals.get(labels))
        if note:
            return Scraping(problem=Reading(ReadingKind.STALE, age_seconds=age_seconds, note=note))
    oldest = at - max(oldest_seconds(max_age_seconds, intervals.get(labels)) for labels in ages)
    services = {dict(labels).get(label, ""): sampled_at for labels, sampled_at in facts.get("service", {}).items()}
    return Scraping(
        max(ages.values()),
        None,
        _coverages(facts, ages, intervals),
        _several(ages),
        _entries(facts),
        frozenset(service for service, sampled_at in services.items() if sampled_at >= oldest),
    )


def _facts(samples: list[Sample]) -> dict[str, dict[_Labels, float]]:
    """Return each fact's values by the other labels."""
    facts: dict[str, dict[_Labels, float]] = {}
    for sample in samples:
        labels = tuple(sorted((name, value) for name, value in sample.labels.items() if name != "fact"))
        facts.setdefault(sample.labels.get("fact", ""), {})[labels] = sample.value
    return facts


def _stale_note(age_seconds: float, max_age_seconds: float, interval_seconds: float | None) -> str:
    most_seconds = oldest_seconds(max_age_seconds, interval_seconds)
    if age_seconds <= most_seconds:
        return ""
    old = f"Traefik's last sample is {_seconds(age_seconds)} old"
    if most_seconds == max_age_seconds or interval_seconds is None:
        return f"{old}, more than {_seconds(max_age_seconds)}"
    return f"{old}, but they came every {_seconds(interval_seconds)}: the scrape or the remote write has stopped"


def _several(traefiks: Collection[_Labels]) -> str:
    """Return a note on the Traefiks whose loads are summed, with the labels in which they differ."""
    if len(traefiks) < 2:  # noqa: PLR2004
        return ""
    same = set.intersection(*(set(labels) for labels in traefiks))
    differing = [[label for label in labels if label not in same] for labels in sorted(traefiks)]
    each = ["{" + ", ".join(f"{name}={value!r}" for name, value in labels) + "}" for labels in differing]
    shown = [one_line(text, MOST_CHARACTERS) for text in each[:_MOST_TRAEFIKS]] + ["..."] * (len(each) > _MOST_TRAEFIKS)
    return f"summed over {len(each)} Traefiks, {', '.join(shown)}; if it must be one of them, set prometheus.select"


def _coverages(
    facts: Mapping[str, Mapping[_Labels, float]], ages: Mapping[_Labels, float], intervals: Mapping[_Labels, float]
) -> dict[float, tuple[Coverage, ...]]:
    found: dict[float, tuple[Coverage, ...]] = {}
    for fact, counts in facts.items():
        name, _, window = fact.partition(" ")
        if name == "count":
            found[float(window)] = tuple(
                Coverage(ages[labels], interval, round(counts.get(labels, 0.0)))
                for labels, interval in intervals.items()
                if labels in ages
            )
    return found


def _entries(facts: Mapping[str, Mapping[_Labels, float]]) -> dict[float, float]:
    entries = {fact.partition(" ")[2]: values for fact, values in facts.items() if fact.startswith("entry ")}
    return {float(window): sum(values.values()) for window, values in entries.items()}


def _seconds(seconds: float) -> str:
    return format_duration(float(math.floor(seconds)) if seconds > _EXACT_SECONDS else seconds)
