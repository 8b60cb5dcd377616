"""All comparisons of a stack."""

from mizan.agreement.devices import of_templates
from mizan.agreement.documents import Documents
from mizan.agreement.flavors import of_flavors
from mizan.agreement.model import Report
from mizan.agreement.offers import of_offers, sides_of
from mizan.agreement.teams import of_teams
from mizan.plan import Plan


def report_of(plan: Plan, documents: Documents) -> Report:
    """Return what the documents of a stack say of each other.

    The plan says which of them belong together and what the stack asks for; every value is read from a document.
    """
    sides = sides_of(plan, documents)
    offers = list(of_offers(sides, documents))
    flavors = of_flavors(plan, sides, offers, documents)
    return Report(comparisons=(*offers, *flavors, *of_templates(documents), *of_teams(documents)))
