"""Dashboards for Grafana: what GPUs cost, what it buys, and what to do about it. One board is one file."""

from collections.abc import Callable, Mapping
from typing import Final

from mizan.metrics.dashboards.board import Board
from mizan.metrics.dashboards.cost import cost
from mizan.metrics.dashboards.efficiency import efficiency
from mizan.metrics.dashboards.health import health
from mizan.metrics.dashboards.idle import idle
from mizan.metrics.dashboards.queues import queues
from mizan.metrics.dashboards.spot import spot
from mizan.metrics.dashboards.view import view_of
from mizan.plan import Plan

__all__ = ["BOARDS", "boards", "dashboards"]

BOARDS: Final[tuple[Callable[[Plan], Board], ...]] = (cost, efficiency, idle, spot, queues, health)
"""In the order in which they link to each other."""


def boards(plan: Plan) -> tuple[Board, ...]:
    """Return the boards of a plan."""
    return tuple(make(plan) for make in BOARDS)


def dashboards(plan: Plan) -> Mapping[str, str]:
    """Return Grafana's JSON of each board, by its uid."""
    # A tenth of a second to import, at every command that has none to write.
    from mizan.metrics.dashboards.grafana import json_of  # noqa: PLC0415

    made, variables = boards(plan), view_of(plan).variables()
    return {board.uid: json_of(board, variables, [other for other in made if other.uid != board.uid]) for board in made}
