"""A stack's cluster in a kubeconfig: whether the context really points at it, and how to log in there."""

import base64
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from mizan.config import Cluster
from mizan.errors import PlatformError, SourceUnreachable

# Longer than an answer of a cluster, as it may ask a person's identity provider first.
LOGIN_WITHIN_SECONDS = 60.0

# Tells a login command in which version to answer, and that nobody is there to type.
# Source: k8s.io/client-go@v0.36.3 plugin/pkg/client/auth/exec/exec.go, refreshCredsLocked.
EXEC_INFO = "KUBERNETES_EXEC_INFO"


def read_kubeconfig(wanted: Cluster) -> tuple[Path, Any]:
    """Return the path of a stack's kubeconfig and its document as YAML gives it.

    Raises:
        PlatformError: no such file, or no YAML.
    """
    path = Path(os.path.expanduser(wanted.kubeconfig))  # noqa: PTH111  # Path's raises where a user is unknown
    try:
        return path, YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    # ValueError is what is no UTF-8, or a value that YAML's own types refuse.
    except (OSError, ValueError, RecursionError, YAMLError) as error:
        raise PlatformError(
            f"kubeconfig {path}",
            str(error.strerror) if isinstance(error, OSError) else "not YAML",
            needs="a readable kubeconfig",
            because="the cluster is reached through it",
            fix="Write the path of your kubeconfig to mizan:cluster.kubeconfig",
        ) from error


def server_of(document: object, wanted: Cluster) -> str:
    """Return the API server's address of the wanted cluster.

    Args:
        document: the kubeconfig as YAML gives it.
        wanted: the context and the cluster's name that a stack expects.

    Raises:
        PlatformError: the document is no kubeconfig, has no such context, or the context points at another cluster.
    """
    where = f"kubeconfig {wanted.kubeconfig}"
    if not isinstance(document, Mapping):
        raise PlatformError(
            where,
            "not a kubeconfig",
            needs="clusters, contexts and users",
            because="the cluster is reached through it",
            fix="Write the path of a kubeconfig to mizan:cluster.kubeconfig",
        )
    contexts = _by_name(document, "contexts", "context")
    context = contexts.get(wanted.context)
    if context is None:
        raise PlatformError(
            where,
            f"no context {wanted.context}",
            needs="the context that the stack names",
            because="the current context is never assumed",
            fix=f"Write one of these to mizan:cluster.context: {', '.join(sorted(contexts)) or 'none in this file'}",
        )
    name = str(context.get("cluster") or "none")
    if name != wanted.name:
        raise PlatformError(
            f"{where}, context {wanted.context}",
            f"cluster {name}",
            needs=f"cluster {wanted.name}",
            because="this stack must not change another cluster",
            fix=f"Choose the context of {wanted.name}, or, if {name} is right, write it to mizan:cluster.name",
        )
    server = _cluster(document, wanted).get("server")
    if not server:
        raise PlatformError(
            f"{where}, cluster {name}",
            "no server",
            needs="the API server's address",
            because="there is nothing to connect to",
            fix="Write the kubeconfig again with your cloud's own command",
        )
    return str(server)


def proxy_of(document: object, wanted: Cluster) -> str | None:
    """Return the proxy through which alone the wanted cluster is reached, None where there is none."""
    found = _cluster(document, wanted).get("proxy-url") if isinstance(document, Mapping) else None
    return str(found) if found else None


def only(document: Mapping[str, Any], wanted: Cluster) -> dict[str, Any]:
    """Return a kubeconfig of nothing but the wanted context, now the current one, with its cluster and its user.

    What else a kubeconfig holds is anybody's; a client that reads all of it would trip over what it does not need.

    Args:
        document: the kubeconfig as YAML gives it, whose context `server_of` has found right.
        wanted: the context and the cluster's name that a stack expects.

    Raises:
        PlatformError: the context names a user that the kubeconfig does not hold.
    """
    context = _by_name(document, "contexts", "context")[wanted.context]
    users = _by_name(document, "users", "user")
    name = str(context.get("user") or "")
    if name and name not in users:
        raise PlatformError(
            f"kubeconfig {wanted.kubeconfig}, context {wanted.context}",
            f"no user {name}",
            needs="the user that the context names",
            because="the cluster asks who you are",
            fix="Write the kubeconfig again with your cloud's own command",
        )
    user = name or "nobody"
    return {
        "current-context": wanted.context,
        "contexts": [{"name": wanted.context, "context": {"cluster": wanted.name, "user": user}}],
        "clusters": [{"name": wanted.name, "cluster": dict(_cluster(document, wanted))}],
        "users": [{"name": user, "user": dict(users.get(name, {}))}],
    }


