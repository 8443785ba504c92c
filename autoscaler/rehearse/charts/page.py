"""The web page around a chart: one file, no scripts, no external resources."""

from collections.abc import Iterable, Sequence
from html import escape
from xml.etree import ElementTree as ET

from autoscaler.rehearse.charts.timeline import (
    MOST_MARKS,
    format_change,
    format_time,
    mark_id,
    marks_note,
    plain,
    service_names,
)
from autoscaler.rehearse.run import Run

_SVG = "http://www.w3.org/2000/svg"  # a name, not an address: nothing is fetched
_XLINK = "http://www.w3.org/1999/xlink"
_CSS = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem;
  color: #1a1a1a; background: #fff; }
figure { margin: 1rem 0; }
figure svg { width: 100%; height: auto; background: #fff; border-radius: 4px; }
figcaption { font-size: .875rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; }
th, td { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8886; }
summary { cursor: pointer; padding: .5rem 0; }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #16181b; } }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


def page(runs: Sequence[Run], svg: str) -> str:
    """Return the page; `svg` is the chart of these runs, its markers named by `mark_id`."""
    title = escape(heading(runs))
    parts = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>{title}</title>\n<style>{_CSS}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>",
        _figures(runs),
        _caveats(runs),
        _chart(runs, svg),
        *(_decisions(run) for run in runs),
        "</main>\n</body>\n</html>\n",
    )
    return "\n".join(part for part in parts if part)


def heading(runs: Sequence[Run]) -> str:
    """Return the title of the page."""
    names = " against ".join(plain(run.title) for run in runs)
    return f"Rehearsal of {service_names(runs)}" + (f": {names}" if names else "")


def _table(caption: str, header: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose first column names its rows; escapes everything."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in header)
    body = "\n".join(
        f'<tr><th scope="row">{escape(first)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in rest)}</tr>'
        for first, *rest in rows
    )
    words = f"<caption>{escape(caption)}</caption>"
    return f'<div class="wide"><table>{words}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}\n</tbody></table></div>'


def _figures(runs: Sequence[Run]) -> str:
    names = dict.fromkeys(figure.name for run in runs for figure in run.figures)
    values = [{figure.name: figure.value for figure in run.figures} for run in runs]
    rows = [(name, *(value.get(name, "not known") for value in values)) for name in names]
    return _table("Figures", ("", *(run.title for run in runs)), rows) if rows else ""


def _caveats(runs: Sequence[Run]) -> str:
    caveats = dict.fromkeys(caveat for run in runs for caveat in run.caveats)
    items = "\n".join(f"<li>{escape(caveat)}</li>" for caveat in caveats)
    return f"<h2>What this rehearsal cannot know</h2>\n<ul>\n{items}\n</ul>" if items else ""


def _chart(runs: Sequence[Run], svg: str) -> str:
    caption = f"Each triangle is a decision; point at one to read it. {marks_note(runs)}".strip()
    return f"<figure>\n{_inline(runs, svg)}\n<figcaption>{escape(caption)}</figcaption>\n</figure>"


def _inline(runs: Sequence[Run], svg: str) -> str:
    """Return the SVG as an element of a page, with a name for screen readers and a tooltip on each marker."""
    ET.register_namespace("", _SVG)
    ET.register_namespace("xlink", _XLINK)
    root = ET.fromstring(svg)  # noqa: S314  our own chart, not a foreign file
    count = sum(len(run.decisions) for run in runs)
    root.set("role", "img")
    root.set("aria-label", f"{heading(runs)}. Load, capacity and replicas over time; {count} decisions, listed below.")
    groups = {group.get("id"): group for group in root.iter(f"{{{_SVG}}}g")}
    for marker, words in _tooltips(runs):
        tooltip = ET.Element(f"{{{_SVG}}}title")
        tooltip.text = words
        groups[marker].insert(0, tooltip)
    return ET.tostring(root, encoding="unicode")


def _tooltips(runs: Sequence[Run]) -> Iterable[tuple[str, str]]:
    for number, run in enumerate(runs):
        name = f"{plain(run.title)}\n" if len(runs) > 1 else ""
        for index, decision in enumerate(run.decisions[:MOST_MARKS]):
            words = f"{format_time(decision.at)}, {format_change(decision)} ({decision.reason})"
            yield mark_id(number, index), f"{name}{words}\n{plain(decision.sentence)}"


def _decisions(run: Run) -> str:
    rows = [
        (format_time(decision.at), format_change(decision), decision.reason, decision.sentence)
        for decision in run.decisions[:MOST_MARKS]
    ]
    count = len(run.decisions)
    words = f"{count} decisions" if count <= MOST_MARKS else f"the first {MOST_MARKS} of {count} decisions"
    table = _table(f"Decisions of {run.title}", ("time", "replicas", "reason", "sentence"), rows) if rows else ""
    return f"<details>\n<summary>{escape(run.title)}: {words}</summary>\n{table}\n</details>"
