"""The output of `autoscaler simulate`: figures, chart, decisions and caveats of each service."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.table import Table

from autoscaler.cli.text.output import console, table
from autoscaler.cli.text.rehearsal_text import decisions_table, show_caveats, show_service
from autoscaler.rehearse.run import Run
from autoscaler.rehearse.simulation.loads import Load

Runs = Mapping[str, Sequence[Run]]

MOST_DECISIONS = 10  # printed; the page and the JSON have all


def show(runs: Runs, load: Load) -> None:
    console.print(f"load: {load.words}")
    for service, of_service in runs.items():
        show_service(service, _figures(of_service), of_service)
        for run in of_service:
            first, left = run.decisions[:MOST_DECISIONS], max(0, len(run.decisions) - MOST_DECISIONS)
            console.print(decisions_table(run, first, left, (), elsewhere="--html and --json have all of them"))
    console.print()
    show_caveats(run for of_service in runs.values() for run in of_service)


def _figures(runs: Sequence[Run]) -> Table:
    made = table("", *(run.title for run in runs))
    for figures in zip(*(run.figures for run in runs), strict=True):
        made.add_row(figures[0].name, *(figure.value for figure in figures))
    return made


def as_json(runs: Runs, load: Load) -> dict[str, Any]:
    return {"load": load.words, "runs": [run for of_service in runs.values() for run in of_service]}
