"""What nodes cost less than on-demand ones of the same machine, which their pool has now."""

from collections.abc import Iterator

from mizan.metrics import names
from mizan.metrics.prices import priced_offers
from mizan.metrics.rule import RecordingRule
from mizan.metrics.selector import Source, equals
from mizan.plan import Plan


def saving_rules(plan: Plan, source: Source) -> Iterator[RecordingRule]:
    """Yield a rule for each offer that is not on-demand; none where no list has the on-demand price."""
    for each in priced_offers(plan):
        if each.saving_usd_per_hour is None:
            continue
        of_one = (
            equals(names.PART, names.GPU),
            equals("offer", each.offer.name),
            equals("machine", each.own.machine.name),
        )
        nodes = source.own(names.NODE_PRICE, *of_one)
        yield RecordingRule(
            series=names.SAVING, expr=f"{each.saving_usd_per_hour:f} * count({nodes})", labels=each.labels
        )
