"""What the nodes of an offer are, whoever is told to make them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from mizan.agreement.model import Fact, Said, Statement


@dataclass(frozen=True, kw_only=True)
class Resources:
    """What a document says that each GPU of a node is in Kubernetes' resources."""

    document: str
    per_gpu: Mapping[str, Fraction]


@dataclass(frozen=True, kw_only=True)
class Nodes:
    """The nodes of an offer.

    Attributes:
        document: that makes them.
        places: region or zones that they lie in; empty where it does not say.
        taints: each as `key=value:effect`.
        most: nodes; None where the limit counts something else.
        said: what else the plan says in the same words (mizan/agreement/planned.py).
        least: nodes that it keeps itself; None where it keeps none, whatever is asked for.
        weight: by which one is tried before another; None on GKE.
        resources: what it says of each GPU; empty where that is left to the operator.
        sharing: how GKE shares each GPU; None where that is left to the operator.
        overlay: that stands in place of what the machine has, by its name, and the node pools that it is for.
    """

    document: str
    machine: str
    capacity_type: str
    places: tuple[str, ...]
    labels: Mapping[str, str]
    taints: frozenset[str]
    most: Fraction | None
    said: Mapping[Fact, Said]
    least: int | None = None
    weight: int | None = None
    resources: tuple[Resources, ...] = field(default=())
    sharing: Statement | None = None
    overlay: Statement | None = None


def taint(of: Mapping[str, str], effects: Mapping[str, str] | None = None) -> str:
    """Return a taint, or the toleration of exactly one, in words."""
    return f"{of['key']}={of['value']}:{effects[of['effect']] if effects else of['effect']}"
