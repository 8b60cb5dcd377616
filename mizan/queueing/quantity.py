"""Kubernetes quantities as numbers."""

import re
from decimal import Decimal

# Source: https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/.
_QUANTITY = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:[eE]([+-]?\d+)|([KMGTPE]i|[numkMGTPE]?))")
_DECIMAL_SUFFIXES = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY_SUFFIXES = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}


def quantity(text: str | int) -> Decimal:
    """Return a Kubernetes quantity such as "4", "1500m" or "10Gi" as a number.

    Raises:
        ValueError: it is none; no API server gives such a one.
    """
    match = _QUANTITY.fullmatch(str(text))
    if match is None:
        message = f"{text!r} is no quantity"
        raise ValueError(message)
    number, exponent, suffix = Decimal(match[1]), match[2], match[3]
    if exponent is not None:
        return number.scaleb(int(exponent))
    if suffix in _BINARY_SUFFIXES:
        return number * (1 << _BINARY_SUFFIXES[suffix])
    return number.scaleb(_DECIMAL_SUFFIXES[suffix])
