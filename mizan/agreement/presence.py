"""Whether everything is there that is named or planned, and nothing else."""

from collections.abc import Iterator

from mizan.agreement.documents import Documents, plan_of
from mizan.agreement.model import Comparison, Fact, Statement, compared, says
from mizan.agreement.needs import Need, needed
from mizan.agreement.references import referred
from mizan.plan import Plan


def of_presence(plan: Plan, documents: Documents) -> Iterator[Comparison]:
    """Yield each document beside the first that takes it for granted, and beside the plan what nobody has planned."""
    found, planned = list(documents.names()), list(needed(plan))
    there = frozenset(found)
    for need in _first_of_each([*referred(documents), *planned]):
        sides = (
            Statement(document=need.by, value=need.document),
            says(need.document, need.document if need.document in there else None),
        )
        yield from compared(need.document, Fact.DOCUMENTS, sides)
    wanted = frozenset(need.document for need in planned)
    for document in found:
        if document not in wanted:
            sides = Statement(document=document, value=document), says(plan_of(plan.stack), None)
            yield from compared(document, Fact.DOCUMENTS, sides)


def _first_of_each(needs: list[Need]) -> list[Need]:
    """Return one need of each document: what else needs it follows from there."""
    return list({need.document: need for need in reversed(needs)}.values())[::-1]
