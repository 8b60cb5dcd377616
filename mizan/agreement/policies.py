"""What policies demand of a stack's namespaces, and whom the stack charges them to."""

from collections.abc import Iterator

from mizan import keys
from mizan.agreement.documents import Documents, known_as, name, plan_of
from mizan.agreement.model import Comparison, Fact, Said, compared, contrasted, says
from mizan.manifests.manifest import Manifest
from mizan.plan import Plan
from mizan.rules import RULES


def of_policies(plan: Plan, documents: Documents) -> Iterator[Comparison]:
    """Yield each team's namespace beside every policy, then its labels beside the plan and beside its jobs."""
    namespaces = {body["metadata"]["name"]: body for body in documents.of_kind("Namespace")}
    for team in plan.teams:
        body = namespaces.get(team.namespace)
        if body is None:
            continue
        for rule in RULES:
            demanded, faults = rule.description, rule.verdict(body)
            sides = says(f"policy {rule.name}", demanded), says(name(body), "; ".join(faults) or demanded)
            yield from compared(team.namespace, Fact.POLICY, sides)
        planned = Said(document=plan_of(team.namespace), values={**team.labels, keys.STACK: plan.stack})
        if not any(rule.verdict(body) for rule in RULES):
            yield contrasted(team.namespace, Fact.BILL, _labels(body).only(planned.values), planned)
    yield from _of_jobs(documents)


def _of_jobs(documents: Documents) -> Iterator[Comparison]:
    """Yield who pays for a job beside who pays for its namespace."""
    namespaces = {name(body): body for body in documents.of_kind("Namespace")}
    for body in documents.of_kind("Job"):
        metadata = body["metadata"]
        namespace = namespaces.get(known_as("Namespace", metadata["namespace"]))
        if namespace is not None:
            sides = [_labels(each).only(keys.NAMESPACE_COST_LABELS) for each in (body, namespace)]
            yield contrasted(f"{metadata['namespace']}/{metadata['name']}", Fact.BILL, sides[0], sides[1])


def _labels(body: Manifest) -> Said:
    return Said(document=name(body), values=body["metadata"]["labels"])
