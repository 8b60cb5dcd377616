"""The one way to a client of a cluster: exactly the one that is named, whose failures are told as SourceUnreachable."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError

from mizan.budgets.web import is_on_this_machine
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
        fix: what to do where it does not come.
        within_seconds: how long each request waits for its answer.
    """

    needs: str
    because: str
    fix: str
    within_seconds: float = ANSWER_WITHIN_SECONDS


@dataclass(frozen=True, kw_only=True)
class Reached:
    """A cluster and the kubeconfig that leads to it.

    Attributes:
        path: of the kubeconfig; of one that is no file, what messages call it.
        is_embedded: it runs on this machine.
    """

    named: Cluster
    document: Mapping[str, Any]
    path: Path
    is_embedded: bool = False

    @property
    def where(self) -> str:
        """Return the cluster as messages call it.

        Raises:
            PlatformError: the kubeconfig has no such context, or that leads to another cluster.
        """
        return f"cluster {server_of(self.document, self.named)} of kubeconfig {self.path}"


def in_file(named: Cluster, *, is_embedded: bool) -> Reached:
    """Return a cluster of a kubeconfig in a file.

    Raises:
        PlatformError: the file cannot be read.
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
    """Give a client of exactly this cluster.

    Raises:
        PlatformError: the kubeconfig leads to another cluster.
        SourceUnreachable: nobody can log in to the cluster, or what is asked of the client here has failed.
    """
    named, path, where = reached.named, reached.path, reached.where
    try:
        with Client(
            KubeConfig.from_dict(logged_in(only(reached.document, named), path), fname=path),
            timeout=httpx2.Timeout(question.within_seconds),
            # No proxy of the environment stands between this machine and itself, as for kubectl.
            trust_env=not (reached.is_embedded or is_on_this_machine(server_of(reached.document, named))),
            proxy=proxy_of(reached.document, named),
        ) as client:
            yield client
    # What a kubeconfig and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, httpx2.HTTPError,
            httpx2.InvalidURL, ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            where,
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs=question.needs,
            because=question.because,
            fix=question.fix,
        ) from error
