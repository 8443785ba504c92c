"""The benchmark for people: a table of verdicts, and a chart of every frontier."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.figure import Figure
from rich.table import Table

from benchmarks.elasticity.frontier import MOST_VIOLATIONS_PCT, Row, Verdict
from benchmarks.elasticity.lineup import ORACLE, OURS, PEERS

_COLUMNS = ("trace", "ours", "best peer", "oracle", "cost", "violations at equal cost", "adaptations / KPA")
_LEAST_PCT = 0.02  # a logarithmic axis has no 0


def table(verdicts: Sequence[Verdict]) -> Table:
    """Return one line a trace; ratios below 1 are in our favour."""
    lines = Table(
        *_COLUMNS, title=f"cheapest at <= {MOST_VIOLATIONS_PCT:g} % slow answers: cost @ slow, changes per hour"
    )
    for each in verdicts:
        ratios = (_words(each.cost), _words(each.violations), _words(each.adaptations))
        peer = f"{each.peer.policy} {_point(each.peer)}"
        lines.add_row(each.trace, _point(each.ours), peer, _point(each.oracle), *ratios)
    return lines


def _point(row: Row) -> str:
    scores = row.scores
    return f"{scores.cost_ratio:.3f} @ {scores.slo_violation_pct:.2f} %, {scores.adaptations_per_hour:.1f}/h"


def _words(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.3f}"


def draw(rows: Sequence[Row], path: Path) -> None:
    """Write a chart with one panel a trace: cost against slow answers, a line a policy, over its targets."""
    traces = list(dict.fromkeys(row.trace for row in rows))
    figure = Figure(figsize=(11, 4.2 * ((len(traces) + 1) // 2)), layout="constrained")
    panels = figure.subplots((len(traces) + 1) // 2, 2, squeeze=False).flat
    for panel, trace in zip(panels, traces, strict=False):
        panel.set_title(trace)
        panel.set_xlabel("cost: paid / demanded replica-seconds")
        panel.set_ylabel("slow answers, %")
        panel.set_yscale("log")
        panel.axhline(MOST_VIOLATIONS_PCT, color="gray", linewidth=0.8, linestyle="--")
        for name in (*PEERS, "ours-plain", "ours", ORACLE):
            names = OURS if name == "ours" else (name,)
            points = sorted(
                (row.scores.cost_ratio, max(row.scores.slo_violation_pct, _LEAST_PCT))
                for row in rows
                if row.trace == trace and row.policy in names
            )
            bold = name.startswith("ours")
            panel.plot(*zip(*points, strict=True), marker="o", markersize=4, linewidth=2 if bold else 1, label=name)
    for panel in list(panels)[len(traces) :]:
        panel.set_visible(False)
    figure.axes[0].legend(fontsize="small")
    figure.savefig(path, dpi=110)
