"""What a person brings to a cloud, simulated: credentials, and the command by which kubeconfigs log in."""

import base64
import json
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from local import files
from local.control_plane import pki
from local.home import Home
from mizan.clouds.aws import cluster as eks
from mizan.clouds.aws.site import site_of as site_on_eks
from mizan.clouds.gcp import cluster as gke
from mizan.clouds.gcp.site import site_of as site_on_gke
from mizan.config import Cloud
from mizan.plan import Plan

SIMULATED = "simulated-for-a-rehearsal"

_KEYS: Mapping[str, str] = MappingProxyType({"AWS_ACCESS_KEY_ID": SIMULATED, "AWS_SECRET_ACCESS_KEY": SIMULATED})
# As `gcloud auth application-default login` writes it.
_FILE: Mapping[str, str] = MappingProxyType(
    {
        "type": "authorized_user",
        **dict.fromkeys(("client_id", "client_secret", "refresh_token"), SIMULATED),
    }
)
# Empty hides what the caller has: nobody's own credentials come near.
_HIDDEN = (
    *("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON", "GOOGLE_OAUTH_ACCESS_TOKEN"),
    *("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "GCE_METADATA_HOST"),
    *("GOOGLE_PROJECT", "GOOGLE_CLOUD_PROJECT", "GCLOUD_PROJECT", "CLOUDSDK_CORE_PROJECT"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    *("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_REGION", "AWS_DEFAULT_REGION"),
    *("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"),
)

_SCRIPT = """\
#!/bin/sh
# Stands in for the cloud's own command in a rehearsal: knows one cluster, and logs in by a certificate.
if [ "$*" = {arguments} ]; then
  exec cat {credential}
fi
echo "{command}, simulated: asked for '$*'; needs '"{arguments}"' because it knows one cluster alone." >&2
exit 2
"""


@dataclass(frozen=True, kw_only=True)
class Login:
    """How the kubeconfig of a stack logs in.

    Attributes:
        command: the executable.
        arguments: what it is asked with.
        api_version: of its answer.
    """

    command: str
    arguments: tuple[str, ...]
    api_version: str


def login_of(plan: Plan) -> Login:
    """Return how the kubeconfig that the stack hands out logs in.

    Raises:
        PlatformError: the stack's name makes no cluster's.
    """
    if plan.cloud is Cloud.GKE:
        text = gke.kubeconfig(site_on_gke(plan), endpoint="", authority="")
    else:
        text = eks.kubeconfig(site_on_eks(plan), endpoint="", authority="")
    (user,) = json.loads(text)["users"]
    asked: dict[str, Any] = user["user"]["exec"]
    return Login(command=asked["command"], arguments=tuple(asked.get("args", ())), api_version=asked["apiVersion"])


def install(home: Home, login: Login) -> Path:
    """Put the command where the engine looks first, answering with the administrator's certificate of the home.

    The control plane must have been started: it makes the certificate.

    Raises:
        PlatformError: a file cannot be written.
    """
    credential = home.pki / "login.json"
    files.write(credential, json.dumps(_credential(home, login), indent=1) + "\n")
    stub = home.bin / login.command
    arguments = shlex.quote(" ".join(login.arguments))
    script = _SCRIPT.format(command=login.command, arguments=arguments, credential=shlex.quote(str(credential)))
    files.write(stub, script)
    stub.chmod(0o700)
    return stub


def _credential(home: Home, login: Login) -> dict[str, object]:
    """Return an ExecCredential.

    Source: https://kubernetes.io/docs/reference/config-api/client-authentication.v1beta1/, read 2026-11-23.
    """
    return {
        "apiVersion": login.api_version,
        "kind": "ExecCredential",
        "status": {
            "clientCertificateData": pki.certificate(home.pki, "admin").read_text(encoding="utf-8"),
            "clientKeyData": pki.private_key(home.pki, "admin").read_text(encoding="utf-8"),
        },
    }


def sign_in(cloud: Cloud, home: Home) -> None:
    """Put the file in place that `credentials` names, on a cloud whose clients read one.

    Raises:
        PlatformError: the file cannot be written.
    """
    if cloud is Cloud.GKE:
        files.write(_google_file(home), json.dumps(dict(_FILE), indent=1) + "\n")


def credentials(cloud: Cloud, home: Home) -> dict[str, str]:
    """Return variables that say somebody has signed in to `cloud`, and that hide whoever really has."""
    own = {"GOOGLE_APPLICATION_CREDENTIALS": str(_google_file(home))} if cloud is Cloud.GKE else _KEYS
    return {**without_credentials(home), **own}


def without_credentials(home: Home) -> dict[str, str]:
    """Return variables that hide whatever credentials the caller or this machine has."""
    nobody = str(home.root / "nobody")
    files_of_theirs = {
        "CLOUDSDK_CONFIG": nobody,
        "AWS_SHARED_CREDENTIALS_FILE": nobody,
        "AWS_CONFIG_FILE": nobody,
    }
    return {**dict.fromkeys(_HIDDEN, ""), **files_of_theirs, "AWS_EC2_METADATA_DISABLED": "true"}


def _google_file(home: Home) -> Path:
    return home.state / "google-credentials.json"


def authority(home: Home) -> str:
    """Return the certificate of whoever signed the API server's, as a cloud hands it out: base64 of PEM."""
    return base64.b64encode(pki.certificate(home.pki, "ca").read_bytes()).decode()
