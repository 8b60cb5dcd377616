"""All comparisons of a stack."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mizan.agreement.charts import of_charts, of_shared_gpus
from mizan.agreement.devices import of_templates
from mizan.agreement.documents import Documents
from mizan.agreement.flavors import of_flavors
from mizan.agreement.model import Comparison, Report
from mizan.agreement.offers import of_offers
from mizan.agreement.policies import of_policies
from mizan.agreement.presence import of_presence
from mizan.agreement.sides import sides_of
from mizan.agreement.teams import of_teams
from mizan.plan import Plan


def report_of(plan: Plan, documents: Documents) -> Report:
    """Return what the documents of a stack say of each other, and of what the plan has.

    The plan says which of them belong together and what the stack asks for; every other value is read from a document.
    """
    # As they are now, with nothing of them remembered.
    documents = replace(documents)
    present = list(of_presence(plan, documents))
    absent = frozenset(each.second.document for each in present if not each.agrees)
    sides = sides_of(plan, documents)
    offers = list(of_offers(plan, sides, documents))
    others = (
        *offers,
        *of_flavors(plan, sides, offers, documents),
        *of_charts(plan, documents),
        *of_shared_gpus(plan, sides, offers, documents),
        *of_templates(documents),
        *of_teams(documents, absent),
        *of_policies(plan, documents),
    )
    return Report(comparisons=(*present, *_beside_what_is_there(others, absent)))


def _beside_what_is_there(comparisons: Iterable[Comparison], absent: frozenset[str]) -> Iterator[Comparison]:
    """Yield all but what follows from a document that is not there, which is told by itself."""
    for each in comparisons:
        if each.agrees or not {each.first.document, each.second.document} & absent:
            yield each
