"""Selectors of series, and the names that kube-state-metrics makes of Kubernetes' own."""

import json
import re
from dataclasses import dataclass

from mizan.metrics.names import CLUSTER
from mizan.metrics.series import Series

# Source: kube-state-metrics@v2.18.0 internal/store/utils.go, invalidLabelCharRE and matchAllCap.
_INVALID = re.compile(r"[^a-zA-Z0-9_]")
_CAPITAL = re.compile(r"([a-z0-9])([A-Z])")
_SNAKE = r"\1_\2"


@dataclass(frozen=True)
class Matcher:
    """What a label must be; an absent label is an empty one."""

    label: str
    operator: str
    value: str

    def __str__(self) -> str:
        """Return the matcher as a selector holds it."""
        return f"{self.label}{self.operator}{quoted(self.value)}"


def equals(label: str, value: str) -> Matcher:
    """Return a matcher of one value."""
    return Matcher(label, "=", value)


def differs(label: str, value: str) -> Matcher:
    """Return a matcher of every other value."""
    return Matcher(label, "!=", value)


def matches(label: str, pattern: str) -> Matcher:
    """Return a matcher of a regular expression, of the whole value."""
    return Matcher(label, "=~", pattern)


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where rules read series from and whose they are.

    Attributes:
        cluster: on every series that the rules write.
        label: that tells clusters apart where several clusters' series lie in one store, as in Thanos and Mimir; every
            selector has it then. None where there are those of one cluster only, which need not carry it.
    """

    cluster: str
    label: str | None = None

    def metric(self, name: str, *matchers: Matcher) -> str:
        """Return the selector of a series that an exporter gives."""
        own = () if self.label is None else (equals(self.label, self.cluster),)
        return selector(name, *own, *matchers)

    def own(self, series: Series, *matchers: Matcher) -> str:
        """Return the selector of a series that rules write."""
        own = () if self.label is None else (equals(CLUSTER, self.cluster),)
        return selector(series.name, *own, *matchers)


def selector(name: str, *matchers: Matcher) -> str:
    """Return a selector as PromQL writes it."""
    return f"{name}{{{','.join(str(each) for each in matchers)}}}" if matchers else name


def quoted(text: str) -> str:
    """Return a string as PromQL writes it, which escapes as JSON does.

    Source: https://prometheus.io/docs/prometheus/latest/querying/basics/, String literals, read 2026-11-22.
    """
    return json.dumps(text, ensure_ascii=False)


def label_of(key: str) -> str:
    """Return what kube-state-metrics calls a Kubernetes label: `label_mizan_dev_pool` of `mizan.dev/pool`."""
    return f"label_{_CAPITAL.sub(_SNAKE, _INVALID.sub('_', key)).lower()}"


def resource_of(name: str) -> str:
    """Return what kube-state-metrics calls a resource: `nvidia_com_mig_1g_5gb` of `nvidia.com/mig-1g.5gb`."""
    return _INVALID.sub("_", name)
