"""Where a setting stands: told where the stack's file says what was read, and nowhere else."""

import pytest

from mizan.config import ENCRYPTED, Places, places_in, places_under_pulumi

TEXT = """\
config:
  mizan:region: us-central1
  mizan:pools:
    - name: a100
      capacity: [{type: spot, maxNodes: 2}]
  mizan:commitments: [{until: 2027-06-30, usdPerHour: 5.0, nodes: 1}]
  aws:region: us-east-1
"""
SEEN = {
    "region": "us-central1",
    "pools": [{"name": "a100", "capacity": [{"type": "spot", "maxNodes": 2}]}],
    # As Pulumi hands on a day and a number without digits behind its point.
    "commitments": [{"until": "2027-06-30 00:00:00 +0000 UTC", "usdPerHour": 5, "nodes": 1}],
}


@pytest.fixture
def project(tmp_path):
    """A project's folder with files, by their paths there."""

    def write(**files: str):
        written = {"Pulumi.yaml": "name: mizan\nstackConfigDir: stacks\n"} | files
        for name, text in written.items():
            path = tmp_path / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        return tmp_path

    return write


def places(project, stack="prod", *, text=TEXT, **seen):
    root = project(**{"stacks/Pulumi.prod.yaml": text})
    return places_under_pulumi(root, stack, SEEN | seen)


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("region",), 2),
        (("pools",), 3),
        (("pools", 0, "name"), 4),
        (("pools", 0, "capacity", 0, "maxNodes"), 5),
        (("pools", 0, "gpu"), 4),
        (("commitments", 0, "until"), 6),
    ],
)
def test_under_pulumi_a_setting_has_the_line_of_the_stack_s_file(project, path, line):
    assert places(project).of(path) == f"stacks/Pulumi.prod.yaml:{line}"


def test_a_key_that_neither_has_is_looked_for_in_the_file(project):
    assert places(project).of(("cloud",)) == "stacks/Pulumi.prod.yaml"


@pytest.mark.parametrize(
    ("seen", "path"),
    [
        ({"region": "us-east1"}, ("region",)),
        ({"cloud": "local"}, ("cloud",)),
        ({"pools": [{"name": "a100", "capacity": [{"type": "spot", "maxNodes": 3}]}]}, ("pools", 0, "name")),
        ({"pools": [{"name": "a100", "capacity": [{"type": "spot", "maxNodes": 2.5}]}]}, ("pools", 0, "name")),
        ({"pools": [{"name": "a100", "capacity": []}]}, ("pools", 0, "capacity")),
        ({"pools": [{"name": "a100"}]}, ("pools", 0, "capacity")),
        ({"pools": "a100"}, ("pools",)),
        ({"commitments": [{"until": "2027-07-01", "usdPerHour": 5, "nodes": 1}]}, ("commitments", 0, "until")),
        ({"commitments": [{"until": "soon", "usdPerHour": 5, "nodes": 1}]}, ("commitments", 0, "until")),
        ({"commitments": [{"until": "2027-06-30", "usdPerHour": 5, "nodes": True}]}, ("commitments", 0, "nodes")),
    ],
)
def test_what_the_file_says_otherwise_has_no_place_there(project, seen, path):
    """It came from another file, from the command line, or the file has changed since."""
    assert places(project, **seen).of(path) is None


def test_what_only_the_file_says_has_no_place():
    assert Places().of(("region",)) is None


def test_a_key_that_was_left_out_and_that_the_file_has_has_no_place(project):
    root = project(**{"stacks/Pulumi.prod.yaml": TEXT})
    assert places_under_pulumi(root, "prod", {}).of(("region",)) is None


@pytest.mark.parametrize(
    ("written", "seen"),
    [("", ""), ('""', ""), ("~", ""), ("1", "1"), ("true", "true"), ("2027-06-30", "2027-06-30 00:00:00 +0000 UTC")],
)
def test_a_plain_setting_is_compared_as_the_text_that_pulumi_makes_of_it(project, written, seen):
    found = places(project, text=f"config:\n  mizan:region: {written}\n", region=seen)
    assert found.of(("region",)) == "stacks/Pulumi.prod.yaml:2"


def test_what_a_person_has_encrypted_has_its_line_and_is_not_compared(project):
    text = "config:\n  mizan:region: {secure: v1:abc}\n  mizan:pools: [{name: a}, {name: {secure: v1:abc}}]\n"
    found = places(project, text=text, region=ENCRYPTED, pools=ENCRYPTED)
    assert [found.of((key,)) for key in ("region", "pools")] == [f"stacks/Pulumi.prod.yaml:{line}" for line in (2, 3)]
    assert places(project, text=text).of(("region",)) is None
    assert places(project, region=ENCRYPTED).of(("region",)) is None


def test_without_a_folder_of_their_own_stacks_are_looked_for_beside_the_project(project):
    root = project(**{"Pulumi.yaml": "name: mizan\n", "Pulumi.team-prod.yaml": TEXT})
    assert places_under_pulumi(root, "team/prod", SEEN).of(("region",)) == "Pulumi.team-prod.yaml:2"


def test_a_stack_s_file_ends_like_the_project_s(project):
    root = project(**{"Pulumi.json": '{"name": "mizan"}', "Pulumi.prod.json": '{"config": {"mizan:region": "x"}}'})
    assert places_under_pulumi(root, "prod", {"region": "x"}).of(("region",)) == "Pulumi.prod.json:1"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"stacks/Pulumi.dev.yaml": TEXT},
        {"stacks/Pulumi.prod.yaml": "config: [\n"},
        {"stacks/Pulumi.prod.yaml": TEXT, "Pulumi.yaml": "[\n"},
        {"Pulumi.prod.yaml": TEXT},
    ],
)
def test_where_there_is_no_such_file_nothing_has_a_place(project, files):
    assert places_under_pulumi(project(**files), "prod", SEEN).of(("region",)) is None


def test_outside_a_project_nothing_has_a_place(tmp_path):
    assert places_under_pulumi(tmp_path / "no", "prod", SEEN).of(("region",)) is None


def test_of_a_file_that_was_read_itself_every_setting_has_its_line(tmp_path):
    file = tmp_path / "Pulumi.test.yaml"
    file.write_text(TEXT)
    assert places_in(file).of(("pools", 0, "name")) == f"{file}:4"
