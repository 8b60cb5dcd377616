"""What a simulated cloud knows of one kind of resource, beyond what its SDK says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Names = Mapping[str, Any]
"""What a template may name: the resource's inputs, `id`, what was rendered before, and the cloud's own words."""

Template = Any
"""A text with `{names}`, a list or mapping of templates, a function of Names, or any other value as it is."""


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """A name that the provider makes up where the program gives none: the resource's own name and seven hex digits.

    Attributes:
        property: the input that holds it.
        longest: characters that the cloud allows.
        prefix: what every such name begins with.
        is_lower: whether capitals become small letters.
    """

    property: str = "name"
    longest: int
    prefix: str = ""
    is_lower: bool = False


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An input that names another resource.

    Attributes:
        path: where it stands, dotted.
        to: kinds that it may name, each with the output that it repeats: (type, dotted path).
        outside: tells of a value whether no stack makes what it names, such as a policy of the cloud itself.
        holds: whether the cloud refuses to delete what is named as long as it is named.
    """

    path: str
    to: tuple[tuple[str, str], ...]
    outside: Callable[[str, Names], bool] | None = None
    holds: bool = False

    @property
    def wanted(self) -> str:
        """Return what it may name, for the end of a sentence."""
        return " or ".join(dict.fromkeys(kind.rpartition(":")[2] for kind, _ in self.to)) or "thing of the cloud's own"


@dataclass(frozen=True, kw_only=True)
class Guard:
    """An input that keeps a resource from being deleted while it has a certain value.

    Attributes:
        property: the input.
        value: the value that keeps it.
        default: what the cloud takes where it is not given.
    """

    property: str
    value: str | bool
    default: str | bool


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of resource.

    Attributes:
        type: its name in Pulumi, `gcp:container/nodePool:NodePool`.
        source: the file of the Terraform provider below it that says which changes replace it.
        identity: the template of its id. One with `{seed}` is new for every resource.
        replaces: dotted inputs whose change needs a new resource.
        named: how it gets a name.
        settings: inputs that are taken from the provider where the program gives none.
        defaults: templates of inputs that the cloud gives where nobody does.
        outputs: the templates of what the cloud adds, in the order in which they may name each other. An input of the
            same name counts more.
        references: the inputs that name other resources.
        unique: inputs that no two resources may share, beside the id.
        guards: what keeps it from being deleted.
        is_deleted_first: whether a replacement comes only when the old one has gone, whatever its name.
        is_slow: whether creation is a long operation that can fail when the resource is already there.
        stays: whether the cloud keeps it for ever, whatever is deleted.
        taken: how the cloud says that there is one of the same id, where it does not say it as of others.
        is_put: whether making one that is there already writes it over instead.
        untold: inputs that cannot be read from the cloud, with what the provider takes them for where it has made
            none itself; None leaves them out.
    """

    type: str
    source: str
    identity: str
    replaces: frozenset[str]
    named: AutoName | None = None
    settings: tuple[str, ...] = ()
    defaults: Mapping[str, Template] = field(default_factory=dict)
    outputs: Mapping[str, Template] = field(default_factory=dict)
    references: tuple[Reference, ...] = ()
    unique: tuple[str, ...] = ()
    guards: tuple[Guard, ...] = ()
    is_deleted_first: bool = False
    is_slow: bool = False
    stays: bool = False
    taken: str | None = None
    is_put: bool = False
    untold: Mapping[str, Template] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """Return the last part of its type, `NodePool`."""
        return self.type.rpartition(":")[2]


def referred(path: str, output: str) -> Callable[[Names], Any]:
    """Return a template that takes an output of the resource that the input at `path` names; None if there is none."""

    def take(names: Names) -> Any:  # noqa: ANN401 - whatever the output holds
        found = names["referred"].get(path, [])
        return found[0].get(output) if found else None

    return take
