"""The certificates of one control plane: made once, kept, renewed before they expire.

Two authorities: `ca` signs whatever the control plane's own processes and its administrator use; `kueue-ca` signs
Kueue's webhook alone, because Kueue owns that pair and insists on its form. A third one is there where the program
installs Kueue itself, see SERVICE_REQUESTS.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local import files
from mizan import keys

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

AUTHORITY_LIFE = timedelta(days=3650)
CERTIFICATE_LIFE = timedelta(days=730)
RENEW_BEFORE_END = timedelta(days=120)
"""Longer than the 90 days in which Kueue would replace its own pair and so part it from the files it serves.

Source: open-policy-agent/cert-controller pkg/rotator/rotator.go, defaultLookaheadInterval.
"""

KUEUE_SERVICE = "kueue-webhook-service"

_CLOCK_SKEW = timedelta(hours=1)
_KUEUE_HOST = f"{KUEUE_SERVICE}.{keys.KUEUE_NAMESPACE}.svc"
_LOCALHOST = ("localhost", "127.0.0.1")


@dataclass(frozen=True)
class Request:
    """One certificate that the control plane needs.

    Attributes:
        name: its file name in the folder of certificates, without suffix.
        authority: file name of the certificate that signs it; its own name for an authority.
        common_name: whom it names.
        organization: the Kubernetes group it gives, or None.
        hosts: host names and addresses that it answers for.
        is_server: whether it may serve.
        is_client: whether it may identify a client.
        is_rsa: an RSA key in PKCS#1 form; elliptic curves, which are made 50 times faster, otherwise.
    """

    name: str
    authority: str
    common_name: str
    organization: str | None = None
    hosts: tuple[str, ...] = ()
    is_server: bool = False
    is_client: bool = False
    is_rsa: bool = False

    @property
    def is_authority(self) -> bool:
        """Return whether this one signs others."""
        return self.name == self.authority


# etcd's gateway calls etcd with the server's own certificate, so that one is a client too. Kueue hangs for ever on an
# authority whose key is not PKCS#1 or that does not name DNS:kueue-ca.
# Source: open-policy-agent/cert-controller pkg/rotator/rotator.go, buildArtifactsFromSecret and validCACert.
REQUESTS = (
    Request("ca", "ca", keys.LOCAL_CONTEXT),
    Request("etcd", "ca", "etcd", hosts=_LOCALHOST, is_server=True, is_client=True),
    Request("etcd-client", "ca", "kube-apiserver-etcd-client", is_client=True),
    Request(
        "kube-apiserver",
        "ca",
        "kube-apiserver",
        hosts=(*_LOCALHOST, "kubernetes", "kubernetes.default", "kubernetes.default.svc", "10.96.0.1"),
        is_server=True,
    ),
    Request("controllers", "ca", "controllers", hosts=_LOCALHOST, is_server=True),
    Request("admin", "ca", "mizan-admin", organization="system:masters", is_client=True),
    Request("kueue-ca", "kueue-ca", "kueue-ca", organization="kueue", hosts=("kueue-ca",), is_rsa=True),
    Request(
        "kueue-webhook",
        "kueue-ca",
        _KUEUE_HOST,
        hosts=(_KUEUE_HOST, "127.0.0.1"),
        is_server=True,
        is_rsa=True,
    ),
)

# What the API server needs to call what is behind a Service. By `front-proxy` it proves to an API, such as Kueue's, on
# whose behalf it asks; its authority is its own, or every other client could claim the same.
# Source: https://kubernetes.io/docs/tasks/extend-kubernetes/configure-aggregation-layer/ (2026-11-23), CA reusage.
SERVICE_REQUESTS = (
    Request("service-proxy", "ca", "service-proxy", hosts=_LOCALHOST, is_server=True),
    Request("service-proxy-client", "ca", "kube-apiserver-service-proxy-client", is_client=True),
    Request("front-proxy-ca", "front-proxy-ca", "front-proxy-ca"),
    Request("front-proxy", "front-proxy-ca", "front-proxy-client", is_client=True),
)

SERVICE_ACCOUNT_KEY = "service-account"

# How a file that is missing, empty, torn or something else altogether is refused.
_UNREADABLE = (OSError, ValueError, TypeError, UnsupportedAlgorithm)


def ensure(folder: Path, *, now: datetime, requests: Sequence[Request] = REQUESTS) -> tuple[str, ...]:
    """Return the names of the certificates made or renewed; `folder` then holds every pair of `requests`.

    The key that signs service account tokens is made anew only when it cannot be read: a new one voids every token.
    """
    renewed: list[str] = []
    for request in requests:
        if not _is_good(folder, request, now):
            _issue(folder, request, now)
            renewed.append(request.name)
    _ensure_token_key(folder)
    return tuple(renewed)


def certificate(folder: Path, name: str) -> Path:
    """Return the file of certificate `name`."""
    return folder / f"{name}.crt"


def private_key(folder: Path, name: str) -> Path:
    """Return the file of the key that belongs to `name`."""
    return folder / f"{name}.key"


def public_key(folder: Path, name: str) -> Path:
    """Return the file of the public half of key `name`; only SERVICE_ACCOUNT_KEY has one."""
    return folder / f"{name}.pub"


def _ensure_token_key(folder: Path) -> None:
    """Make the key that signs service account tokens unless it can be read, and derive its public half from it."""
    try:
        key = _load_key(folder, SERVICE_ACCOUNT_KEY)
    except _UNREADABLE:
        key = ec.generate_private_key(ec.SECP256R1())
        files.write(private_key(folder, SERVICE_ACCOUNT_KEY), _key_pem(key))
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    files.write(public_key(folder, SERVICE_ACCOUNT_KEY), public)


def _is_good(folder: Path, request: Request, now: datetime) -> bool:
    """Return whether the pair can be read, fits together, is signed by today's authority and lasts long enough."""
    try:
        held, key = _load(folder, request.name)
        authority, _ = _load(folder, request.authority)
        held.verify_directly_issued_by(authority)
        is_pair = held.public_key() == key.public_key()
    except (*_UNREADABLE, InvalidSignature):
        return False
    return is_pair and held.not_valid_before_utc <= now < held.not_valid_after_utc - RENEW_BEFORE_END


