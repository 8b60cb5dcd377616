"""What a Prometheus and a Grafana take that are no part of a stack's cluster, as files.

Each name but a dashboard's has the cluster in it: mimirtool takes a rule file's name for the namespace of its rules,
and rules of one cluster would replace another's. Dashboards show every cluster of a store, and are the same in all.

Whoever reads them meanwhile, such as a Prometheus that reloads, finds each file whole, the old or the new one: a rule
file that is cut off would take all others with it.

Source: grafana/mimir@0663698 pkg/mimirtool/rules/parser.go, ParseFiles.
"""

import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from errno import EISDIR
from io import StringIO
from pathlib import Path
from urllib.parse import quote

from mizan.cli.yaml_text import write_yaml
from mizan.errors import PlatformError
from mizan.manifests.kube_state_metrics import CHART, kube_state_metrics_values
from mizan.manifests.manifest import Manifest
from mizan.manifests.prometheus import RELEASE, placement
from mizan.manifests.prometheus_rules import rules_files
from mizan.manifests.scrape_configs import scrape_files
from mizan.metrics.dashboards import dashboards
from mizan.plan import Plan

RULES, DASHBOARDS, SCRAPE, HELM = "rules", "dashboards", "scrape", "helm"


def write_metrics_files(plan: Plan, folder: Path) -> None:
    """Write rules, how exporters are read, values of kube-state-metrics, and the JSON of each dashboard.

    Args:
        plan: of the stack.
        folder: with a folder of each kind in it afterwards; other files in them stay, and a link by a name of ours is
            replaced, not followed.

    Raises:
        PlatformError: the folder takes no such files; none is replaced where one cannot be written.
    """
    texts = {folder / name: text for name, text in _texts(plan)}
    try:
        with _temporary(texts) as written:
            for file, text in texts.items():
                _check(file)
                # Mode x follows no link, and the file gets the rights that the user's files get.
                with written[file].open("x", encoding="utf-8") as opened:
                    opened.write(text)
            for file, new in written.items():
                new.replace(file)
    except OSError as error:
        raise PlatformError(
            f"--metrics {folder}",
            f"{error.filename or folder}: {error.strerror or error}",
            needs="a folder in which files can be written",
            because="rules, dashboards and settings are written there",
            fix="Name another folder, or make room or way for them there",
        ) from error


def _texts(plan: Plan) -> Iterator[tuple[str, str]]:
    """Return each file's path in the folder, and its text."""
    values = {**kube_state_metrics_values(), **placement(plan)}
    # Alone, and inside kube-prometheus-stack, whose key for it other charts have as well.
    charts = {CHART: values, RELEASE: {CHART: values}}
    for kind, files in ((RULES, rules_files(plan)), (SCRAPE, scrape_files(plan)), (HELM, charts)):
        for name, document in files.items():
            yield f"{kind}/{name}-{_in_a_file_name(plan.cluster_name)}.yaml", _yaml(document)
    for uid, text_of_board in dashboards(plan).items():
        yield f"{DASHBOARDS}/{uid}.json", text_of_board


@contextmanager
def _temporary(files: Mapping[Path, str]) -> Iterator[dict[Path, Path]]:
    """Give a path beside each file, by a name that no reader of rules or dashboards takes; all are gone afterwards."""
    mark = secrets.token_hex(4)
    paths = {file: file.with_name(f".{mark}-{number}.tmp") for number, file in enumerate(files)}
    try:
        yield paths
    finally:
        for path in paths.values():
            with suppress(OSError):
                path.unlink()


def _check(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.is_dir() and not file.is_symlink():
        raise IsADirectoryError(EISDIR, os.strerror(EISDIR), str(file))


def _in_a_file_name(cluster: str) -> str:
    """Return the cluster's name without what no file name takes, such as the slash of an ARN; no two are alike."""
    return quote(cluster, safe="")


def _yaml(document: Manifest) -> str:
    text = StringIO()
    write_yaml([document], text)
    return text.getvalue()
