"""Whether anybody has signed in to Google is asked before anything is made."""

import json

import pytest

from components.cluster.credentials import google_credentials
from mizan.errors import PlatformError

KEY = json.dumps({"type": "service_account", "private_key": "secret"})


@pytest.fixture
def home(tmp_path):
    """A home without credentials, on a machine that is nobody's and has the login command."""
    (tmp_path / "product_name").write_text("Standard PC\n")
    plugin = tmp_path / "bin" / "gke-gcloud-auth-plugin"
    plugin.parent.mkdir()
    plugin.write_text("#!/bin/sh\n")
    plugin.chmod(0o755)
    return tmp_path


def found(home, **environment: str) -> str | None:
    return google_credentials({"HOME": str(home), "PATH": str(home / "bin"), **environment}, home / "product_name")


def refusal(home, **environment: str) -> str:
    with pytest.raises(PlatformError) as caught:
        found(home, **environment)
    assert "secret" not in str(caught.value)
    return str(caught.value)


def test_without_any_credentials_a_person_is_told_how_to_sign_in(home):
    assert refusal(home) == (
        "credentials for Google Cloud: none; needs those of somebody who may make clusters in the project because "
        "nothing can be planned or made there without them. Run `gcloud auth application-default login`, or let "
        "GOOGLE_APPLICATION_CREDENTIALS name the file of a service account or of workload identity federation. See "
        "docs/guide/gke.md"
    )


@pytest.mark.parametrize("variable", ["GOOGLE_CREDENTIALS", "GOOGLE_CLOUD_KEYFILE_JSON", "GCLOUD_KEYFILE_JSON"])
def test_a_key_that_the_provider_alone_reads_stands_beside_default_credentials_or_is_refused(home, variable):
    (home / "key.json").write_text(KEY)
    (home / "default.json").write_text(KEY)
    for key in (f"\n {KEY}", str(home / "key.json")):
        assert refusal(home, **{variable: key}).startswith(f"credentials for Google Cloud: {variable} alone; needs")
        both = {variable: key, "GOOGLE_APPLICATION_CREDENTIALS": str(home / "default.json")}
        assert found(home, **both) == str(home / "default.json")
    assert f"{home}/none of {variable}: No such file or directory; needs" in refusal(home, **{variable: f"{home}/none"})


def test_a_token_that_the_login_command_does_not_read_is_told_with_the_way_out(home):
    assert refusal(home, GOOGLE_OAUTH_ACCESS_TOKEN="ya29.secret") == (
        "credentials for Google Cloud: GOOGLE_OAUTH_ACCESS_TOKEN alone; needs application-default credentials because "
        "gke-gcloud-auth-plugin reads nothing else, and without it nothing comes into the cluster. Run `gcloud auth "
        "application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name the file of a service account or of "
        "workload identity federation. See docs/guide/gke.md"
    )
    assert found(home, GOOGLE_OAUTH_ACCESS_TOKEN="ya29.secret", GCE_METADATA_HOST="169.254.169.254") is None


@pytest.mark.parametrize("path", ["", "/nowhere"])
def test_without_the_login_command_a_person_is_told_how_to_install_it(home, path):
    (home / "key.json").write_text(KEY)
    assert refusal(home, GOOGLE_APPLICATION_CREDENTIALS=str(home / "key.json"), PATH=path) == (
        "command gke-gcloud-auth-plugin: not on PATH; needs Google's login command for clusters because a cluster on "
        "GKE is entered with a token that it gets; no kubeconfig holds one. Run `gcloud components install "
        "gke-gcloud-auth-plugin`, or `apt-get install google-cloud-cli-gke-gcloud-auth-plugin` where gcloud came by "
        "apt. See docs/guide/gke.md"
    )


def test_a_named_file_is_read_before_anything_is_made(home):
    (home / "key.json").write_text(KEY)
    assert found(home, GOOGLE_APPLICATION_CREDENTIALS=str(home / "key.json")) == str(home / "key.json")


@pytest.mark.parametrize(
    ("text", "observed"),
    [(None, "No such file or directory"), ("", "not JSON"), ("secret", "not JSON"), ("[]", "no credentials"),
     ('{"secret": 1}', "no credentials"), ("\xff", "not JSON")],
)  # fmt: skip
def test_a_named_file_without_credentials_is_told_with_its_variable(home, text, observed):
    if text is not None:
        (home / "key.json").write_bytes(text.encode("latin-1"))
    assert refusal(home, GOOGLE_APPLICATION_CREDENTIALS=str(home / "key.json")) == (
        f"credentials for Google Cloud, {home}/key.json of GOOGLE_APPLICATION_CREDENTIALS: {observed}; needs a file "
        "that Google has written because the provider reads it before it makes anything. Run `gcloud auth "
        "application-default login`, or let GOOGLE_APPLICATION_CREDENTIALS name the file of a service account or of "
        "workload identity federation."
    )


@pytest.mark.parametrize("path", ["~nosuchuser/key.json", "nul\0", "."])
def test_a_name_that_is_no_file_is_no_crash(home, path):
    assert "needs a file that Google has written" in refusal(home, GOOGLE_APPLICATION_CREDENTIALS=path)


def test_what_gcloud_has_written_is_found_where_gcloud_keeps_it(home):
    folder = home / ".config" / "gcloud"
    folder.mkdir(parents=True)
    (folder / "application_default_credentials.json").write_text(json.dumps({"type": "authorized_user"}))
    file = str(folder / "application_default_credentials.json")
    assert found(home) == file
    assert "none; needs" in refusal(home, CLOUDSDK_CONFIG=str(home / "elsewhere"))
    assert found(home, HOME=str(home / "nobody"), CLOUDSDK_CONFIG=str(folder)) == file


def test_a_machine_of_google_s_signs_in_by_itself(home):
    assert found(home, GCE_METADATA_HOST="169.254.169.254") is None
    (home / "product_name").write_text("Google Compute Engine\n")
    assert found(home) is None
    (home / "product_name").unlink()
    assert "none; needs" in refusal(home)


def test_an_empty_variable_is_none(home):
    empty = dict.fromkeys(["GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_APPLICATION_CREDENTIALS"], "")
    assert "none; needs" in refusal(home, **empty)
