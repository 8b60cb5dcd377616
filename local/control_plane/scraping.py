"""What Prometheus is told to do: whom to ask, how often, which rules to follow. Pure."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlsplit

from local.gpu_metrics.fleet import Fleet

Manifest = dict[str, Any]

API_SERVER, KUEUE = "kube-apiserver", "kueue"

# What is asked of the API server: enough to see that it serves, and how much. The rest is 15,000 series of histograms,
# several times all others together.
_OF_API_SERVER = "apiserver_request_total|apiserver_storage_objects|kubernetes_build_info|process_.+|go_goroutines"


@dataclass(frozen=True, kw_only=True)
class Target:
    """Somebody who is asked for series.

    Attributes:
        job: what it is, the label `job` of its series.
        url: where it answers, scheme, address and path.
        instance: which one of its job it is, the label `instance`; the job's own name where it is the only one. Not its
            address: a port that moves would make its series start anew beside the old ones, and sums count both.
        token_file: the file with the token that it wants, or None.
        authority_file: who signed its certificate; with None and HTTPS the certificate is not looked at.
        kept: a regular expression of the names of series to keep; None keeps all.
        honor_labels: whether a label that it tells wins over the one that it is asked by. Else Prometheus renames it,
            and the pod that an exporter tells of would be `exported_pod`.
        relabelings: how its series are labelled anew, as the `metricRelabelings` of a ServiceMonitor.
    """

    job: str
    url: str
    instance: str | None = None
    token_file: str | None = None
    authority_file: str | None = None
    kept: str | None = None
    honor_labels: bool = False
    relabelings: Sequence[Manifest] = ()


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """What is measured on a cluster.

    Attributes:
        rules: by name, documents of rules as Prometheus reads them: {"groups": [...]}.
        fleet: what simulated nodes have and cost, as simulated exporters tell it; of a node that is not in it they tell
            the whole GPUs that it offers, and no price.
        targets: who is asked beside the control plane's own processes.
        scrape_seconds: how often everybody is asked.
        kept_days: for how long series are kept.
        kept_size: how much disk they take at most, as Prometheus writes it; whichever limit is reached first.
    """

    rules: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    fleet: Fleet = field(default_factory=Fleet)
    targets: Sequence[Target] = ()
    scrape_seconds: int = 15
    kept_days: int = 15
    kept_size: str = "2GB"


def configuration(targets: Iterable[Target], *, rules: str, scrape_seconds: int) -> Manifest:
    """Return Prometheus' configuration.

    Args:
        targets: everybody who is asked; those of one job ask for the same token and certificate.
        rules: a pattern of the files with rules.
        scrape_seconds: how often; a group of rules without an interval of its own is evaluated as often.

    Raises:
        ValueError: two targets could not be told apart, or would be asked in different ways.
    """
    jobs: dict[str, list[Target]] = defaultdict(list)
    for target in targets:
        jobs[target.job].append(target)
    return {
        "global": {
            "scrape_interval": f"{scrape_seconds}s",
            "scrape_timeout": f"{min(scrape_seconds, 10)}s",
            "evaluation_interval": f"{scrape_seconds}s",
        },
        "rule_files": [rules],
        "scrape_configs": [_job(name, members) for name, members in jobs.items()],
    }


def own_targets(addresses: Mapping[str, str], *, token_file: str, authority_file: str) -> list[Target]:
    """Return the control plane's own processes that tell of themselves or of the cluster.

    Args:
        addresses: by job, host and port; KUEUE and API_SERVER are those that want to see who asks.
        token_file: the file with Prometheus' own token, which the API server and Kueue want to see.
        authority_file: who signed the API server's certificate. Kueue's metrics have one that Kueue made itself.
    """
    found = []
    for job, address in addresses.items():
        target = Target(job=job, url=f"http://{address}/metrics")
        if job in (API_SERVER, KUEUE):
            target = replace(target, url=f"https://{address}/metrics", token_file=token_file)
        if job == API_SERVER:
            target = replace(target, authority_file=authority_file, kept=_OF_API_SERVER)
        found.append(target)
    return found


def _job(name: str, members: Sequence[Target]) -> Manifest:
    first = members[0]
    if any(_way(member) != _way(first) for member in members):
        message = f"the targets of job {name} are asked in different ways"
        raise ValueError(message)
    instances = [_instance(member) for member in members]
    if len(set(instances)) < len(instances):
        message = f"two targets of job {name} are the same instance"
        raise ValueError(message)
    job: Manifest = {
        "job_name": name,
        # Rules add up what different exporters say of one moment, so the moment is that of the scrape: what an exporter
        # says of a minute ago is what is known now.
        "honor_timestamps": False,
        **({"honor_labels": True} if first.honor_labels else {}),
        "static_configs": [_static(member) for member in members],
    }
    if first.token_file:
        job["authorization"] = {"credentials_file": first.token_file}
    if any(member.url.startswith("https:") for member in members):
        job["tls_config"] = (
            {"ca_file": first.authority_file} if first.authority_file else {"insecure_skip_verify": True}
        )
    kept = [{"source_labels": ["__name__"], "regex": first.kept, "action": "keep"}] if first.kept else []
    if relabelled := [*kept, *(_relabelling(rule) for rule in first.relabelings)]:
        job["metric_relabel_configs"] = relabelled
    return job


def _way(target: Target) -> tuple[object, ...]:
    """Return how a target is asked, which all of one job have in common."""
    asked = (target.token_file, target.authority_file, target.kept, target.honor_labels)
    return (*asked, tuple(target.relabelings))


def _relabelling(rule: Manifest) -> Manifest:
    """Return a rule as Prometheus' own file has it: `source_labels`, not `sourceLabels`.

    Source: github.com/prometheus-operator/prometheus-operator@v0.85.0 pkg/apis/monitoring/v1/types.go, RelabelConfig.
    """
    return {re.sub("[A-Z]", lambda found: f"_{found[0].lower()}", name): value for name, value in rule.items()}


def _instance(target: Target) -> str:
    return target.instance or target.job


def _static(target: Target) -> Manifest:
    """Return one target with its own scheme and path, which a job has but one of.

    Source: https://prometheus.io/docs/prometheus/3.5/configuration/configuration/#relabel_config (2026-11-23).
    """
    address = urlsplit(target.url)
    if address.scheme not in ("http", "https") or not address.netloc or address.query:
        message = f"{target.url} is no address such as http://127.0.0.1:9400/metrics"
        raise ValueError(message)
    labels = {"__scheme__": address.scheme, "__metrics_path__": address.path or "/", "instance": _instance(target)}
    return {"targets": [address.netloc], "labels": labels}
