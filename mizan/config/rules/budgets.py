"""Rules about the enforcement of budgets."""

from collections.abc import Iterator

from mizan.budgets.model import Mode
from mizan.config.faults import ConfigFault
from mizan.config.models import Cloud, OptionalInstall
from mizan.config.part import Part
from mizan.config.rules.monitoring import prometheus_install


def budgets_are_enforced_where_costs_are_measured(stack: Part) -> Iterator[ConfigFault]:
    """Yield a fault for an enforcement that is asked for where nobody knows what is spent."""
    mode = stack["budgetEnforcement"]["mode"]
    is_asked_for = mode.text in set(Mode) - {Mode.NONE}
    # `make up` starts a Prometheus beside the embedded cluster.
    is_elsewhere = stack["cloud"].text in set(Cloud) - {Cloud.LOCAL}
    is_blind = is_elsewhere and prometheus_install(stack) is OptionalInstall.NONE
    if is_asked_for and is_blind:
        yield ConfigFault(
            mode.path,
            mode.text,
            needs="`addons.prometheus`",
            because="what a team has spent is told by Prometheus, and this stack has none",
            fix="Write `prometheus: {install: helm}`, or `mode: none`",
        )
