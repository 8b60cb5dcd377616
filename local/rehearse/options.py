"""What a person asks of a rehearsal beside its stack. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from local.rehearsal.faults import Fault, parse
from local.rehearse.machines import OutOfStock
from mizan.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Options:
    """What happens on the way, and what is left at the end.

    Attributes:
        faults: what the simulated clouds are told to refuse, as it was written.
        out_of_stock: machines that they do not have.
        is_kept: whether the cluster and the folder stay.
    """

    faults: tuple[str, ...] = ()
    out_of_stock: frozenset[OutOfStock] = frozenset()
    is_kept: bool = False

    @property
    def faults_of_up(self) -> tuple[str, ...]:
        """Return the faults that strike while the stack comes."""
        return tuple(text for text in self.faults if not _strikes_at_the_end(parse(text)))

    @property
    def faults_of_destroy(self) -> tuple[str, ...]:
        """Return the faults that strike while the stack goes."""
        return tuple(text for text in self.faults if _strikes_at_the_end(parse(text)))


def options_of(plan: Plan, faults: Iterable[str], out_of_stock: Iterable[str], *, is_kept: bool) -> Options:
    """Return the options, checked before anything is started.

    Raises:
        PlatformError: a fault or a machine has another form, or the stack has no such machine.
    """
    texts = tuple(faults)
    for text in texts:
        parse(text)
    return Options(
        faults=texts,
        out_of_stock=frozenset(OutOfStock.parse(text, plan) for text in out_of_stock),
        is_kept=is_kept,
    )


def ends_an_update(text: str) -> bool:
    """Return whether an update fails by a fault; else it only takes longer."""
    return bool(parse(text).code)


def _strikes_at_the_end(fault: Fault) -> bool:
    return fault.operation == "delete"
