"""A stack's file: every fault with its line, and every way in which a file is no stack."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mizan.config import ConfigErrors, read_stack, stack_file
from mizan.errors import PlatformError
from tests.builders import PROJECT, TODAY, a_config, shipped_stack

FAULTY = """\
# Seven mistakes.
config:
  mizan:region: us-central1
  mizan:pools:
    - name: a100
      machine: a2-highgpu-4g
      gpu: a100-40
      capacity:
        - {type: spot, maxNodes: two}
  mizan:queues:
    - name: training
      fallback: quota
      quotas:
        - {pool: a100, capacity: spot, gpus: 4}
        - {pool: h100, capacity: spot, gpus: 4}
  mizan:teams:
    - name: Team_A
      project: llm
      queues: [training]
  mizan:cloud: locl
  mizan:addon: {kueue: {install: external}}
  aws:region: is another program's business
"""

REPORT = """\
{path}: 8 faults
  line 7: mizan:pools[0].gpu: a100-40; needs a GPU of the catalogue because node labels and memory come from \
mizan/catalogue/gpus.csv. Did you mean `a100-40gb`?
  line 9: mizan:pools[0].capacity[0].maxNodes: two; needs a whole number because an unlimited GPU pool is an unlimited \
bill. Write the largest number of nodes you would pay for, 1 to 1000.
  line 15: mizan:queues[0].quotas[1].pool: h100; needs a pool of this stack because a pool that does not exist would \
leave jobs waiting for ever. Did you mean `a100`?
  line 17: mizan:teams[0].name: Team_A; needs text that matches ^[a-z]([-a-z0-9]*[a-z0-9])?$ because it becomes part \
of Kubernetes object names, which are never cut short. Use a short name such as `my-team`.
  line 17: mizan:teams[0].costCenter: nothing; needs a value because Kubernetes refuses other label values, and a bill \
without it has no owner. Use letters, digits, dashes, dots or underscores, such as `ml-research`.
  line 20: mizan:cloud: locl; needs 'local', 'existing', 'gke' or 'eks' because everything else depends on \
it. Write `local`, `existing`, `gke` or `eks`.
  line 21: mizan:addon: unknown key; needs a known key because an ignored key would be a setting that silently does \
nothing. Did you mean `addons`?
  mizan:addons: nothing; needs a value because queues need their controller. Add `kueue: {{install: helm}}`."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "Pulumi.test.yaml"


def test_every_mistake_of_a_file_is_told_at_once_with_its_line(file):
    file.write_text(FAULTY)
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    assert str(caught.value) == REPORT.format(path=file)
    assert caught.value.exit_code == 2


def test_the_shipped_stacks_are_valid():
    files = sorted((PROJECT / "stacks").glob("Pulumi.*.yaml"))
    assert files
    for path in files:
        read_stack(path, TODAY)


def test_a_file_and_plain_values_give_the_same_stack():
    assert read_stack(stack_file("local", PROJECT), TODAY) == a_config(shipped_stack("local"))


def test_a_stack_without_a_file_is_told_which_stacks_there_are(tmp_path):
    (tmp_path / "stacks").mkdir()
    for stack in ("prod", "dev"):
        (tmp_path / "stacks" / f"Pulumi.{stack}.yaml").touch()
    with pytest.raises(PlatformError) as caught:
        stack_file("staging", tmp_path)
    assert str(caught.value) == (
        f"stack staging: no file {tmp_path}/stacks/Pulumi.staging.yaml; needs one file per stack because a stack is "
        "what its file says. Choose one of: dev, prod."
    )


def test_outside_a_project_a_person_is_sent_to_it(tmp_path):
    with pytest.raises(PlatformError, match=re.escape("Choose one of: none here; go to the project folder.")):
        stack_file("local", tmp_path)


