"""Credentials of AWS are looked for where AWS's own clients look, and told of before anything is made."""

import socket

import pytest

from components.cluster.aws_credentials import check_aws
from mizan.errors import PlatformError

STATIC = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "s"}


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """An environment with the command `aws`, no credentials and no machine's role."""
    command = tmp_path / "bin" / "aws"
    command.parent.mkdir()
    command.write_text("#!/bin/sh\n")
    command.chmod(0o755)
    return {
        "PATH": str(command.parent),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "credentials"),
        "AWS_CONFIG_FILE": str(tmp_path / "config"),
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def refused(environment):
    with pytest.raises(PlatformError) as caught:
        check_aws(environment)
    return str(caught.value)


def test_without_any_a_person_is_told_how_to_get_them(machine):
    assert refused(machine) == (
        "credentials for AWS: none; needs those of somebody who may make clusters in the account because nothing can "
        "be planned or made there without them. Run `aws sso login` or `aws configure`, or set AWS_PROFILE, or "
        "AWS_ACCESS_KEY_ID with AWS_SECRET_ACCESS_KEY. See docs/guide/eks.md"
    )


@pytest.mark.parametrize(
    "found",
    [
        STATIC,
        {"AWS_WEB_IDENTITY_TOKEN_FILE": "/token", "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/ci"},
        {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2"},
        {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1"},
    ],
    ids=["keys", "token", "task", "pod"],
)
def test_each_variable_of_aws_is_enough(machine, found):
    check_aws(machine | found)
    for name in found:
        assert "needs those of somebody" in refused(machine | found | {name: ""})


@pytest.mark.parametrize(
    ("file", "text", "profile"),
    [
        ("credentials", "[default]\naws_access_key_id = A\n", None),
        ("credentials", "[dev]\naws_access_key_id = A\n", "dev"),
        ("config", "[default]\nsso_session = work\n", None),
        ("config", "[profile dev]\nrole_arn = arn\n", "dev"),
    ],
)
def test_a_profile_is_found_in_either_file(machine, tmp_path, file, text, profile):
    (tmp_path / file).write_text(text)
    check_aws(machine | ({"AWS_PROFILE": profile} if profile else {}))


@pytest.mark.parametrize(
    "text", ["[default]\nregion = us-east-1\noutput = json\n", "[other]\nrole_arn = arn\n", "no settings", "\0"]
)
def test_a_file_without_credentials_of_the_profile_is_none(machine, tmp_path, text):
    (tmp_path / "config").write_text(text)
    assert refused(machine).startswith("credentials for AWS: none")


def test_a_profile_that_is_not_there_is_named_and_no_other_credentials_take_its_place(machine, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("asked for the machine's role"))
    environment = machine | {"AWS_PROFILE": "prod", "AWS_EC2_METADATA_DISABLED": "false"}
    assert refused(environment).startswith("credentials for AWS: no profile prod; ")


@pytest.mark.parametrize("answers", [True, False])
def test_a_machine_s_role_is_asked_for_last(machine, monkeypatch, answers):
    asked = []

    class Connection:
        def close(self):
            pass

    def connect(address, timeout):
        asked.append((address, timeout))
        if not answers:
            raise TimeoutError
        return Connection()

    monkeypatch.setattr(socket, "create_connection", connect)
    environment = machine | {"AWS_EC2_METADATA_DISABLED": ""}
    if answers:
        check_aws(environment)
    else:
        refused(environment)
    assert asked == [(("169.254.169.254", 80), 1.0)]
    check_aws(environment | STATIC)
    assert len(asked) == 1


def test_without_the_command_that_gets_tokens_a_person_is_told(machine, tmp_path):
    told = refused(machine | STATIC | {"PATH": str(tmp_path)})
    assert told.startswith(
        "command aws: not on PATH; needs AWS's command line because a cluster on EKS is entered with a"
    )
