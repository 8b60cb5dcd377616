"""The stand-ins for a cloud's login command: they know one cluster, and answer as client-go reads it."""

import base64
import json
import subprocess
from datetime import UTC, datetime

import pytest

from components.cluster.aws_credentials import check_aws
from components.cluster.credentials import google_credentials
from local.control_plane import pki
from local.home import Home
from local.rehearse.stubs import Login, authority, credentials, install, login_of, sign_in, without_credentials
from mizan.config import Cloud
from mizan.errors import PlatformError
from tests.eks_stacks import an_eks_plan
from tests.gke_stacks import a_gke_plan

GET_TOKEN = ("eks", "get-token", "--cluster-name", "eks-test", "--region", "us-east-1", "--output", "json")


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    home = Home(tmp_path_factory.mktemp("rehearsal") / "my home")
    home.create()
    pki.ensure(home.pki, now=datetime.now(UTC))
    return home


def ask(stub, *arguments):
    return subprocess.run([stub, *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_each_kubeconfig_is_answered_by_the_command_that_it_names():
    version = "client.authentication.k8s.io/v1beta1"
    assert login_of(an_eks_plan()) == Login(command="aws", arguments=GET_TOKEN, api_version=version)
    assert login_of(a_gke_plan()) == Login(
        command="gke-gcloud-auth-plugin",
        arguments=("--use_application_default_credentials",),
        api_version=version,
    )


def test_the_answer_is_an_exec_credential_with_the_administrator_s_certificate(home):
    stub = install(home, login_of(an_eks_plan()))
    assert stub == home.bin / "aws"
    done = ask(stub, *GET_TOKEN)
    answer = json.loads(done.stdout)
    assert (answer["apiVersion"], answer["kind"]) == ("client.authentication.k8s.io/v1beta1", "ExecCredential")
    assert answer["status"]["clientCertificateData"] == (home.pki / "admin.crt").read_text()
    assert answer["status"]["clientKeyData"].startswith("-----BEGIN")
    assert set(answer["status"]) == {"clientCertificateData", "clientKeyData"}
    assert (home.pki / "login.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "arguments", [(), ("s3", "ls"), (*GET_TOKEN[:3], "another", *GET_TOKEN[4:]), (*GET_TOKEN, "--debug")]
)
def test_another_question_is_refused_with_what_would_be_answered(home, arguments):
    done = ask(install(home, login_of(an_eks_plan())), *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    asked, known = " ".join(arguments), " ".join(GET_TOKEN)
    told = f"aws, simulated: asked for '{asked}'; needs '{known}' because it knows one cluster alone.\n"
    assert done.stderr == told


def test_google_s_plugin_is_asked_for_default_credentials_and_refuses_everything_else(home):
    stub = install(home, login_of(a_gke_plan()))
    assert json.loads(ask(stub, "--use_application_default_credentials").stdout)["kind"] == "ExecCredential"
    assert ask(stub).returncode == 2


def test_the_program_takes_the_simulated_credentials_for_somebody_s(home):
    path = {"PATH": str(home.bin)}
    for cloud, plan in ((Cloud.GKE, a_gke_plan()), (Cloud.EKS, an_eks_plan())):
        sign_in(cloud, home)
        install(home, login_of(plan))
    file = home.state / "google-credentials.json"
    assert google_credentials(credentials(Cloud.GKE, home) | path) == str(file)
    assert set(json.loads(file.read_text()).values()) == {"authorized_user", "simulated-for-a-rehearsal"}
    check_aws(credentials(Cloud.EKS, home) | path)


def test_on_eks_nobody_signs_in_to_google(tmp_path):
    home = Home(tmp_path / "home")
    home.create()
    sign_in(Cloud.EKS, home)
    assert list(home.state.iterdir()) == []
    assert credentials(Cloud.EKS, home)["GOOGLE_APPLICATION_CREDENTIALS"] == ""


def test_nobody_s_own_credentials_come_near_a_rehearsal(home, tmp_path):
    theirs = {"GOOGLE_CREDENTIALS": "{}", "AWS_PROFILE": "prod", "AWS_SESSION_TOKEN": "theirs", "HOME": str(tmp_path)}
    hidden = without_credentials(home)
    assert {name: hidden[name] for name in theirs if name != "HOME"} == dict.fromkeys(list(theirs)[:3], "")
    with pytest.raises(PlatformError, match="credentials for Google Cloud: none"):
        google_credentials(theirs | hidden, tmp_path / "no firmware")
    with pytest.raises(PlatformError, match="credentials for AWS: none"):
        check_aws(theirs | hidden)
    assert "theirs" not in {**theirs, **credentials(Cloud.EKS, home)}.values()


def test_the_authority_that_a_cloud_hands_out_is_the_one_that_signed_the_api_server(home):
    assert base64.b64decode(authority(home)) == (home.pki / "ca.crt").read_bytes()