@pytest.mark.parametrize("stack", ["x" * 300, "../stacks/Pulumi.dev", "..", "a/b", "dev\0"])
def test_a_name_that_no_file_can_have_is_answered_the_same_way(tmp_path, stack):
    (tmp_path / "stacks" / "Pulumi.").mkdir(parents=True)
    (tmp_path / "stacks" / "Pulumi.dev.yaml").touch()
    (tmp_path / "stacks" / "Pulumi." / "b.yaml").touch()
    with pytest.raises(PlatformError, match=re.escape("Choose one of: dev.")) as caught:
        stack_file(stack, tmp_path)
    assert str(caught.value).startswith(f"stack {stack[:80]}")
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


def test_a_stack_named_by_its_path_is_no_stack(tmp_path):
    (tmp_path / "stacks" / "Pulumi.team").mkdir(parents=True)
    (tmp_path / "stacks" / "Pulumi.team" / "dev.yaml").touch()
    with pytest.raises(PlatformError, match=re.escape("Choose one of: none here")):
        stack_file("team/dev", tmp_path)


def test_a_project_folder_with_an_impossible_name_has_no_stacks(tmp_path):
    with pytest.raises(PlatformError, match=re.escape("Choose one of: none here")):
        stack_file("local", tmp_path / ("x" * 300))


NOT_YAML = "; needs YAML because Pulumi reads the same file. Correct "
NO_CONFIG = ": no `config` section; needs `config:` with keys such as `mizan:cloud` because Pulumi keeps settings"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", NO_CONFIG),
        ("# nothing yet\n", NO_CONFIG),
        ("config:\n", NO_CONFIG),
        ("config: [1]\n", NO_CONFIG),
        ("- config\n", NO_CONFIG),
        ("mizan:cloud: local\n", NO_CONFIG),
        ("config:\n  mizan:cloud: a: b\n", f":2: mapping values are not allowed here{NOT_YAML}this line."),
        (
            "config:\n\tmizan:cloud: x\n",
            rf":2: found character '\t' that cannot start any token{NOT_YAML}this line.",
        ),
        (
            "config:\n  mizan:cloud: local\n  mizan:cloud: existing\n",
            f":3: found duplicate key mizan:cloud{NOT_YAML}this line.",
        ),
        (
            "config:\n  mizan:cloud: local\nconfig:\n  mizan:region: us-central1\n",
            f":3: found duplicate key config{NOT_YAML}this line.",
        ),
        (
            "config:\n  mizan:pools:\n    - sharing:\n        layout: {1g.5gb: 2, 3g.20gb: 1, 1g.5gb: 1}\n",
            f":4: found duplicate key 1g.5gb{NOT_YAML}this line.",
        ),
        ("config:\n  mizan:pools: *pools\n", f":2: found undefined alias 'pools'{NOT_YAML}this line."),
        ("config: {}\n---\nconfig: {}\n", f":2: but found another document{NOT_YAML}this line."),
        (
            "config:\n  mizan:region: 2024-99-99\n",
            f":2: found 2024-99-99, which is no day: month must be in 1..12{NOT_YAML}this line.",
        ),
        (
            "config:\x07",
            (
                ': unacceptable character #x0007: special characters are not allowed in "<unicode string>", position 7'
                f"{NOT_YAML}it."
            ),
        ),
        ("config: {? [[a]] : b}", f": unhashable type: 'CommentedSeq'{NOT_YAML}it."),
        ("[" * 700, f": maximum recursion depth exceeded{NOT_YAML}it."),
    ],
)
def test_a_file_that_is_no_stack_is_refused_with_the_place(file, text, message):
    file.write_text(text)
    with pytest.raises(PlatformError) as caught:
        read_stack(file, TODAY)
    assert str(caught.value).startswith(f"{file}{message}")


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    rest = "; needs a readable stack file because a stack is what its file says. Choose a stack's YAML file, written as"
    for path, observed in (
        (binary, "not UTF-8"),
        (tmp_path, "Is a directory"),
        (tmp_path / "no", "No such file or direc"),
    ):
        with pytest.raises(PlatformError, match=re.escape(f"{path}: {observed}")) as caught:
            read_stack(path, TODAY)
        assert rest in str(caught.value)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80))