def _load(folder: Path, name: str) -> tuple[x509.Certificate, Key]:
    held = x509.load_pem_x509_certificate(certificate(folder, name).read_bytes())
    return held, _load_key(folder, name)


def _load_key(folder: Path, name: str) -> Key:
    key = serialization.load_pem_private_key(private_key(folder, name).read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey):
        message = f"{name}: unexpected kind of key"
        raise TypeError(message)
    return key


def _issue(folder: Path, request: Request, now: datetime) -> None:
    key: Key
    if request.is_rsa:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    else:
        key = ec.generate_private_key(ec.SECP256R1())
    subject = _subject(request)
    end = now + (AUTHORITY_LIFE if request.is_authority else CERTIFICATE_LIFE)
    issuer, signer = subject, key
    if not request.is_authority:
        authority, signer = _load(folder, request.authority)
        issuer, end = authority.subject, min(end, authority.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(end)
    )
    builder = _with_purpose(builder, request)
    if request.hosts:
        builder = builder.add_extension(x509.SubjectAlternativeName([_host(host) for host in request.hosts]), False)
    # The key goes first: a pair torn by an interruption does not fit together and is made anew.
    files.write(private_key(folder, request.name), _key_pem(key))
    signed = builder.sign(signer, hashes.SHA256())
    files.write(certificate(folder, request.name), signed.public_bytes(serialization.Encoding.PEM))


def _subject(request: Request) -> x509.Name:
    attributes = [x509.NameAttribute(NameOID.COMMON_NAME, request.common_name)]
    if request.organization:
        attributes.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, request.organization))
    return x509.Name(attributes)


def _with_purpose(builder: x509.CertificateBuilder, request: Request) -> x509.CertificateBuilder:
    builder = builder.add_extension(x509.BasicConstraints(ca=request.is_authority, path_length=None), critical=True)
    builder = builder.add_extension(
        x509.KeyUsage(
            digital_signature=True,
            key_encipherment=True,
            key_cert_sign=request.is_authority,
            crl_sign=request.is_authority,
            content_commitment=False,
            data_encipherment=False,
            key_agreement=False,
            encipher_only=False,
            decipher_only=False,
        ),
        critical=True,
    )
    purposes = [ExtendedKeyUsageOID.SERVER_AUTH] * request.is_server + [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ] * request.is_client
    return builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False) if purposes else builder


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(IPv4Address(host))
    except ValueError:
        return x509.DNSName(host)


def _key_pem(key: Key) -> bytes:
    form = (
        serialization.PrivateFormat.TraditionalOpenSSL
        if isinstance(key, rsa.RSAPrivateKey)
        else serialization.PrivateFormat.PKCS8
    )
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
