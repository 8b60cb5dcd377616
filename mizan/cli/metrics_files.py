"""Rules and dashboards as files, for a Prometheus and a Grafana that are no part of a stack's cluster."""

from io import StringIO
from pathlib import Path

from mizan.cli.yaml_text import write_yaml
from mizan.manifests.prometheus_rules import rules_files
from mizan.metrics.dashboards import dashboards
from mizan.plan import Plan

RULES, DASHBOARDS = "rules", "dashboards"


def write_metrics_files(plan: Plan, folder: Path) -> None:
    """Write a rules file of Prometheus for costs and for alerts, and the JSON of each dashboard.

    Args:
        plan: of the stack.
        folder: with a folder of each kind in it afterwards; other files in them stay.
    """
    for name, rules in rules_files(plan).items():
        text = StringIO()
        write_yaml([rules], text)
        _write(folder / RULES / f"{name}.yaml", text.getvalue())
    for uid, text_of_board in dashboards(plan).items():
        _write(folder / DASHBOARDS / f"{uid}.json", text_of_board)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
