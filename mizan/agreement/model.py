"""Two documents beside each other, and a fact that both state."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

NOTHING = "nothing"


class Fact(StrEnum):
    """What documents can state of an offer, a flavor, a namespace or a chart."""

    MACHINE = "machine"
    KIND = "kind of machine"
    CAPACITY_TYPE = "capacity type"
    REGION = "region"
    ZONES = "zones"
    GPUS = "GPUs of a node"
    LABELS = "node labels"
    TAINTS = "taints"
    TOLERATIONS = "tolerations"
    OWNER = "owner"
    INSTALLER = "who sets nodes up"
    SETUP = "set-up of nodes"
    SHARING = "sharing mode"
    RESOURCES = "resources"
    UNITS = "units of a GPU"
    DEVICES = "devices"
    MOST = "most nodes"
    LEAST = "fewest nodes"
    NODE_POOLS = "node pools"
    ORDER = "order"
    DOCUMENTS = "documents"
    CHARTS = "values of charts"
    NAMESPACES = "namespaces"
    POLICY = "policy"
    BILL = "labels of the bill"
    PRICE = "price"
    QUOTA = "quota"


# What a GPU is for pods follows from these.
BEFORE_PARTS = (Fact.KIND, Fact.NODE_POOLS, Fact.SHARING)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """What one document says, in words that are the same wherever it says the same."""

    document: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Said:
    """What one document says by key, as long as it is not put into words."""

    document: str
    values: Mapping[str, object]

    def only(self, wanted: Iterable[str]) -> "Said":
        """Return what it says of some keys."""
        return Said(document=self.document, values={key: self.values[key] for key in wanted if key in self.values})

    def but(self, unwanted: Collection[str]) -> "Said":
        """Return what it says of all other keys."""
        return self.only(key for key in self.values if key not in unwanted)


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Two statements of one fact.

    Attributes:
        of: the offer, flavor or namespace that both are about.
    """

    of: str
    fact: Fact
    first: Statement
    second: Statement
    agrees: bool


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that was compared."""

    comparisons: tuple[Comparison, ...]

    @property
    def disagreements(self) -> tuple[Comparison, ...]:
        """Return what is stated in two ways."""
        return tuple(each for each in self.comparisons if not each.agrees)

    @property
    def documents(self) -> tuple[str, ...]:
        """Return every document that was read, in the order of the comparisons."""
        return tuple(dict.fromkeys(side.document for each in self.comparisons for side in (each.first, each.second)))

    @property
    def facts(self) -> tuple[Fact, ...]:
        """Return every fact that was compared."""
        return tuple(fact for fact in Fact if any(each.fact is fact for each in self.comparisons))


def compared(of: str, fact: Fact, statements: Sequence[Statement]) -> Iterator[Comparison]:
    """Yield each statement beside the next, up to the first two that differ: the rest follows from those."""
    for first, second in pairwise(statements):
        agrees = first.value == second.value
        yield Comparison(of=of, fact=fact, first=first, second=second, agrees=agrees)
        if not agrees:
            return


def contrasted(of: str, fact: Fact, first: Said, second: Said) -> Comparison:
    """Return two documents beside each other key by key; where they differ, with those keys alone."""
    keys = dict.fromkeys((*first.values, *second.values))
    wrong = [key for key in keys if first.values.get(key) != second.values.get(key)]
    ours, theirs = (pairs(each.document, each.only(wrong or keys).values) for each in (first, second))
    return Comparison(of=of, fact=fact, first=ours, second=theirs, agrees=not wrong)


def pairs(document: str, found: Mapping[str, object]) -> Statement:
    """Return what a document says by key."""
    return words(document, (f"{key}={found[key]}" for key in found))


def words(document: str, found: Iterable[object]) -> Statement:
    """Return what a document says, in any order."""
    return Statement(document=document, value=", ".join(sorted(str(each) for each in found)) or NOTHING)


def says(document: str, value: object | None) -> Statement:
    """Return what a document says, `nothing` where it is silent."""
    return Statement(document=document, value=NOTHING if value is None else str(value))


def is_settled(comparisons: Iterable[Comparison], of: Iterable[str], facts: Iterable[Fact]) -> bool:
    """Return whether facts are undisputed, so that what follows from them can be compared."""
    about, which = set(of), set(facts)
    return all(each.agrees for each in comparisons if each.of in about and each.fact in which)
