"""The daemon's answers to operators, and the results of operations."""

from rich.table import Table
from rich.text import Text

from autoscaler.cli.client.operator import Answer, intervention_lines
from autoscaler.cli.text.output import console, print_json, table
from autoscaler.core.intervention import NONE
from autoscaler.events import OperationFinished


def print_answers(answers: list[Answer], *, json: bool) -> bool:
    """Print the intervention in force for each service; return whether nothing was refused."""
    print_json(answers) if json else console.print(_answers(answers))
    return not any(each.error for each in answers)


def _answers(answers: list[Answer]) -> Table:
    made = table("service", "now")
    for each in answers:
        made.add_row(each.service, Text(each.error, style="red") if each.error else _now(each))
    return made


def _now(answer: Answer) -> str:
    if answer.before is None:
        return "\n".join(intervention_lines(answer.intervention))
    if answer.before == NONE:
        return "decided by its policy, as before"
    return f"decided by its policy; ended: {', '.join(intervention_lines(answer.before))}"


def print_results(results: list[OperationFinished], *, json: bool, note: str | None = None) -> bool:
    """Print the result of each operation, and a note; return whether nothing failed."""
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