def test_no_text_makes_the_reader_fail_otherwise(tmp_path_factory, text):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    for content in (text, f"config:\n  mizan:region: {text}\n", f"config: {{mizan:pools: {text}}}"):
        path.write_text(content, encoding="utf-8")
        with pytest.raises(PlatformError):
            read_stack(path, TODAY)


def test_yaml_s_shorthands_mean_what_they_say(file):
    file.write_text(
        "config:\n  mizan:pools:\n"
        "    - &first {name: a, machine: &m a2-highgpu-4g, gpu: a100-40gb,"
        " capacity: [{type: spot, maxNodes: &m 0x2}]}\n"
        "    - <<: *first\n      name: b\n"
        "  mizan:queues: [{name: q, fallback: quota, quotas: [{pool: b, capacity: spot, gpus: 1}]}]\n"
        "  mizan:teams: [{name: t, costCenter: !!str cc, project: p, queues: [q]}]\n"
        "  mizan:cloud: local\n  mizan:region: us-central1\n  mizan:addons: {kueue: {install: external}}\n"
    )
    config = read_stack(file, TODAY)
    assert [(pool.name, pool.capacity[0].max_nodes) for pool in config.pools] == [("a", 2), ("b", 2)]
    assert type(config.pools[0].machine) is str


def test_a_boolean_with_an_anchor_is_no_number(file):
    file.write_text("config:\n  mizan:pools: [{capacity: [{type: spot, maxNodes: &yes true}]}]\n")
    with pytest.raises(
        ConfigErrors, match=re.escape("line 2: mizan:pools[0].capacity[0].maxNodes: true; needs a whole")
    ):
        read_stack(file, TODAY)


def test_a_fault_in_what_a_merge_brought_points_at_the_part_that_merged_it(file):
    file.write_text("config:\n  mizan:pools:\n    - &p\n      name: A\n    - <<: *p\n      gpu: l4\n")
    with pytest.raises(ConfigErrors, match=re.escape("line 5: mizan:pools[1].name: A; needs text")):
        read_stack(file, TODAY)


def test_a_key_that_is_missing_is_looked_for_at_the_part_it_belongs_to(file):
    file.write_text("config:\n  mizan:jobs:\n    - name: j\n")
    with pytest.raises(ConfigErrors, match=re.escape("line 3: mizan:jobs[0].team: nothing; needs a value")):
        read_stack(file, TODAY)


def test_an_encrypted_value_is_refused_wherever_it_stands_and_never_shown(file):
    file.write_text(
        "config:\n  mizan:region: {secure: v1:cipher}\n  mizan:pools:\n    - name: {secure: v1:cipher}\n"
        "      capacity: [{type: spot, maxNodes: {secure: v1:cipher}}]\n      meanUptimeHours: {secure: v1:cipher}\n"
    )
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    encrypted = [line.split("; needs")[0] for line in str(caught.value).splitlines() if "an encrypted" in line]
    assert encrypted == [
        "  line 2: mizan:region: an encrypted value",
        "  line 4: mizan:pools[0].name: an encrypted value",
        "  line 5: mizan:pools[0].capacity[0].maxNodes: an encrypted value",
        "  line 6: mizan:pools[0].meanUptimeHours: an encrypted value",
    ]
    assert "cipher" not in str(caught.value)


def test_a_key_with_nothing_after_it_is_told_with_its_line(file):
    file.write_text("config:\n  mizan:budget:\n  mizan:spot: {minSavingsPercent: }\n")
    with pytest.raises(ConfigErrors) as caught:
        read_stack(file, TODAY)
    assert str(caught.value).splitlines()[1:3] == [
        (
            "  line 2: mizan:budget: nothing; needs a value because a preview that would pass it is refused. "
            "Write `{usdPerMonth: 20000}`, or leave it out."
        ),
        (
            "  line 3: mizan:spot.minSavingsPercent: nothing; needs a value because a few per cent do not pay for "
            "interruptions. Write whole per cent, 0 to 99, or remove the key."
        ),
    ]
