"""Certificates: what Kubernetes and Kueue insist on, and when they are made anew."""

import ssl
import stat
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from local.control_plane import pki

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
EVERY = tuple(request.name for request in pki.REQUESTS)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pki")
    assert pki.ensure(folder, now=NOW) == EVERY
    return folder


@pytest.fixture
def folder(made, tmp_path):
    for file in made.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def load(folder, name):
    return x509.load_pem_x509_certificate(pki.certificate(folder, name).read_bytes())


def public_half(folder):
    key = serialization.load_pem_private_key(pki.private_key(folder, pki.SERVICE_ACCOUNT_KEY).read_bytes(), None)
    return key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def names(certificate):
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return {str(name.value) for name in found}


def test_nobody_else_can_read_a_key(made):
    assert {stat.S_IMODE(file.stat().st_mode) for file in made.iterdir()} == {0o600}


@pytest.mark.parametrize("request_", pki.REQUESTS, ids=EVERY)
def test_every_certificate_is_signed_by_its_authority_and_fits_its_key(made, request_):
    certificate = load(made, request_.name)
    certificate.verify_directly_issued_by(load(made, request_.authority))
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(
        pki.certificate(made, request_.name), pki.private_key(made, request_.name)
    )


def test_the_administrator_is_in_the_group_that_may_do_everything(made):
    (group,) = load(made, "admin").subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    assert group.value == "system:masters"
    assert list(load(made, "admin").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value) == [
        ExtendedKeyUsageOID.CLIENT_AUTH
    ]


def test_every_server_answers_for_this_machine(made):
    for request in pki.REQUESTS:
        if request.is_server:
            assert "127.0.0.1" in names(load(made, request.name)), request.name


def test_kueues_pair_has_the_form_that_kueue_accepts(made):
    assert names(load(made, "kueue-ca")) == {"kueue-ca"}
    assert "kueue-webhook-service.kueue-system.svc" in names(load(made, "kueue-webhook"))
    assert pki.private_key(made, "kueue-ca").read_text().startswith("-----BEGIN RSA PRIVATE KEY-----")
    rotation = timedelta(days=90)
    assert rotation < pki.RENEW_BEFORE_END, "Kueue would replace a pair that this start still finds good"


def test_good_certificates_are_left_alone(folder):
    before = {file.name: file.stat().st_mtime_ns for file in folder.iterdir()}
    assert pki.ensure(folder, now=NOW + timedelta(days=300)) == ()
    assert {file.name: file.stat().st_mtime_ns for file in folder.iterdir()} == before


def test_certificates_that_end_soon_are_renewed_while_their_authorities_stay(folder):
    token_key = pki.private_key(folder, pki.SERVICE_ACCOUNT_KEY).read_bytes()
    later = NOW + pki.CERTIFICATE_LIFE - pki.RENEW_BEFORE_END
    assert pki.ensure(folder, now=later) == tuple(name for name in EVERY if name not in {"ca", "kueue-ca"})
    assert load(folder, "admin").not_valid_after_utc == later + pki.CERTIFICATE_LIFE
    assert pki.private_key(folder, pki.SERVICE_ACCOUNT_KEY).read_bytes() == token_key, "every token would be void"


def test_an_authority_that_ends_soon_takes_all_it_signed_with_it(folder):
    later = NOW + pki.AUTHORITY_LIFE - timedelta(days=100)
    assert pki.ensure(folder, now=later) == EVERY
    assert pki.ensure(folder, now=later) == ()


def test_no_certificate_outlives_its_authority(folder):
    later = NOW + pki.AUTHORITY_LIFE - timedelta(days=200)
    pki.ensure(folder, now=later)
    assert load(folder, "admin").not_valid_after_utc == load(folder, "ca").not_valid_after_utc


@pytest.mark.parametrize("content", ["", "no key", None], ids=["empty", "garbage", "gone"])
def test_a_token_key_that_cannot_be_read_is_made_anew_with_its_public_half(folder, content):
    file = pki.private_key(folder, pki.SERVICE_ACCOUNT_KEY)
    file.unlink()
    if content is not None:
        file.write_text(content)
    assert pki.ensure(folder, now=NOW) == ()
    assert public_half(folder) == pki.public_key(folder, pki.SERVICE_ACCOUNT_KEY).read_bytes()


@pytest.mark.parametrize("content", ["", "no key", None], ids=["empty", "garbage", "gone"])
def test_a_public_half_that_is_lost_is_derived_from_its_key_which_stays(folder, content):
    file = pki.public_key(folder, pki.SERVICE_ACCOUNT_KEY)
    before = file.read_bytes()
    file.unlink()
    if content is not None:
        file.write_text(content)
    pki.ensure(folder, now=NOW)
    assert file.read_bytes() == before == public_half(folder)


@pytest.mark.parametrize("name", EVERY)
def test_a_garbage_key_beside_a_good_certificate_is_made_anew(folder, name):
    pki.private_key(folder, name).write_text("garbage")
    assert name in pki.ensure(folder, now=NOW)
    assert pki.ensure(folder, now=NOW) == ()


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: pki.certificate(folder, "admin").write_text("no certificate"),
        lambda folder: pki.private_key(folder, "admin").write_text(""),
        lambda folder: pki.private_key(folder, "admin").unlink(),
        lambda folder: pki.private_key(folder, "etcd").replace(pki.private_key(folder, "admin")),
    ],
    ids=["not a certificate", "empty key", "no key", "somebody else's key"],
)
def test_a_damaged_pair_is_made_anew(folder, damage):
    damage(folder)
    assert "admin" in pki.ensure(folder, now=NOW)
    assert pki.ensure(folder, now=NOW) == ()


def test_a_clock_set_back_before_their_beginning_renews_them(folder):
    assert pki.ensure(folder, now=NOW - timedelta(days=2)) == EVERY
