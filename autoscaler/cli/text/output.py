"""The commands' output: console, tables, JSON."""

from collections.abc import Iterable

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table

from autoscaler.formats import json_text, plain, visible


class VisibleConsole(Console):
    """Prints text, and only text: whatever a daemon, an engine or Prometheus said, the terminal obeys none of it."""

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(markup=False, highlight=False, emoji=False, stderr=stderr)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        for segment in super().render(renderable, options):
            text, style, control = segment
            yield segment if control or text.isprintable() else Segment(visible(text), style)


console = VisibleConsole()


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print plain values and dataclasses as JSON; without an indent on one line."""
    typer.echo(json_text(plain(value), indent=indent))


def table(*columns: str) -> Table:
    """Return an empty table in the house style."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def facts(*rows: tuple[str, Iterable[str]]) -> Table:
    """Return a grid of names, each with its lines; a name without lines is left out."""
    made = Table.grid(padding=(0, 2), pad_edge=False)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, lines in rows:
        text = "\n".join(lines)
        if text:
            made.add_row(name, text)
    return made
