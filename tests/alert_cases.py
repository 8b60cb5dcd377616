"""Cases of alerts, judged by one run of promtool: series go in, and an alert fires or does not."""

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from mizan.metrics.alerts import alert_groups
from mizan.metrics.groups import recording_groups, rules_file
from mizan.metrics.selector import Source
from mizan.plan import Plan

SOURCE = Source(cluster="c1")
MINUTE = 60

Series = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One moment of one alert.

    Attributes:
        says: what it shows; no two cases say the same.
        alert: its name.
        inputs: what Prometheus was told.
        minute: when it is asked.
        fires: by labels, which alerts fire then.
        labels: that are looked at.
    """

    says: str
    alert: str
    inputs: Sequence[Series]
    minute: int
    fires: Sequence[Mapping[str, str]]
    labels: Sequence[str] = ()

    def document(self, interval: int) -> dict[str, Any]:
        firing = f'max by ({", ".join(self.labels)}) (ALERTS{{alertname="{self.alert}",alertstate="firing"}})'
        samples = [
            {
                "labels": f"{{{','.join(f'{key}={json.dumps(value)}' for key, value in found.items())}}}",
                "value": 1,
            }
            for found in self.fires
        ]
        asked = {"expr": firing, "eval_time": f"{self.minute}m", "exp_samples": samples}
        return {
            "name": self.says,
            "interval": f"{interval}s",
            "input_series": [dict(each) for each in self.inputs],
            "promql_expr_test": [asked],
        }


@dataclass(frozen=True, kw_only=True)
class Told:
    """What somebody reads when an alert fires."""

    says: str
    alert: str
    inputs: Sequence[Series]
    minute: int
    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    def document(self, interval: int) -> dict[str, Any]:
        expected = {"exp_labels": dict(self.labels), "exp_annotations": dict(self.annotations)}
        asked = {"eval_time": f"{self.minute}m", "alertname": self.alert, "exp_alerts": [expected]}
        return {
            "name": self.says,
            "interval": f"{interval}s",
            "input_series": [dict(each) for each in self.inputs],
            "alert_rule_test": [asked],
        }


@dataclass(frozen=True, kw_only=True)
class Gives:
    """What is recorded for alerts: the value of an expression without labels, None where it has no result."""

    says: str
    expr: str
    inputs: Sequence[Series]
    minute: int
    value: float | None

    def document(self, interval: int) -> dict[str, Any]:
        samples = [] if self.value is None else [{"labels": "{}", "value": self.value}]
        asked = {"expr": f"round({self.expr}, 1e-6)", "eval_time": f"{self.minute}m", "exp_samples": samples}
        return {
            "name": self.says,
            "interval": f"{interval}s",
            "input_series": [dict(each) for each in self.inputs],
            "promql_expr_test": [asked],
        }


@dataclass(frozen=True, kw_only=True)
class Cases:
    """Cases of one plan's alerts.

    Attributes:
        counts_dollars: whether dollars are counted by our recording rules, from what exporters tell; else the cases
            say what was counted.
        interval: seconds between two samples, and between two evaluations.
    """

    plan: Plan
    cases: Sequence[Case | Told | Gives]
    counts_dollars: bool = False
    interval: int = MINUTE

    def documents(self, name: str) -> dict[str, Any]:
        """Return the two files of promtool, by name."""
        counted = recording_groups(self.plan, SOURCE) if self.counts_dollars else ()
        groups = (*counted, *alert_groups(self.plan, SOURCE))
        test = {
            "rule_files": [f"{name}.rules.yaml"],
            "evaluation_interval": f"{self.interval}s",
            "fuzzy_compare": True,
            "group_eval_order": [group.name for group in groups],
            "tests": [case.document(self.interval) for case in self.cases],
        }
        return {f"{name}.rules.yaml": rules_file(groups, SOURCE), f"{name}.test.yaml": test}


def judged(promtool: Path, folder: Path, cases: Mapping[str, Cases]) -> Mapping[str, Sequence[str]]:
    """Return what promtool says against each case, by what the case says; nothing where it holds."""
    tests = []
    for name, each in cases.items():
        for file, document in each.documents(name).items():
            (folder / file).write_text(json.dumps(document), encoding="utf-8")
        tests.append(str(folder / f"{name}.test.yaml"))
    found = folder / "found.xml"
    # Its words alone name no case of an expression.
    done = subprocess.run(
        [str(promtool), "test", f"--junit={found}", "rules", *tests],
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    verdicts = {
        case.attrib["name"]: [str(told.text) for told in case if told.tag in ("failure", "error")]
        for case in ET.parse(found).iter("testcase")
    }
    assert (done.returncode == 0) == (not any(verdicts.values())), (done.stdout + done.stderr)[-6000:]
    return verdicts
