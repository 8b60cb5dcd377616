"""Boards as Grafana reads them, by its own builders. The same board is the same text in every run.

Source: grafana/grafana-foundation-sdk@f178d5a python/; https://grafana.com/docs/grafana/latest/panels-visualizations/
query-transform-data/transform-data/, Merge series, Organize fields by name, read 2026-11-23.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_models
from grafana_foundation_sdk.models import dashboard as models
from grafana_foundation_sdk.models import prometheus as prometheus_models

from mizan.metrics.dashboards.board import Board, Colour, Kind, Panel, Question, Variable

TAG = "mizan"
"""Of every board; by it people find them."""

UTC = "utc"

DATASOURCE = common_models.DataSourceRef(type_val="prometheus", uid="${datasource}")

_ALL = "$__all"
_EVERYTHING = ".*"
_REF_IDS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ALL_TEAMS = " Of all teams."

# Builders of every kind share these methods, and no class that says so.
_Builder = Any


def json_of(board: Board, variables: Sequence[Variable], others: Iterable[Board]) -> str:
    """Return a board as Grafana's JSON.

    Args:
        board: what is shown.
        variables: what a reader of every board chooses.
        others: boards that it links to.
    """
    builder = (
        dashboard.Dashboard(board.title)
        .uid(board.uid)
        .description(board.text)
        .tags([TAG])
        .timezone(UTC)
        .readonly()
        .tooltip(models.DashboardCursorSync.CROSSHAIR)
        .time("now-24h", "now")
        .refresh("1m")
        .links([_link(other) for other in others])
        .variables([_datasource(), *(_variable(each) for each in (*variables, *board.variables))])
    )
    number = 0
    for section in board.sections:
        number += 1
        builder.with_row(dashboard.Row(section.title).id(number))
        for panel in section.panels:
            number += 1
            builder.with_panel(_panel(panel).id(number))
    return _text(json.loads(JSONEncoder().encode(builder.build())))


def _text(body: dict[str, Any]) -> str:
    """Return the JSON of a board, its links above it: the builder puts them into a menu, and has no way not to.

    Source: https://github.com/grafana/grafana-foundation-sdk/issues/1272.
    """
    for link in body["links"]:
        del link["placement"]
    return json.dumps(body, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _link(other: Board) -> dashboard.DashboardLink:
    """Return a link that keeps the time and whatever is chosen."""
    return (
        dashboard.DashboardLink(other.title)
        .type(models.DashboardLinkType.LINK)
        .url(f"/d/{other.uid}")
        .tooltip(other.text)
        .icon("dashboard")
        .keep_time(True)
        .include_vars(True)
    )


def _datasource() -> dashboard.DatasourceVariable:
    return dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus")


def _variable(of: Variable) -> dashboard.QueryVariable:
    query = f"label_values({of.series}, {of.label})"
    return (
        dashboard.QueryVariable(of.name)
        .label(of.title)
        .description(of.text)
        .datasource(DATASOURCE)
        .query(query)
        .definition(query)
        .refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(models.VariableSort.ALPHABETICAL_ASC)
        .multi(True)
        .include_all(True)
        .all_value(_EVERYTHING)
        .current(models.VariableOption(selected=True, text="All", value=_ALL))
    )


def _panel(of: Panel) -> _Builder:
    builder: _Builder = _KINDS[of.kind](of)
    builder.title(of.title).description(of.text + ("" if _asks_for_teams(of) else _ALL_TEAMS))
    builder.datasource(DATASOURCE).unit(of.unit.value).height(of.height).span(of.width).no_value("No data")
    builder.thresholds(_thresholds(of))
    if of.since is not None:
        builder.time_from(of.since)
    if of.most is not None:
        builder.min(0).max(of.most)
    for ref_id, question in zip(_REF_IDS, of.questions, strict=False):
        builder.with_target(_query(of, question, ref_id))
    return builder


def _asks_for_teams(of: Panel) -> bool:
    return any("$team" in question.expr or "by (team" in question.expr for question in of.questions)


def _query(of: Panel, question: Question, ref_id: str) -> prometheus.Dataquery:
    query = prometheus.Dataquery().ref_id(ref_id).expr(question.expr).legend_format(question.legend)
    query.datasource(DATASOURCE)
    if of.kind is Kind.TABLE:
        query.format(prometheus_models.PromQueryFormat.TABLE)
    return query.range() if of.kind is Kind.LINES else query.instant()


def _thresholds(of: Panel) -> dashboard.ThresholdsConfig:
    steps = [models.Threshold(value=None, color=of.base.value)]
    steps += [models.Threshold(value=step.value, color=step.colour.value) for step in of.steps]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(steps)


def _lines(of: Panel) -> _Builder:
    builder = (
        timeseries.Panel()
        .fill_opacity(30 if of.is_stacked else 10)
        .show_points(common_models.VisibilityMode.NEVER)
        .axis_soft_min(0)
        .legend(_legend())
        .tooltip(common.VizTooltipOptions().mode(common_models.TooltipDisplayMode.MULTI))
    )
    if of.is_stacked:
        builder.stacking(common.StackingConfig().mode(common_models.StackingMode.NORMAL).group("A"))
    if of.has_step_lines:
        builder.thresholds_style(
            common.GraphThresholdsStyleConfig().mode(common_models.GraphThresholdsStyleMode.DASHED)
        )
    for ref_id, question in zip(_REF_IDS, of.questions, strict=False):
        if question.is_limit:
            builder.override_by_query(ref_id, _as_limit())
    return builder


def _as_limit() -> list[models.DynamicConfigValue]:
    """Return how a limit looks: a dashed line with nothing below it, and on top of no other."""
    return [
        models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": Colour.ACT.value}),
        models.DynamicConfigValue(id_val="custom.lineStyle", value={"fill": "dash", "dash": [10, 10]}),
        models.DynamicConfigValue(id_val="custom.fillOpacity", value=0),
    ]


def _legend() -> common.VizLegendOptions:
    return (
        common.VizLegendOptions()
        .display_mode(common_models.LegendDisplayMode.TABLE)
        .placement(common_models.LegendPlacement.BOTTOM)
        .calcs(["lastNotNull", "max"])
        .show_legend(True)
    )


def _number(_: Panel) -> _Builder:
    return stat.Panel().reduce_options(_last()).graph_mode(common_models.BigValueGraphMode.NONE)


def _bars(_: Panel) -> _Builder:
    return (
        bargauge.Panel()
        .reduce_options(_last())
        .orientation(common_models.VizOrientation.HORIZONTAL)
        .display_mode(common_models.BarGaugeDisplayMode.BASIC)
        .min(0)
    )


def _last() -> common.ReduceDataOptions:
    return common.ReduceDataOptions().calcs(["lastNotNull"])


def _table(of: Panel) -> _Builder:
    """Return a table: a row for each set of labels, a column for each question, the first question's largest first."""
    values = {_value_field(of, ref_id): question for ref_id, question in zip(_REF_IDS, of.questions, strict=False)}
    headings = {**dict(of.columns), **{field: question.legend for field, question in values.items()}}
    builder = (
        table.Panel()
        .with_transformation(models.DataTransformerConfig(id_val="merge", options={}))
        .with_transformation(models.DataTransformerConfig(id_val="organize", options=_organized(headings)))
        .sort_by([common.TableSortByFieldState().display_name(of.questions[0].legend).desc(True)])
    )
    for question in of.questions:
        if question.unit is not None:
            unit = models.DynamicConfigValue(id_val="unit", value=question.unit.value)
            builder.override_by_name(question.legend, [unit])
    return builder


def _organized(headings: Mapping[str, str]) -> Mapping[str, Any]:
    return {
        "excludeByName": {"Time": True, "__name__": True},
        "indexByName": {field: place for place, field in enumerate(headings)},
        "renameByName": dict(headings),
    }


def _value_field(of: Panel, ref_id: str) -> str:
    return "Value" if len(of.questions) == 1 else f"Value #{ref_id}"


_KINDS: Mapping[Kind, Callable[[Panel], _Builder]] = {
    Kind.NUMBER: _number,
    Kind.LINES: _lines,
    Kind.BARS: _bars,
    Kind.TABLE: _table,
}
