"""What a daemon answered to operators, and what became of it."""

from rich.table import Table
from rich.text import Text

from autoscaler.cli.client.operator import Answer, intervention_lines
from autoscaler.cli.text.output import console, print_json, table
from autoscaler.core.intervention import NONE
from autoscaler.events import OperationFinished


def print_answers(told: list[Answer], *, json: bool) -> bool:
    """Print what is in force for each service from now on; return whether nothing was refused."""
    print_json(told) if json else console.print(_answers(told))
    return not any(each.error for each in told)


def _answers(told: list[Answer]) -> Table:
    made = table("service", "now")
    for each in told:
        made.add_row(each.service, Text(each.error, style="red") if each.error else _now(each))
    return made


def _now(told: Answer) -> str:
    if told.before is None:
        return "\n".join(intervention_lines(told.intervention))
    if told.before == NONE:
        return "decided by its policy, as before"
    return f"decided by its policy; ended: {', '.join(intervention_lines(told.before))}"


def print_results(results: list[OperationFinished], *, json: bool, note: str | None = None) -> bool:
    """Print how each service came to its count, or why not, and a note; return whether nothing failed."""
    print_json(results) if json else console.print(_results(results))
    if note is not None and not json:
        console.print(note)
    return not any(each.error for each in results)


def _results(results: list[OperationFinished]) -> Table:
    done = table("service", "replicas", "seconds", "result")
    for result in results:
        outcome = Text(result.error, style="red") if result.error else Text("ok", style="green")
        change = f"{result.before} → {result.after}" if result.before or result.after else "?"
        done.add_row(result.service, change, f"{result.duration_seconds:.1f}", outcome)
    return done
