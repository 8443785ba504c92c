"""Small makers of panels: every one has an id that never changes, a description, a unit, and our data source."""

from dataclasses import dataclass
from typing import Any

from grafana_foundation_sdk.builders import common as make
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.builders import prometheus, stat, statetimeline, timeseries
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    BigValueTextMode,
    GraphTresholdsStyleMode,
    LegendDisplayMode,
    LegendPlacement,
    LineInterpolation,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DataSourceRef,
    FieldColorModeId,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
)
from grafana_foundation_sdk.models.prometheus import QueryEditorMode

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and the name of each series that it gives."""

    expr: str
    legend: str = "__auto"


@dataclass(frozen=True, slots=True)
class About:
    """What a panel is, whatever it looks like. The grid is 24 wide."""

    id: int
    title: str
    description: str
    unit: str
    width: int = 12
    height: int = 8


def graph(
    about: About, *queries: Query, steps: bool = False, line_at: float | None = None, decimals: int | None = None
) -> timeseries.Panel:
    """Lines over time; as steps, for what jumps; with a red line at a value that matters."""
    legend = make.VizLegendOptions().display_mode(LegendDisplayMode.LIST).placement(LegendPlacement.BOTTOM)
    tooltip = make.VizTooltipOptions().mode(TooltipDisplayMode.MULTI)
    panel = _described(timeseries.Panel(), about, queries).legend(legend.show_legend(True)).tooltip(tooltip)
    panel = panel.min(0).fill_opacity(0 if steps else 10).thresholds(_thresholds(line_at))
    if decimals is not None:
        panel = panel.decimals(decimals)
    if steps:
        panel = panel.line_interpolation(LineInterpolation.STEP_AFTER)
    if line_at is not None:
        panel = panel.thresholds_style(make.GraphThresholdsStyleConfig().mode(GraphTresholdsStyleMode.DASHED))
    made: timeseries.Panel = panel
    return made


def number(
    about: About, query: Query, *, bad_from: float | None = None, words: dict[int, tuple[str, str]] | None = None
) -> stat.Panel:
    """The last value as one number, red from a value on; or as a word and a colour for each value."""
    reduced = make.ReduceDataOptions().calcs(["lastNotNull"])
    panel = _described(stat.Panel(), about, (query,)).reduce_options(reduced)
    panel = panel.graph_mode(BigValueGraphMode.NONE).color_mode(BigValueColorMode.VALUE)
    panel = panel.thresholds(_thresholds(bad_from)).mappings(_words(words))
    made: stat.Panel = panel
    return made


def name(about: About, query: Query) -> stat.Panel:
    """The name of the series in place of its value."""
    return number(about, query).text_mode(BigValueTextMode.NAME)


def states(
    about: About, *queries: Query, word: str, color: str, otherwise: tuple[str, str] = (" ", "transparent")
) -> statetimeline.Panel:
    """One row for each series: coloured while it is 1, with that word; while it is 0, empty or otherwise."""
    panel = _described(statetimeline.Panel(), about, queries).mappings(_words({0: otherwise, 1: (word, color)}))
    panel = panel.color_scheme(build.FieldColor().mode(FieldColorModeId.THRESHOLDS)).row_height(0.8)
    made: statetimeline.Panel = panel.thresholds(_thresholds(None))
    return made


def _described(panel: Any, about: About, queries: tuple[Query, ...]) -> Any:
    panel = panel.id(about.id).title(about.title).description(about.description).datasource(SOURCE)
    panel = panel.unit(about.unit).span(about.width).height(about.height)
    for index, query in enumerate(queries):
        asked = prometheus.Dataquery().expr(query.expr).legend_format(query.legend).ref_id("ABCDEFGH"[index])
        panel = panel.with_target(asked.datasource(SOURCE).editor_mode(QueryEditorMode.CODE).range())
    return panel


def _thresholds(bad_from: float | None) -> build.ThresholdsConfig:
    steps = [Threshold(value=None, color="green")]
    if bad_from is not None:
        steps.append(Threshold(value=bad_from, color="red"))
    return build.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps)


def _words(words: dict[int, tuple[str, str]] | None) -> list[Any]:
    if words is None:
        return []
    options = {
        str(value): ValueMappingResult(text=text, color=color, index=index)
        for index, (value, (text, color)) in enumerate(words.items())
    }
    return [ValueMap(options=options)]
