"""Questions about a plan's recording rules, answered by promtool."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from mizan.metrics.groups import recording_groups, rules_file
from mizan.metrics.selector import Source
from mizan.plan import Plan
from tests.builders import a_plan, a_stack
from tests.metric_series import Series, offer_of
from tests.promtool import Judged, Question, judge, written

SOURCE = Source(cluster="c1")


class Rules:
    """Judges questions about a plan's rules over given series."""

    def __init__(self, promtool: Path, folder: Path) -> None:
        self._promtool = promtool
        self._folder = folder

    def hold(self, plan: Plan, inputs: Sequence[Series], *questions: Question, source: Source = SOURCE) -> None:
        rules = rules_file(recording_groups(plan, source), source)
        judge(self._promtool, self._folder, Judged(rules=rules, inputs=inputs, questions=questions))

    def give(self, inputs: Sequence[Series], *questions: Question, **file: object) -> None:
        """Judge expressions by themselves, or beside the rules of a file."""
        judge(self._promtool, self._folder, Judged(rules={"groups": []} | file, inputs=inputs, questions=questions))


def whole_gpus() -> Plan:
    """Nodes of 4 GPUs each, spot and on-demand."""
    return a_plan(a_stack(jobs=[]))


def usd(plan: Plan, offer: str = "ondemand-a100") -> float:
    return float(offer_of(plan, offer).price.usd_per_hour)


def at(step: int, expr: str, answers: Mapping[str, float] | float | None) -> Question:
    """What an expression must give: values by labels, one value without any, or nothing."""
    found = {} if answers is None else {"{}": answers} if isinstance(answers, int | float) else answers
    return Question(expr=expr, step=step, answers=found)


def by(**labels: str) -> str:
    return written("", labels)


PAID = "((sum(gpu_cost_hourly) or vector(0)) + (sum(gpu_unallocated_cost_hourly) or vector(0)))"
PRICE = "sum(mizan_node_gpu_price_usd_per_hour)"


def adds_up(step: int) -> Question:
    """Pods and what is left over make up the nodes' price."""
    return at(step, f"abs({PAID} - {PRICE}) < bool 1e-9 * {PRICE}", 1)
