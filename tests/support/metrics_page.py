"""docs/metrics.md as data, and what a live scrape shows, in the same shape."""

import re
from collections import defaultdict
from dataclasses import dataclass, field

from prometheus_client.parser import text_string_to_metric_families

from tests.support.paths import ROOT

PAGE = ROOT / "docs/metrics.md"
PREFIX = "autoscaler_"
LISTED = re.compile(r"`(\w+)`: ((?:`\w+`(?:, )?)+)")  # `label`: `value`, `value`


@dataclass(frozen=True, slots=True)
class Metric:
    """Its type, its labels, and the values of each label: all that are listed, or all that were seen."""

    kind: str
    labels: frozenset[str]
    values: dict[str, set[str]] = field(default_factory=dict)


def documented() -> dict[str, Metric]:
    """Every metric of the page, by its full name."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([^|]*)\| (.*) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        PREFIX + name: Metric(kind, frozenset(re.findall(r"\w+", labels)), _listed(meaning))
        for name, kind, labels, meaning in rows
    }


def _listed(meaning: str) -> dict[str, set[str]]:
    return {label: set(re.findall(r"\w+", values)) for label, values in LISTED.findall(meaning)}


def scraped(text: str) -> dict[str, Metric]:
    """Every metric of ours in an exposition, by its full name; labels are known where there is a sample."""
    found = {}
    for family in text_string_to_metric_families(text):
        values: dict[str, set[str]] = defaultdict(set)
        for sample in family.samples:
            for label, value in sample.labels.items():
                if label != "le":
                    values[label].add(value)
        if family.name.startswith(PREFIX):
            name = family.name + ("_total" if family.type == "counter" else "")
            found[name] = Metric(family.type, frozenset(values), dict(values))
    return found
