"""A cluster that the program asks by itself: Pulumi knows what it has made, not what people have put there."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError

from mizan.config import Cluster
from mizan.errors import SourceUnreachable
from mizan.kubeconfig import logged_in, only, proxy_of, read_kubeconfig, server_of

ANSWER_WITHIN_SECONDS = 15.0


@dataclass(frozen=True, kw_only=True)
class Question:
    """What a cluster is asked, as a failure tells it.

    Attributes:
        needs: the answer.
        because: why nothing goes on without it.
        fix: what to do, after starting the cluster or correcting its kubeconfig.
    """

    needs: str
    because: str
    fix: str


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A cluster and the kubeconfig that leads to it.

    Attributes:
        path: of the kubeconfig; of one that is no file, what messages call it.
        is_embedded: no proxy stands between this machine and itself.
    """

    named: Cluster
    document: Mapping[str, Any]
    path: Path
    is_embedded: bool = False


def in_file(named: Cluster, *, is_embedded: bool) -> Reached:
    """Return a cluster of a kubeconfig in a file.

    Raises:
        PlatformError: the file cannot be read, or names another cluster.
    """
    path, document = read_kubeconfig(named)
    return Reached(named=named, document=document, path=path, is_embedded=is_embedded)


def in_text(kubeconfig: str) -> Reached:
    """Return the cluster of a kubeconfig's text, as the stack makes it."""
    document = json.loads(kubeconfig)
    context = document["current-context"]
    named = Cluster(kubeconfig=f"of cluster {context}", context=context, name=context)
    return Reached(named=named, document=document, path=Path(named.kubeconfig))


@contextmanager
def asking(reached: Reached, question: Question) -> Iterator[Client]:
    """Give a client of exactly this cluster, whose failures are told as SourceUnreachable."""
    named, path = reached.named, reached.path
    server = server_of(reached.document, named)
    try:
        with Client(
            KubeConfig.from_dict(logged_in(only(reached.document, named), path), fname=path),
            timeout=httpx2.Timeout(ANSWER_WITHIN_SECONDS),
            trust_env=not reached.is_embedded,
            proxy=proxy_of(reached.document, named),
        ) as client:
            yield client
    # What a kubeconfig and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, httpx2.HTTPError,
            httpx2.InvalidURL, ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            f"cluster {server} of kubeconfig {path}",
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs=question.needs,
            because=question.because,
            fix=f"Start the cluster or the network to it, or correct the kubeconfig or {question.fix}",
        ) from error
