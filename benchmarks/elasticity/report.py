"""The benchmark for people: a table of all traces, and a chart of the costs."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.table import Table

_COLUMNS = (
    "trace",
    "ours",
    "best peer",
    "foresight",
    "same sensing",
    "native",
    "slow unswept",
    "changes/h: ours, peer, kpa",
)


def table(result: Mapping[str, Any]) -> Table:
    """Return one line a trace, those without room last; ratios below 1 are in our favour."""
    lines = Table(*_COLUMNS, title="cost at 1 % slow answers, and ours over the best peer")
    traces = sorted(result["traces"].items(), key=lambda item: (not item[1]["room"], item[0]))
    for name, each in traces:
        changes = [each[key] for key in ("changes_per_hour", "peer_changes_per_hour", "kpa_changes_per_hour")]
        lines.add_row(
            name if each["room"] else f"{name} (no room)",
            _words(each["ours"]),
            f"{each['peer']} {_words(each['best_peer'])}",
            *(_words(each[key]) for key in ("foresight", "ratio_same", "ratio_native")),
            f"{each['slow_unswept_pct']:.2f} %",
            ", ".join(f"{change:.1f}" for change in changes),
        )
    means = (_words(result[key]) for key in ("geomean_room", "geomean_all", "worst"))
    lines.caption = "geometric mean where there is room {}, of all {}; worst {}".format(*means)
    return lines


def _words(number: float | None) -> str:
    return "-" if number is None else f"{number:.3f}"


def draw(result: Mapping[str, Any], path: Path) -> None:
    """Write a chart: of each trace the cost of ours, of the best peer and of perfect foresight."""
    names = list(result["traces"])
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panel = figure.subplots()
    for offset, key in ((-0.27, "best_peer"), (0.0, "ours"), (0.27, "foresight")):
        costs = [result["traces"][name][key] or 0.0 for name in names]
        panel.bar([index + offset for index in range(len(names))], costs, 0.25, label=key.replace("_", " "))
    panel.set_xticks(range(len(names)), names, rotation=15)
    panel.set_ylabel("cost at 1 % slow answers\npaid / demanded replica-seconds")
    panel.axhline(1.0, color="gray", linewidth=0.8, linestyle="--")
    panel.legend(fontsize="small")
    figure.savefig(path, dpi=110)
