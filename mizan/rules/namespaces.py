"""Rules on namespaces."""

from collections.abc import Mapping
from typing import Any

from mizan import keys
from mizan.rules.rule import Rule


def _missing_cost_labels(manifest: Mapping[str, Any]) -> list[str]:
    if (manifest.get("apiVersion"), manifest.get("kind")) != ("v1", "Namespace"):
        return []
    metadata = _mapping(manifest.get("metadata"))
    name = metadata.get("name") or "(named by Pulumi)"
    if isinstance(name, str) and keys.is_system_namespace(name):
        return []
    labels = _mapping(metadata.get("labels"))
    missing = [key for key in keys.NAMESPACE_COST_LABELS if not labels.get(key)]
    return [f"namespace {name}: no label {', '.join(missing)}"] if missing else []


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


NAMESPACES_CARRY_COST_LABELS = Rule(
    name="namespaces-carry-cost-labels",
    description="Every namespace says who pays, which team it is and what for.",
    severity="high",
    fix=f"Add the labels {', '.join(keys.NAMESPACE_COST_LABELS)}; a team of the stack file gets them by itself.",
    verdict=_missing_cost_labels,
)
