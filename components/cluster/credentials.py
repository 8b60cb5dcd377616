"""Whether anybody has signed in to Google, asked before anything is made there."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

from components.cluster.login_command import require_command
from mizan.clouds.gcp.cluster import LOGIN_COMMAND
from mizan.errors import PlatformError

# Read by the provider before anything else, and by nothing else: the login command knows none of them.
# The first three hold a key or the path of one.
# Source: hashicorp/terraform-provider-google-beta@93c65b2 website/docs/guides/provider_reference.html.markdown.
GOOGLE_KEYS = ("GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON")
GOOGLE_TOKEN = "GOOGLE_OAUTH_ACCESS_TOKEN"  # noqa: S105  # the name of a variable

# Where application-default credentials are looked for first, by the provider and the login command.
# Source: golang/oauth2@07e4849 google/default.go, FindDefaultCredentialsWithParams.
GOOGLE_FILE = "GOOGLE_APPLICATION_CREDENTIALS"

# Where `gcloud auth application-default login` writes, unless gcloud's own folder lies elsewhere.
# Source: https://cloud.google.com/docs/authentication/application-default-credentials, read 2026-11-23.
GCLOUD_FOLDER = "CLOUDSDK_CONFIG"
DEFAULT_FILE = "application_default_credentials.json"

# A machine of Google's has a metadata server that signs its programs in; the firmware says whose machine it is.
# Source: googleapis/google-auth-library-python google/auth/compute_engine/_metadata.py, detect_gce_residency_linux.
FIRMWARE = Path("/sys/class/dmi/id/product_name")
GOOGLE_FIRMWARE = "Google"
METADATA_HOST = "GCE_METADATA_HOST"

GOOGLE_FIX = (
    "Run `gcloud auth application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name the file of a service "
    "account or of workload identity federation"
)

# Source: https://cloud.google.com/kubernetes-engine/docs/how-to/cluster-access-for-kubectl, read 2026-11-23.
COMMAND_FIX = (
    f"Run `gcloud components install {LOGIN_COMMAND}`, or `apt-get install google-cloud-cli-{LOGIN_COMMAND}` where "
    "gcloud came by apt"
)
GUIDE = "docs/guide/gke.md"


def google_credentials(environment: Mapping[str, str] = os.environ, firmware: Path = FIRMWARE) -> str | None:
    """Return where application-default credentials lie; None on a machine of Google's, which only its server knows.

    By them the provider signs in, and the command by which Kubernetes does; that is there too. They are found, not
    tried: whether they are still good, and for what, Google says.

    Args:
        environment: variables of this program, which the provider has as well.
        firmware: file in which Linux says what machine it runs on.

    Raises:
        PlatformError: there are none, or none that the command reads; a variable names a file that holds none; or
            there is no such command.
    """
    found = _default(environment, firmware, instead=_of_provider_alone(environment))
    require_command(
        LOGIN_COMMAND,
        environment,
        needs="Google's login command for clusters",
        because="a cluster on GKE is entered with a token that it gets; no kubeconfig holds one",
        fix=COMMAND_FIX,
        see=GUIDE,
    )
    return found


def _of_provider_alone(environment: Mapping[str, str]) -> str | None:
    """Return the variable by which the provider signs in, and it alone; None where it takes the default."""
    for variable in GOOGLE_KEYS:
        value = environment.get(variable)
        if value:
            # A key is a JSON object; anything else is the path of one.
            if not value.lstrip().startswith("{"):
                _file(Path(value), variable)
            return variable
    return GOOGLE_TOKEN if environment.get(GOOGLE_TOKEN) else None


def _default(environment: Mapping[str, str], firmware: Path, *, instead: str | None) -> str | None:
    """Return where application-default credentials lie, None on a machine of Google's."""
    if environment.get(GOOGLE_FILE):
        return _file(Path(environment[GOOGLE_FILE]), GOOGLE_FILE)
    folder = environment.get(GCLOUD_FOLDER) or f"{environment.get('HOME', '')}/.config/gcloud"
    default = Path(folder) / DEFAULT_FILE
    if default.exists():
        return _file(default, "gcloud")
    if environment.get(METADATA_HOST) or _is_google_s(firmware):
        return None
    if instead is not None:
        raise PlatformError(
            "credentials for Google Cloud",
            f"{instead} alone",
            needs="application-default credentials",
            because=f"{LOGIN_COMMAND} reads nothing else, and without it nothing comes into the cluster",
            fix=GOOGLE_FIX,
            see=GUIDE,
        )
    raise PlatformError(
        "credentials for Google Cloud",
        "none",
        needs="those of somebody who may make clusters in the project",
        because="nothing can be planned or made there without them",
        fix=GOOGLE_FIX,
        see=GUIDE,
    )


def _file(path: Path, named_by: str) -> str:
    """Return where credentials lie, once the file there holds some."""
    try:
        document = json.loads(path.expanduser().read_text(encoding="utf-8"))
        observed = "no credentials" if not isinstance(document, dict) or "type" not in document else None
    # ValueError is what is neither text nor JSON, or a name that no file can have.
    except (OSError, ValueError, RuntimeError) as error:
        observed = str(error.strerror) if isinstance(error, OSError) else "not JSON"
    if observed is not None:
        raise PlatformError(
            f"credentials for Google Cloud, {path} of {named_by}",
            observed,
            needs="a file that Google has written",
            because="the provider reads it before it makes anything",
            fix=GOOGLE_FIX,
        )
    return str(path)


def _is_google_s(firmware: Path) -> bool:
    try:
        return firmware.read_text(encoding="utf-8").startswith(GOOGLE_FIRMWARE)
    except (OSError, ValueError):
        return False
