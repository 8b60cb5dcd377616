"""Rules judged by promtool: series go in, expressions are asked at moments."""

import json
import math
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STEP = 30
"""Seconds between two samples, and between two evaluations."""

Labels = Mapping[str, str]


def written(name: str, labels: Labels) -> str:
    """A series as a test file writes it, whatever stands in its labels."""
    return f"{name}{{{','.join(f'{key}={json.dumps(value)}' for key, value in labels.items())}}}"


def series(name: str, values: str, **labels: str) -> dict[str, str]:
    return {"series": written(name, labels), "values": values}


def present(first: int, last: int, value: float = 1) -> str:
    """Values of a series that is there from one step to another, and then told to be gone, as a scrape tells it."""
    before = f"_x{first} " if first else ""
    return f"{before}{value}x{last - first} stale"


@dataclass(frozen=True, kw_only=True)
class Question:
    """What an expression must give at a step, to a billionth: each result's value by its labels, without a name."""

    expr: str
    step: int
    answers: Mapping[str, float]

    def document(self) -> dict[str, Any]:
        samples = [{"labels": labels, "value": _rounded(value)} for labels, value in self.answers.items()]
        return {"expr": f"round({self.expr}, 1e-9)", "eval_time": f"{self.step * STEP}s", "exp_samples": samples}


def _rounded(value: float) -> float:
    """A number as PromQL's `round` leaves it: counters add up what floating point leaves of a third of a cent."""
    inverse = 1 / 1e-9
    return math.floor(value * inverse + 0.5) / inverse


@dataclass(frozen=True, kw_only=True)
class Judged:
    rules: Mapping[str, Any]
    inputs: Sequence[Mapping[str, str]]
    questions: Sequence[Question]


def judge(promtool: Path, folder: Path, judged: Judged) -> None:
    """Fail with what promtool says unless every answer is as asked."""
    (folder / "rules.yaml").write_text(json.dumps(judged.rules), encoding="utf-8")
    test = {
        "rule_files": ["rules.yaml"],
        "evaluation_interval": f"{STEP}s",
        "fuzzy_compare": True,
        "tests": [
            {
                "interval": f"{STEP}s",
                "input_series": [*judged.inputs],
                "promql_expr_test": [question.document() for question in judged.questions],
            }
        ],
    }
    file = folder / "test.yaml"
    file.write_text(json.dumps(test), encoding="utf-8")
    done = subprocess.run(
        [str(promtool), "test", "rules", str(file)], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]