def logged_in(document: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Return a kubeconfig that `only` gave, with the answer of its user's login command in place of the command.

    The Python client would run it as well, but for ever if it hangs, and it knows neither version `v1` of such commands
    nor an answer that is a certificate.

    Args:
        document: of one user.
        path: where the kubeconfig lies; a command with a slash is looked for from there.

    Raises:
        SourceUnreachable: the command does not run, fails, takes too long, or answers with nothing to log in with.
    """
    (entry,) = document["users"]
    user = dict(entry["user"])
    command = user.pop("exec", None)
    if command is not None:
        user |= _credentials(command, path)
    return {**document, "users": [{**entry, "user": user}]}


def _credentials(command: Any, path: Path) -> dict[str, str]:  # noqa: ANN401  # whatever stands in the kubeconfig
    """Return what a login command answers, as a kubeconfig says it of a user."""
    try:
        status = json.loads(_answer(command, path))["status"]
        token, certificate, key = (status.get(name) for name in ("token", "clientCertificateData", "clientKeyData"))
        found = {"token": token} if token else {}
        if certificate and key:
            found |= {"client-certificate-data": _base64(certificate), "client-key-data": _base64(key)}
    except (OSError, subprocess.SubprocessError, ValueError, LookupError, TypeError, AttributeError) as error:
        raise _no_login(command, path, _told(error)) from error
    if not found:
        raise _no_login(command, path, "an answer without them")
    return found


def _answer(command: Mapping[str, Any], path: Path) -> str:
    """Return what a login command prints.

    Source: k8s.io/client-go@v0.36.3 plugin/pkg/client/auth/exec/exec.go, refreshCredsLocked; tools/clientcmd/loader.go,
    GetAuthInfoFileReferences.
    """
    program = command["command"]
    asked = {"apiVersion": command["apiVersion"], "kind": "ExecCredential", "spec": {"interactive": False}}
    variables = {item["name"]: item["value"] for item in command.get("env") or ()}
    done = subprocess.run(
        [path.absolute().parent / program if "/" in program else program, *(command.get("args") or ())],
        env={**os.environ, **variables, EXEC_INFO: json.dumps(asked)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=LOGIN_WITHIN_SECONDS,
        check=True,
    )
    return done.stdout


def _told(error: Exception) -> str:
    """Return on one line why a login command gave nothing."""
    match error:
        case subprocess.TimeoutExpired():
            told = f"no answer within {error.timeout:.0f} s"
        case subprocess.CalledProcessError():
            told = f"exit code {error.returncode}: {error.stderr or 'no reason given'}"
        case OSError():
            told = error.strerror or type(error).__name__
        case _:
            told = f"{type(error).__name__}: {error}"
    return " ".join(told.split())


def _no_login(command: Any, path: Path, observed: str) -> SourceUnreachable:  # noqa: ANN401
    program = command.get("command") if isinstance(command, Mapping) else None
    return SourceUnreachable(
        f"login command {program or 'without a name'} of kubeconfig {path}",
        observed,
        needs="a token, or a client certificate and its key",
        because="the cluster asks who you are",
        fix="Install the command, or log in with your cloud's own, and try again",
    )


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _cluster(document: Mapping[str, Any], wanted: Cluster) -> Mapping[str, Any]:
    return _by_name(document, "clusters", "cluster").get(wanted.name, {})


def _by_name(document: Mapping[str, Any], section: str, body: str) -> dict[str, Mapping[str, Any]]:
    items = document.get(section)
    named = [item for item in items if isinstance(item, Mapping) and "name" in item] if isinstance(items, list) else []
    return {str(item["name"]): item[body] if isinstance(item.get(body), Mapping) else {} for item in named}
