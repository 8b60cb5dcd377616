"""What Prometheus is told in cases of alerts, and what is asked then."""

from tests.alert_cases import Case
from tests.builders import a_plan, a_stack, a_team
from tests.promtool import series


def budgeted():
    """A stack of 10,000 USD with a team of 1,000 a month."""
    return a_plan(a_stack(jobs=[], budget={"usdPerMonth": 10_000}, teams=[a_team(budget={"usdPerMonth": 1_000})]))


PLAN = budgeted()
BOUGHT = {"pool": "a100", "offer": "spot-a100", "capacity_type": "spot", "gpu_model": "a100-40gb"}


def growing(usd_per_hour, minutes=200):
    """A counter of dollars, of which a sample is a minute."""
    return f"0+{usd_per_hour / 60:.6f}x{minutes}"


def fires(says, alert, inputs, minute, *found, labels=None):
    names = tuple(found[0]) if labels is None and found else tuple(labels or ())
    return Case(says=says, alert=alert, inputs=inputs, minute=minute, fires=found, labels=names)


def silent(says, alert, inputs, minute):
    return Case(says=says, alert=alert, inputs=inputs, minute=minute, fires=())


def price(node, usd=10, values="x200", **labels):
    told = BOUGHT | labels
    return [
        series("mizan_node_gpu_price_usd_per_hour", f"{usd / 2}{values}", node=node, part=part, cluster="c1", **told)
        for part in ("gpu", "host")
    ]


def evaluated(values="1x200"):
    return series("mizan_cost_evaluated_timestamp_seconds", values, cluster="c1")
