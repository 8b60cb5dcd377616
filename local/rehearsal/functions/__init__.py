"""Every function of a cloud that a program may call, by its name in Pulumi; one that is missing here is refused."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from local.rehearsal.functions import aws, gcp
from local.rehearsal.functions.asked import Asked, NotFound
from local.rehearsal.values import Values

FUNCTIONS: Mapping[str, Callable[[Asked], Values]] = MappingProxyType({**gcp.FUNCTIONS, **aws.FUNCTIONS})


def answer(function: str, asked: Asked) -> Values:
    """Return what the cloud answers.

    Raises:
        NotFound: what was asked for is not there, or nobody has taught the simulated cloud an answer.
    """
    if function not in FUNCTIONS:
        msg = f"no answer to {function} is known; local/rehearsal/functions can be taught one"
        raise NotFound(msg)
    return FUNCTIONS[function](asked)


__all__ = ["FUNCTIONS", "Asked", "NotFound", "answer"]
