"""The cluster that a stack has made on GKE or EKS, among the contexts of whoever asks.

Each cloud's command writes a cluster under one name, by which it is told from every other: whatever the context is
called, and whichever is current, that name is looked for. A context may also lead there by the same address. It writes
context, cluster and user into one file, so that each file of KUBECONFIG is read by itself, and the first that fits is
taken.

Source: aws/aws-cli@07c4fe3 awscli/customizations/eks/update_kubeconfig.py, EKSClient.get_cluster_entry and
KubeconfigSelector; mizan/clouds/gcp/site.py, Site.identifier;
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/, read 2026-11-22.
"""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mizan.clouds.aws.site import site_of as aws_site_of
from mizan.clouds.gcp.site import site_of as google_site_of
from mizan.config import Cluster
from mizan.errors import PlatformError
from mizan.kubeconfig import read_kubeconfig
from mizan.plan import Plan

DEFAULT_FILE = Path("~/.kube/config")

# A cluster that bears such a name is no other than the one that it names.
_NAMES_A_CLUSTER = re.compile(r"gke_[^_]+_[^_]+_.+|arn:[^:]+:eks:[^:]+:[0-9]{12}:cluster/.+")


@dataclass(frozen=True, kw_only=True)
class MadeCluster:
    """A cluster that a stack makes, as whoever may enter it gets to know it.

    Attributes:
        name: by which its cloud's command writes it into a kubeconfig.
        command: what writes it there.
    """

    name: str
    command: str


@dataclass(frozen=True, kw_only=True)
class _Context:
    """A context of a kubeconfig.

    Attributes:
        file: where it stands.
        leads_there: its cluster has the address that the file has for the wanted one.
    """

    file: Path
    name: str
    cluster: str
    leads_there: bool


def made_cluster(plan: Plan) -> MadeCluster:
    """Return the cluster of a stack on GKE or EKS.

    Raises:
        PlatformError: the stack's name makes no name of a cluster.
        ValueError: the stack is on neither.
    """
    if plan.gke is not None:
        google = google_site_of(plan)
        where = f"--location {google.location} --project {google.project}"
        command = f"gcloud container clusters get-credentials {google.cluster} {where}"
        return MadeCluster(name=google.identifier, command=command)
    aws = aws_site_of(plan)
    command = f"aws eks update-kubeconfig --name {aws.cluster} --region {aws.region}"
    return MadeCluster(name=aws.cluster_arn, command=command)


def cluster_of(plan: Plan, context: str | None, environment: Mapping[str, str]) -> Cluster:
    """Return the cluster of a stack on GKE or EKS, by a context of whoever asks.

    Args:
        plan: of the stack.
        context: which of them; None looks for one of the cluster.
        environment: where KUBECONFIG names files; without it the file of the home folder is read.

    Raises:
        PlatformError: there is none of that cluster, or the one that is asked for is of another; a file is no YAML.
    """
    made, files = made_cluster(plan), _files(environment)
    contexts = [found for file in files for found in _contexts(file, made.name)]
    found = _fitting(contexts, made.name) if context is None else _named(contexts, context)
    if found is None:
        raise _missing(made, files, contexts, context)
    if _NAMES_A_CLUSTER.fullmatch(found.cluster) and found.cluster != made.name:
        raise PlatformError(
            f"--context: context {found.name} of kubeconfig {found.file}",
            f"cluster {found.cluster}",
            needs=f"cluster {made.name}",
            because=f"stack {plan.stack} must not change another cluster",
            fix=f"Leave `--context` out, or run `{made.command}`",
        )
    return Cluster(kubeconfig=str(found.file), context=found.name, name=found.cluster)


def _files(environment: Mapping[str, str]) -> list[Path]:
    """Return the kubeconfigs that there may be, in the order in which the first wins."""
    named = [Path(path) for path in environment.get("KUBECONFIG", "").split(os.pathsep) if path]
    return named or [DEFAULT_FILE.expanduser()]


def _contexts(file: Path, wanted: str) -> Iterator[_Context]:
    """Return the contexts of a kubeconfig; one that is not there has none, as for kubectl."""
    try:
        _, document = read_kubeconfig(Cluster(kubeconfig=str(file), context="any", name="any"))
    except PlatformError as error:
        if isinstance(error.__cause__, FileNotFoundError):
            return
        raise PlatformError(
            error.where,
            error.observed,
            needs=error.needs,
            because=error.because,
            fix="Repair that file, or let KUBECONFIG name another one",
        ) from error
    servers = {name: str(body.get("server") or "") for name, body in _bodies(document, "clusters", "cluster")}
    for name, body in _bodies(document, "contexts", "context"):
        cluster = str(body.get("cluster") or "none")
        leads_there = bool(servers.get(wanted)) and servers.get(cluster) == servers[wanted]
        yield _Context(file=file, name=name, cluster=cluster, leads_there=leads_there)


def _bodies(document: object, section: str, body: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    items = document.get(section) if isinstance(document, Mapping) else None
    for item in items if isinstance(items, list) else ():
        if isinstance(item, Mapping) and item.get("name") and isinstance(item.get(body), Mapping):
            yield str(item["name"]), item[body]


def _fitting(contexts: Sequence[_Context], wanted: str) -> _Context | None:
    """Return the first of the contexts that lead to a cluster most plainly."""
    ranked = [(rank, each) for each in contexts if (rank := _rank(each, wanted)) is not None]
    return min(ranked, key=lambda each: each[0])[1] if ranked else None


def _rank(context: _Context, wanted: str) -> int | None:
    """Return how plainly a context leads to a cluster: by its own name and the cluster's, by the latter, or otherwise.

    One whose cluster bears another's name does not: behind a tunnel of this machine several have one address.
    """
    if context.cluster == wanted:
        return 0 if context.name == wanted else 1
    if _NAMES_A_CLUSTER.fullmatch(context.cluster):
        return None
    return 2 if context.name == wanted or context.leads_there else None


def _named(contexts: Sequence[_Context], context: str) -> _Context | None:
    return next((each for each in contexts if each.name == context), None)


def _missing(
    made: MadeCluster, files: Sequence[Path], contexts: Sequence[_Context], asked: str | None
) -> PlatformError:
    sought = f"no context {asked}" if asked is not None else f"no context of cluster {made.name}"
    there = ", ".join(dict.fromkeys(each.name for each in contexts)) or "none"
    by_hand = "and leave `--context` out" if asked is not None else "or name one of these with `--context NAME`"
    return PlatformError(
        f"kubeconfig {', '.join(map(str, files))}",
        f"{sought}; there are: {there}",
        needs=f"one that leads to cluster {made.name}",
        because="the current context is never assumed",
        fix=f"Run `{made.command}`, {by_hand}",
    )
