"""The shape of a rule."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Severity = Literal["low", "medium", "high", "critical"]
Verdict = Callable[[Mapping[str, Any]], list[str]]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One claim about manifests, with how to mend what breaks it.

    `verdict` returns what is wrong with a manifest, one text per fault; an empty list for manifests it does not
    concern and for good ones.
    """

    name: str
    description: str
    severity: Severity
    fix: str
    verdict: Verdict
