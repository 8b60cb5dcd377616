"""The program's own question to a cluster: Pulumi knows what it has made, not what people run there."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from lightkube import Client, KubeConfig
from lightkube.core.exceptions import ConfigError

from mizan.config import Cluster
from mizan.errors import SourceUnreachable
from mizan.kubeconfig import logged_in, only, proxy_of, server_of

ANSWER_WITHIN_SECONDS = 15.0


@contextmanager
def asked(
    named: Cluster, document: Mapping[str, Any], path: Path, *, needs: str, because: str, is_embedded: bool = False
) -> Iterator[Client]:
    """Give a client of exactly one cluster, whose failures are told as SourceUnreachable.

    Args:
        named: the cluster in its kubeconfig.
        document: the kubeconfig as YAML gives it.
        path: of the kubeconfig.
        needs: what the cluster is to answer.
        because: why the program asks.
        is_embedded: whether the cluster runs on this machine.
    """
    server = server_of(document, named)
    try:
        with Client(
            KubeConfig.from_dict(logged_in(only(document, named), path), fname=path),
            timeout=httpx2.Timeout(ANSWER_WITHIN_SECONDS),
            # No proxy of the environment stands between this machine and itself.
            trust_env=not is_embedded,
            proxy=proxy_of(document, named),
        ) as client:
            yield client
    # What a kubeconfig and a server may do wrong. ImportError: a SOCKS proxy needs a package.
    except (OSError, ValueError, LookupError, TypeError, AttributeError, ImportError, httpx2.HTTPError,
            httpx2.InvalidURL, ConfigError) as error:  # fmt: skip
        raise SourceUnreachable(
            f"cluster {server} of kubeconfig {path}",
            " ".join(f"{type(error).__name__}: {error}".split()),
            needs=needs,
            because=because,
            fix="Start the cluster or the network to it, or correct the kubeconfig or your rights to list them",
        ) from error
