"""What of a text that Pulumi keeps, a state above all, is a secret that anybody can read."""

import base64
import binascii
import json
import re
from collections.abc import Iterator

# How Pulumi writes a value that it has encrypted.
# Source: pulumi/pulumi@v3.259.0 sdk/go/common/resource/sig/sig.go.
SIGNATURE, SECRET = "4dabf18193072939515e22adb298388d", "1b47061264138c4ac30d75fd1eb44270"

# Names of what lets somebody in, without case and separators: of kubeconfigs, of GKE's `masterAuth`, of the cloud's
# providers and of AWS's and Google's credentials.
NAMES = frozenset(
    {
        *("token", "clientkey", "clientkeydata", "idtoken", "accesstoken", "refreshtoken", "bearertoken"),
        *("password", "privatekey", "secretkey", "secretaccesskey", "sessiontoken", "clientsecret", "credentials"),
    }
)
# Of a kubeconfig in YAML, and of a key.
MARKS = re.compile(r"PRIVATE KEY|client-key-data|^\s*-?\s*token:\s*\S", re.MULTILINE)
_BASE64 = re.compile(r"[A-Za-z0-9+/]{40,}={0,2}")


def in_clear(value: object, path: str = "") -> Iterator[str]:
    """Yield where a secret stands in plain values; text that is JSON or base64 is read too, what is encrypted not."""
    if isinstance(value, dict):
        if value.get(SIGNATURE) == SECRET:
            return
        for name, child in value.items():
            yield from _named(name, child, f"{path}/{name}")
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield from in_clear(child, f"{path}/{number}")
    elif isinstance(value, str):
        yield from _in_text(value, path)


def _named(name: str, child: object, path: str) -> Iterator[str]:
    is_secret = re.sub(r"[-_]", "", name).lower() in NAMES
    if is_secret and isinstance(child, str) and child:
        yield path
    else:
        yield from in_clear(child, path)


def _in_text(text: str, path: str) -> Iterator[str]:
    try:
        document = json.loads(text)
    except ValueError:
        document = None
    if isinstance(document, dict | list):
        yield from in_clear(document, path)
    elif MARKS.search(text) or any(MARKS.search(decoded) for decoded in _decoded(text)):
        yield path


def _decoded(text: str) -> Iterator[str]:
    for match in _BASE64.findall(text):
        try:
            yield base64.b64decode(match, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
